"""The address that a browser comes back to after a sign-in: a tiny HTTP server on loopback.

It is open for one sign-in and answers one path; whether a query is good, the sign-in decides. No
framework: one GET without a body needs none, and nothing here stays once the code has come.
"""

from __future__ import annotations

import asyncio
import errno
import html
import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Callback, Landing

log = logging.getLogger("agtui.server")

HEAD_LIMIT: Final = 16 * 1024
HEAD_S: Final = 10.0
"""Browsers open connections in advance and say nothing on them."""
LAST_WORDS_S: Final = 1.0
BACKLOG: Final = 16
TRIES: Final = 20
"""Free ports that are tried until one is free in both address families."""

TAKEN: Final = (errno.EADDRINUSE, errno.EACCES)
NO_IPV6: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
NOT_FOUND: Final = Landing(404, "Not here", "There is nothing at this address.")
NOT_THIS_WAY: Final = Landing(405, "Not this way", "This address is for browsers that come back.")
UNREADABLE: Final = Landing(400, "Unreadable", "That request can't be read.")

PAGE: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} - agtui</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:28em;margin:5em auto;padding:0 1em}}</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
HEADERS: Final = (
    "Content-Type: text/html; charset=utf-8",
    "Cache-Control: no-store",
    # The address holds the code: it must not travel on, and nothing may be loaded from it.
    "Referrer-Policy: no-referrer",
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options: nosniff",
    "Connection: close",
)

Landed = Callable[[Mapping[str, str]], Landing]


class CallbackListener:
    """Listens on 127.0.0.1 and, where there is IPv6, on ::1 with the same port. Close it once done."""

    def __init__(self, path: str, landed: Landed, sockets: list[socket.socket]) -> None:
        """Use `open_callback`."""
        self._path = path
        self._landed = landed
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._answering = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.port: int = sockets[0].getsockname()[1]

    async def start(self) -> None:
        try:
            for sock in self._sockets:
                self._servers.append(await asyncio.start_server(self._connected, sock=sock, limit=HEAD_LIMIT))
        except BaseException:
            for sock in self._sockets:
                sock.close()
            raise

    async def aclose(self) -> None:
        """Take no more browsers; an answer that is being written is finished."""
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)  # uvloop lets go of a port in its next turn
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._quiet.wait()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._disconnected)

    def _disconnected(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("answering a browser failed", exc_info=error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            writer.transport.abort()
            return
        except asyncio.LimitOverrunError:
            head = b""
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        self._answering += 1
        self._quiet.clear()
        try:
            method, landing = self._answer(head)
            writer.write(_response(landing, body=method != "HEAD"))
            async with asyncio.timeout(LAST_WORDS_S):
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (ConnectionError, TimeoutError):
            writer.transport.abort()
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()

    def _answer(self, head: bytes) -> tuple[str, Landing]:
        """The method of a request, and what it is told."""
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return "", UNREADABLE
        method, target, _ = words
        try:
            parts = urlsplit(target)
        except ValueError:
            return method, UNREADABLE
        if parts.path != self._path:
            return method, NOT_FOUND
        if method != "GET":
            # A HEAD is somebody's look ahead at a link: it must not use up the code.
            return method, NOT_THIS_WAY
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return method, self._landed(query)


async def open_callback(where: Callback, landed: Landed) -> CallbackListener:
    """Listen on the first port of `where` that is free, else on any free one.

    Raises GatewayError `unavailable` when loopback takes no listener at all.
    """
    listener = CallbackListener(where.path, landed, _sockets(where.ports))
    await listener.start()
    return listener


def _sockets(ports: tuple[int, ...]) -> list[socket.socket]:
    trouble: OSError | None = None
    for port in (*ports, *[0] * TRIES):
        try:
            return _pair(port)
        except OSError as error:
            trouble = error
            if error.errno not in TAKEN:
                break
    reason = os.strerror(trouble.errno or 0) if trouble is not None else "no port was named"
    raise GatewayError.of(
        Kind.UNAVAILABLE,
        f"No port of this machine could be opened for the browser to come back to: {reason}.",
        cause=Cause.CONFIG,
    )


def _pair(port: int) -> list[socket.socket]:
    """Both address families on one port. A port that is taken in one of them is taken: browsers may ask
    there first, and somebody else would get the code."""
    first = _bound(socket.AF_INET, "127.0.0.1", port)
    try:
        second = _bound(socket.AF_INET6, "::1", first.getsockname()[1])
    except OSError as error:
        if error.errno in NO_IPV6:
            return [first]
        first.close()
        raise
    return [first, second]


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Elsewhere this would let another process share the port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _response(landing: Landing, body: bool) -> bytes:
    page = PAGE.format(title=html.escape(landing.title), text=html.escape(landing.text)).encode()
    head = [
        f"HTTP/1.1 {landing.status} {HTTPStatus(landing.status).phrase}",
        *HEADERS,
        f"Content-Length: {len(page)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + (page if body else b"")
