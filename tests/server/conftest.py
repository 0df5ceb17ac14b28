"""A gateway over scripted providers, on a real socket of loopback."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.config.settings import LibrarySettings, ServerSettings
from core.gateway.client_keys import ClientKeys
from core.gateway.generation import GenerationService
from core.gateway.limits import Limits
from core.server.app import Gateway, build_app
from core.server.serve import Listener
from core.studio.jobs import StudioService
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, FakeShelf, Ids

KEY = "sk-agtui-the-right-one"


class FakeKeys:
    """The local key, and those that clients have of their own."""

    def __init__(self, clients: ClientKeys | None = None) -> None:
        self._clients = clients

    def matches(self, presented: str) -> str | None:
        if presented == KEY:
            return "local"
        digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
        return self._clients.find(presented, digest) if self._clients else None


class World:
    """One running gateway with everything behind it within reach."""

    def __init__(
        self,
        provider: FakeProvider,
        pool: FakePool | None,
        settings: ServerSettings,
        home: Path,
        clock: FakeClock,
    ) -> None:
        self.clock = clock
        self.provider, self.pool = provider, pool or FakePool()
        self.recorder, self.events, self.shelf = FakeRecorder(), FakeEvents(), FakeShelf()
        self.keys = ClientKeys(home / "keys.json", self.clock)
        self.limits = Limits(self.keys, self.recorder, self.clock, self._used_since)
        self.generation = GenerationService(
            self.pool,
            {"fake": provider},
            self.limits,
            self.events,
            self.clock,
            shelf=self.shelf,
            limits=self.limits,
        )
        self.library = LibrarySettings()
        self.studio = StudioService(
            self.generation, self.shelf, self.events, self.clock, Ids("job"), library=lambda: self.library
        )
        self.settings = settings
        self.app: Gateway = build_app(
            self.generation,
            self.studio,
            FakeKeys(self.keys),
            self.clock,
            lambda: self.settings,
            self.limits.standing,
        )
        self.listener: Listener
        self.client: httpx.AsyncClient

    async def _used_since(self, since: float) -> dict[str, int]:
        return {}

    @property
    def url(self) -> str:
        return self.listener.url


Start = Callable[..., Awaitable[World]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """`world = await start(FakeProvider(...))`; keyword arguments are server settings."""
    async with AsyncExitStack() as stack:

        async def begin(
            provider: FakeProvider | None = None,
            pool: FakePool | None = None,
            clock: FakeClock | None = None,
            **settings: Any,
        ) -> World:
            server = ServerSettings(**settings)
            world = World(provider or FakeProvider(), pool, server, tmp_path, clock or FakeClock())
            world.listener = await Listener.open(world.app, "127.0.0.1", 0, world.settings)
            stack.push_async_callback(world.listener.close, 0)
            world.client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=world.listener.url,
                    headers={"authorization": f"Bearer {KEY}"},
                    timeout=10,
                    trust_env=False,
                )
            )
            return world

        yield begin


@pytest.fixture
def golden() -> Callable[[str], str]:
    folder = Path(__file__).parent / "golden"
    return lambda name: (folder / name).read_text()
