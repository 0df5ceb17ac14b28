"""Listening: an application on a port, on a socket that is already there, or on a Unix socket.

The one module that brings in uvicorn, and only when something is opened. Signals are left to the program;
nothing wakes up while nothing happens; closing lets streams finish and then gives them their ending.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from contextlib import suppress
from typing import Any, Final, Protocol, cast, runtime_checkable

from core.config.settings import ServerSettings
from core.domain.failure import Cause, GatewayError, Kind

from .asgi import App
from .holder import next_free, process_on

KEEP_ALIVE_S: Final = 75
STALLED_S: Final = 60.0
BACKLOG: Final = 2048
OWN_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
LAST_WORDS_S: Final = 1.0
"""What open answers get to send their ending once the time to drain is over."""


@runtime_checkable
class Drainable(Protocol):
    """An application that takes part in stopping."""

    def drain(self) -> None: ...

    def end_streams(self) -> None: ...


class Listener:
    """A server that is listening. `url` is what clients on this machine are told, for they can't ask
    `0.0.0.0`; for a Unix socket it is its path."""

    def __init__(self, app: App, sock: socket.socket, settings: ServerSettings, *, own: str = "") -> None:
        """Use `open`: this takes a bound socket and starts nothing."""
        self._app, self._sock, self._settings, self._path = app, sock, settings, own
        self._server: asyncio.AbstractServer | None = None
        self._state: Any = None
        self._quiet = asyncio.Event()
        self.host, self.port = _name(sock)
        named = OWN_ADDRESS.get(self.host, self.host)
        shown = f"[{named}]" if ":" in named else named
        self.url = f"http://{shown}:{self.port}" if self.port else f"unix:{self.host}"

    @classmethod
    async def open(
        cls,
        app: App,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: ServerSettings | None = None,
        sock: socket.socket | None = None,
        path: str = "",
    ) -> Listener:
        """Start to serve `app` on host and port (0: any), on `sock`, or on a Unix socket at `path` (0600).

        Raises GatewayError `unavailable` when the port is taken: the message names the process that holds
        it, `params["next_port"]` the next free one.
        """
        if sock is None:
            sock = _unix_socket(path) if path else _tcp_socket(host, port)
        listener = cls(app, sock, settings or ServerSettings(), own=path)
        await listener._start()
        return listener

    async def _start(self) -> None:
        from uvicorn.config import Config
        from uvicorn.server import ServerState

        from .protocol import GuardedProtocol

        config = Config(
            cast(Any, self._app),
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            backlog=BACKLOG,
        )
        config.load()
        state = self._state = ServerState()
        timeout = self._settings.header_timeout_s
        # A program of this user that is stopped for a while (ctrl+z) is no attacker.
        stalled = None if self._sock.family == socket.AF_UNIX else STALLED_S

        def connection() -> asyncio.Protocol:
            return GuardedProtocol(timeout, stalled, self._connection_closed, config, state, {})

        self._sock.setblocking(False)
        loop = asyncio.get_running_loop()
        if self._sock.family == socket.AF_UNIX:
            self._server = await loop.create_unix_server(connection, sock=self._sock, backlog=BACKLOG)
        else:
            self._server = await loop.create_server(connection, sock=self._sock, backlog=BACKLOG)

    @property
    def connections(self) -> int:
        return len(self._state.connections) if self._state else 0

    def _connection_closed(self) -> None:
        if not self._state.connections:
            self._quiet.set()

    async def close(self, drain: float | None = None) -> None:
        """Stop taking connections, let answers finish for `drain` seconds (default: the setting), end them.

        Returns when every connection is closed and every request's work is over. Closing twice is fine.
        """
        server, self._server = self._server, None
        if server is None:
            return
        if isinstance(self._app, Drainable):
            self._app.drain()
        server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        patience = self._settings.drain_s if drain is None else drain
        if not await self._all_closed(patience):
            if isinstance(self._app, Drainable):
                self._app.end_streams()
            if not await self._all_closed(LAST_WORDS_S):
                for connection in list(self._state.connections):
                    connection.transport.abort()
                await self._all_closed(LAST_WORDS_S)
        await self._work_over()
        if self._path:
            with suppress(OSError):
                os.unlink(self._path)

    async def _all_closed(self, seconds: float) -> bool:
        if self._state.connections and seconds > 0:
            self._quiet.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._quiet.wait()
        return not self._state.connections

    async def _work_over(self) -> None:
        """The requests' own tasks: those left behind by closed connections are cancelled."""
        tasks: set[asyncio.Task[None]] = set(self._state.tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=LAST_WORDS_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=LAST_WORDS_S)


def _name(sock: socket.socket) -> tuple[str, int]:
    address = sock.getsockname()
    if isinstance(address, tuple):
        found = cast("tuple[Any, ...]", address)
        return str(found[0]), int(found[1])
    return str(address), 0


def _tcp_socket(host: str, port: int) -> socket.socket:
    try:
        kinds = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except OSError as error:
        raise GatewayError.of(
            Kind.UNAVAILABLE, f"There is no address called {host}.", cause=Cause.CONFIG
        ) from error
    family, kind, _, _, address = kinds[0]
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _cannot_listen(host, port, error) from error
    return sock


def _cannot_listen(host: str, port: int, error: OSError) -> GatewayError:
    if error.errno != errno.EADDRINUSE:
        return GatewayError.of(
            Kind.UNAVAILABLE,
            f"Can't listen on {host} port {port}: {os.strerror(error.errno or 0)}.",
            cause=Cause.CONFIG,
        )
    who = process_on(port) or "another process"
    free = next_free(host, port)
    advice = f" Port {free} is free." if free else ""
    return GatewayError.of(
        Kind.UNAVAILABLE,
        f"Port {port} is taken by {who}.{advice}",
        cause=Cause.CONFIG,
        params={"port": str(port), "holder": who, "next_port": str(free) if free else ""},
    )


def _unix_socket(path: str) -> socket.socket:
    """A listening socket that only this user may open: its mode is set before anybody can connect."""
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        os.chmod(path, 0o600)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise GatewayError.of(
            Kind.UNAVAILABLE, f"Can't listen on {path}: {os.strerror(error.errno or 0)}.", cause=Cause.CONFIG
        ) from error
    return sock


def _remove_stale(path: str) -> None:
    """Take away the socket file of a process that is gone; one that answers stays."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except OSError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
