"""The services of the owner: rooms with doors, opened in one order and closed in the reverse one.

Doors are the owner's socket (always), the gateway's port (when it serves) and the sandbox's port on
loopback (when simulated upstreams are wanted). `runtime` decides that this process is the owner.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import core
from core.accounts.pool import SandboxMode
from core.attach.address import listening_socket
from core.attach.server import AttachServer
from core.config.load import load
from core.config.paths import Paths
from core.config.settings import ServerSettings
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Clock
from core.domain.state import Listener as OpenDoor
from core.domain.state import Status
from core.domain.streams import closing
from core.runtime.owner import Ownership
from core.runtime.rooms import SECTIONS_OF_PROVIDERS, Rooms
from core.runtime.simulated import SandboxDoor, read_script
from core.runtime.tending import tend
from core.server.app import Gateway, build_app
from core.server.replay import ReplayService
from core.server.serve import Listener

log = logging.getLogger("agtui.runtime")

TIDY_EVERY_S: Final = 86_400.0
"""Between two looks for what has grown old, while a server runs."""
LEAVE_S: Final = 1.0
"""Seconds that open streams get when the terminal program ends: the person has left."""
SETTLE_S: Final = 0.3
"""A command that is done by then never opens its socket; who wants to attach waits for it that long."""
VERIFIED_AFTER_S: Final = 60.0
"""Seconds until an account of the sandbox that wants to be verified comes back by itself."""


class OwnerService:
    """Implements `services.Owner` for this process."""

    def __init__(self, local: LocalServices, on_stop: Callable[[], None] | None) -> None:
        self._local = local
        self._on_stop = on_stop

    async def status(self) -> Status:
        rooms = self._local.rooms
        entries = rooms.pool.view().entries
        return Status(
            pid=os.getpid(),
            version=core.__version__,
            started_at=self._local.ownership.started_at,
            home=str(self._local.paths.state),
            sandbox=self._local.sandbox,
            sandbox_active=rooms.sandbox_active,
            listeners=self._local.listeners,
            accounts_ready=sum(not entry.usable and "" not in entry.resting for entry in entries),
            accounts=len(entries),
            in_flight=sum(entry.in_flight for entry in entries),
            notices=rooms.notices,
            recording=rooms.bodies.on,
        )

    async def stop(self) -> None:
        """Raises GatewayError when this process ends by itself: it runs one command."""
        if self._on_stop is None:
            raise GatewayError.of(
                Kind.UNAVAILABLE, "This agtui runs one command and ends with it; wait for that."
            )
        self._local.rooms.bus.publish("server.state", state="stopping")
        self._on_stop()


class LocalServices:
    """`core.services.Services` of the owner. `open` it once, then `aclose`."""

    attached = False

    def __init__(
        self,
        paths: Paths,
        ownership: Ownership,
        clock: Clock,
        sandbox: SandboxMode,
        flags: Mapping[str, object],
        env: Mapping[str, str],
        on_stop: Callable[[], None] | None,
        script: Path | None = None,
    ) -> None:
        """Reads the settings and the sandbox's script, and takes a port for it if it may be wanted."""
        self.paths = paths
        self.ownership = ownership
        self.sandbox: SandboxMode = sandbox
        config = load(paths.config_file, env, flags, SECTIONS_OF_PROVIDERS)
        played = read_script(script) if script is not None else None
        self._simulated = SandboxDoor(played) if sandbox != "off" else None
        facts = self._simulated.facts if self._simulated is not None else None
        self.rooms = rooms = Rooms(paths, config, env, flags, clock, sandbox, facts)
        self.chats = rooms.chats
        self.generation = rooms.generation
        self.accounts = rooms.accounts
        self.keys = rooms.keys
        self.library = rooms.library
        self.studio = rooms.studio
        self.records = rooms.records
        self.settings = rooms.settings
        self.events = rooms.events
        self.owner = OwnerService(self, on_stop)
        self._application: Gateway | None = None
        self.replays = ReplayService(rooms.bodies.find, self._app, rooms.key_ring.show)
        self._gateway: Listener | None = None
        self._socket: socket.socket | None = None
        self._attached: Listener | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> tuple[OpenDoor, ...]:
        """The doors that are open to clients."""
        found = {"gateway": self._gateway, "sandbox": self._simulated and self._simulated.listener}
        return tuple(
            OpenDoor(name, door.url, door.host, door.port) for name, door in found.items() if door is not None
        )

    # --- opening -------------------------------------------------------------------------------

    async def open(self, serve: bool) -> None:
        """Read what is on disk and open the doors; what may wait goes on in the background."""
        await self.rooms.open(self._simulated.ready_accounts if self._simulated is not None else {})
        if self._simulated is not None and self.rooms.sandbox_active:
            self._simulated.listen()
        if serve:
            await self._open_gateway()
        self._socket = listening_socket(self.paths.socket)
        self.ownership.announce(self.sandbox, self.listeners)
        if self._simulated is not None:
            self._later(self._keep_sandbox(self._simulated))
            rooms, url = self.rooms, self._simulated.url
            self._later(tend(rooms.bus, rooms.roster, rooms.accounts, url, VERIFIED_AFTER_S))
        self._later(self._open_socket(self._socket, 0.0 if serve else SETTLE_S))
        if serve:
            self._later(self._tidy())

    async def _open_gateway(self) -> None:
        settings = self._server_settings()
        if not _is_loopback(settings.host) and not self.rooms.key_ring.strong():
            raise GatewayError.of(
                Kind.FORBIDDEN,
                f"Listening on {settings.host} needs a strong key, for others can reach it. Make one with "
                "`agtui keys renew`, or listen on 127.0.0.1.",
                cause=Cause.CONFIG,
            )
        rooms = self.rooms
        self._gateway = await Listener.open(self._app(), settings.host, settings.port, settings)
        log.info("listening on %s", self._gateway.url)
        rooms.bus.publish("server.state", state="listening", url=self._gateway.url)

    def _app(self) -> Gateway:
        """The gateway's application; made when it is first wanted."""
        if self._application is None:
            rooms = self.rooms
            self._application = build_app(
                rooms.generation,
                rooms.studio,
                rooms.key_ring,
                rooms.clock,
                self._server_settings,
                rooms.limits.standing,
                rooms.bodies,
            )
        return self._application

    async def _open_socket(self, sock: socket.socket, after: float) -> None:
        await asyncio.sleep(after)
        self._attached = await Listener.open(AttachServer(self), sock=sock, settings=self._server_settings())

    async def _keep_sandbox(self, simulated: SandboxDoor) -> None:
        """Serve the simulated upstreams from the first moment that they answer for somebody."""
        async with closing(self.rooms.bus.subscribe(0)) as happenings:
            while not self.rooms.sandbox_active:
                await anext(happenings)
        await simulated.serve()
        self.rooms.bus.publish("server.state", state="sandbox", url=simulated.url)

    async def _tidy(self) -> None:
        while True:
            await self.rooms.tidy()
            await asyncio.sleep(TIDY_EVERY_S)

    def _server_settings(self) -> ServerSettings:
        return self.rooms.settings.current.section("server", ServerSettings)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the start failed", exc_info=error)

    # --- closing -------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Take no more callers, let streams end, close the rooms, give up the lock. Every caller waits
        for the same end, and a caller that is cancelled does not stop it."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self.rooms.bus.publish("server.state", state="stopping")
        async with AsyncExitStack() as undo:
            # From the last to the first, each even if one before it fails: whatever goes wrong, the next
            # owner can start.
            undo.callback(self.ownership.release)
            undo.callback(self._close_socket)
            if self._simulated is not None:
                undo.push_async_callback(self._simulated.aclose)
            undo.push_async_callback(self.rooms.aclose)
            undo.push_async_callback(self._end_background)
            drain = LEAVE_S if self.ownership.door == "terminal" else self._server_settings().drain_s
            doors = [door.close(drain) for door in (self._gateway, self._attached) if door is not None]
            await asyncio.gather(*doors)

    async def _end_background(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self.paths.socket.unlink(missing_ok=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def open_local(
    paths: Paths,
    ownership: Ownership,
    clock: Clock,
    sandbox: SandboxMode,
    serve: bool,
    flags: Mapping[str, object],
    env: Mapping[str, str],
    on_stop: Callable[[], None] | None,
    script: Path | None = None,
) -> LocalServices:
    """The services of this process, which holds `ownership`; see `runtime.open_services`."""
    local = LocalServices(paths, ownership, clock, sandbox, flags, env, on_stop, script)
    try:
        await local.open(serve)
    except BaseException:
        await local.aclose()
        raise
    return local
