"""While nobody asks for anything, no upstream hears of us."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.accounts import Account, Device, OAuth
from core.domain.plan import RecordQuery
from core.domain.ports import Call, UpstreamReply
from core.domain.secret import Secret
from core.domain.streams import closing
from core.runtime import rooms
from core.runtime.opening import open_services
from core.storage.files import ensure_dir
from core.transport import troubles

WATCHED_S = 1.0
ENV = {"ANTIGRAVITY_CLIENT_ID": "id-of-a-test", "ANTIGRAVITY_CLIENT_SECRET": "hush"}


class Network:
    """Where every call ends. Counts them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def send(self, call: Call) -> UpstreamReply:
        self.calls.append(call)
        raise troubles.unreachable(call.url, ConnectionRefusedError())

    async def read(self, call: Call, limit: int = 0) -> tuple[int, Mapping[str, str], bytes]:
        self.calls.append(call)
        raise troubles.unreachable(call.url, ConnectionRefusedError())

    async def aclose(self) -> None: ...


async def test_a_gateway_with_real_accounts_calls_nobody_until_somebody_asks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network()
    monkeypatch.setattr(rooms, "Transports", lambda: network)
    ensure_dir(home)
    paths = Paths.at(home)
    for name in ("ada", "alan"):
        Vault(paths.accounts_file, SystemClock()).put(
            Account(name, "antigravity", f"{name}@example.org", OAuth(Secret(f"1//{name}")), Device("d", "q"))
        )
    services = await open_services(paths, sandbox="off", serve=True, port=0, env=ENV)
    try:
        (gateway,) = (await services.owner.status()).listeners
        assert len(await services.accounts.list()) == 2
        await services.records.requests(RecordQuery())
        await services.settings.list()
        await asyncio.to_thread(httpx.get, f"{gateway.url}/healthz")
        async with (
            closing(services.events.subscribe(0)) as happenings,
            closing(services.records.tail(0)) as log,
        ):
            watching: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(anext(happenings)),
                asyncio.ensure_future(anext(log)),
            ]
            await asyncio.sleep(WATCHED_S)  # there is nothing to poll for: the silence is what is measured
            for one in watching:
                one.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        assert network.calls == []
        await services.accounts.refresh_quota()
        assert network.calls
    finally:
        await services.aclose()
