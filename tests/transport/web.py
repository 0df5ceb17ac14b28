"""A small public web for the guarded fetcher: names with addresses that exist nowhere, and one server on
loopback that every connection really goes to. Who was asked for, and connected to, is written down.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from typing import Any

from core.transport.address import Origin
from core.transport.dial import Resolved
from core.transport.fetcher import GuardedFetcher

PUBLIC = "93.184.215.14"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0" + b"x" * 60


def resolved(address: str, port: int = 443) -> Resolved:
    """An address as getaddrinfo gives it."""
    if ipaddress.ip_address(address.partition("%")[0]).version == 6:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


def response(body: bytes = PNG, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Web:
    """`names` gives the addresses of a name, one list a look; the last stays. `pages` are raw answers."""

    def __init__(self, tls: ssl.SSLContext | None = None, **names: list[list[str]]) -> None:
        self.tls = tls
        if tls is not None:
            tls.sni_callback = self._named
        self.names = {"pictures.test": [[PUBLIC]]} | names
        self.pages: dict[str, bytes] = {"/kite.png": response()}
        self.looks: list[str] = []
        self.connected: list[str] = []
        self.heads: list[str] = []
        self.sni: list[str | None] = []
        self.refuse: set[str] = set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Web:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        async with asyncio.timeout(5):  # nothing that was opened stays open
            await asyncio.gather(*self._serving)

    def fetcher(self, plain: bool = True, **more: Any) -> GuardedFetcher:
        return GuardedFetcher(lambda: plain, resolver=self.resolve, reach=self.reach, **more)

    async def resolve(self, loop: asyncio.AbstractEventLoop, origin: Origin) -> list[Resolved]:
        """Known names by the table, numbers in every spelling by the system, which asks nobody for those."""
        self.looks.append(origin.host)
        if (known := self.names.get(origin.host)) is not None:
            found = known.pop(0) if len(known) > 1 else known[0]
            return [resolved(address, origin.port) for address in found]
        numbers = socket.AI_NUMERICHOST
        return list(  # type: ignore[return-value]
            socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM, flags=numbers)
        )

    async def reach(self, loop: asyncio.AbstractEventLoop, where: Resolved) -> socket.socket:
        assert self._server is not None
        self.connected.append(str(where[4][0]))
        if where[4][0] in self.refuse:
            raise ConnectionRefusedError
        found = socket.socket()
        found.setblocking(False)
        await loop.sock_connect(found, self._server.sockets[0].getsockname())
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            page = self.pages.get(head.split(" ")[1].partition("?")[0], response(b"gone", "404 Not Found"))
            if page == b"hang":
                await reader.read()
            else:
                writer.write(page)
                await writer.drain()
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _named(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.sni.append(name)
