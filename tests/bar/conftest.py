"""The whole program in this process, in front of an upstream that does as told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.accounts import Account, Device, OAuth
from core.domain.secret import Secret
from core.runtime.local import LocalServices
from core.runtime.opening import open_services
from core.storage.files import ensure_dir
from tests.runtime.conftest import Programs

from .upstream import Upstream


class House(Protocol):
    """Opens the program in front of an upstream, with so many accounts; `more` is its environment."""

    def __call__(self, upstream: Upstream, accounts: int = 4, **more: str) -> Awaitable[World]: ...


def keep_accounts(home: Path, count: int, token: str = "1//of-the-bar") -> None:
    """Accounts that have been signed in before."""
    paths = Paths.at(ensure_dir(home))
    vault = Vault(paths.accounts_file, SystemClock())
    for number in range(count):
        credential = OAuth(Secret(f"{token}-{number}"))
        vault.put(
            Account(f"a{number}", "antigravity", f"a{number}@bar.test", credential, Device(f"d{number}", "q"))
        )


def settings_of(address: str) -> dict[str, str]:
    """The environment of an agtui whose only upstream is at `address`."""
    return {
        "AGTUI_ANTIGRAVITY__ENDPOINTS": address,
        "AGTUI_ANTIGRAVITY__METADATA_ENDPOINTS": address,
        "AGTUI_ANTIGRAVITY__TOKEN_URL": f"{address}/token",
        "AGTUI_ANTIGRAVITY__USERINFO_URL": f"{address}/userinfo",
        "AGTUI_ANTIGRAVITY__ACKNOWLEDGED": "2026-01-01",
        "ANTIGRAVITY_CLIENT_ID": "client-of-the-bar",
        "ANTIGRAVITY_CLIENT_SECRET": "secret-of-the-bar",
    }


class World:
    def __init__(
        self, services: LocalServices, upstream: Upstream, key: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.services, self.upstream, self.key = services, upstream, key
        self.env = env or {}
        (self.port,) = [door.port for door in services.listeners if door.name == "gateway"]


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with ExitStack() as stack:
        yield Programs(tmp_path / "home", stack)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:

        async def opened(upstream: Upstream, accounts: int = 4, **more: str) -> World:
            home = tmp_path / "home"
            keep_accounts(home, accounts)
            address = await upstream.start()
            stack.push_async_callback(upstream.stop)
            env = settings_of(address) | {"AGTUI_GATEWAY__PER_ACCOUNT": "16"} | more
            services = await open_services(Paths.at(home), serve=True, port=0, env=env)
            stack.push_async_callback(services.aclose)
            assert isinstance(services, LocalServices)
            return World(services, upstream, await services.keys.show(), env)

        yield opened
