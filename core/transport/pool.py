"""The transport of the hot path: kept HTTP/1.1 connections on asyncio and httptools.

A read of the socket is a read of the answer, and closing early closes the connection. No redirects, no
cookies, no proxies (route.py gives those calls to httpx), no HTTP/2, and no retries but one: a request that
went onto a kept connection which was dead already goes out once more, over one that is opened for it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Final

from core.domain.failure import GatewayError
from core.domain.ports import Call

from . import troubles
from .address import Address, Origin, address_of, request_head
from .connection import Connection
from .dial import dial, tls_context
from .reply import PoolReply

log = logging.getLogger("agtui.transport")

IDLE_S: Final = 90.0
"""How long a connection waits for its next request (spec antigravity-upstream 4.3)."""

AGE_S: Final = 600.0
"""After so long a connection gets no more requests, so that a changed name is noticed."""

IDLE_PER_KEY: Final = 100
IDLE_IN_ALL: Final = 512
"""Connections that wait, for one account at one origin and together."""

MOST_BODY: Final = 1024 * 1024 * 1024
"""The largest body of a stream: a video in base64 and then some."""

MOST_ADDRESSES: Final = 512
"""URLs whose parts are remembered."""

CLOSING_S: Final = 1.0

Key = tuple[str, Origin]


class PoolTransport:
    """Transport (domain/ports.py). Connections are kept by the call's pool and the origin."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, idle_s: float = IDLE_S, age_s: float = AGE_S
    ) -> None:
        """Opens nothing. `tls` replaces the context that trusts the usual authorities."""
        self._tls = tls
        self._idle_s = idle_s
        self._age_s = age_s
        self._making_tls = asyncio.Lock()
        self._addresses: dict[str, Address] = {}
        self._keys: dict[Connection, Key] = {}
        self._idle: dict[Key, list[Connection]] = {}
        self._waiting = 0
        self._closed = False
        self._empty: asyncio.Future[None] | None = None

    @property
    def open(self) -> int:
        """Connections that are open, busy or idle."""
        return len(self._keys)

    @property
    def idle(self) -> int:
        return self._waiting

    async def send(self, call: Call) -> PoolReply:
        """Send and wait for the head. The body is not encoded unless the call asks for it."""
        return await self._send(call, "identity", MOST_BODY)

    async def read(self, call: Call, limit: int = 64 * 1024 * 1024) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read the whole body, at most `limit` bytes after decoding."""
        reply = await self._send(call, "gzip", limit)
        try:
            said = reply.headers.get("content-length", "")
            if said.isdecimal() and int(said) > limit:
                raise troubles.too_large(call.url, limit)
            total = 0
            reads: list[bytes] = []
            async for read in reply.reads():
                total += len(read)
                if total > limit:
                    raise troubles.too_large(call.url, limit)
                reads.append(read)
            return reply.status, reply.headers, reads[0] if len(reads) == 1 else b"".join(reads)
        finally:
            await reply.aclose()

    async def aclose(self) -> None:
        """Close every connection. Calls that come later are refused."""
        self._closed = True
        for connection in list(self._keys):
            connection.shut()
        if self._keys:
            self._empty = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._empty,), timeout=CLOSING_S)

    # --- one call -------------------------------------------------------------------------------

    async def _send(self, call: Call, encoding: str, limit: int) -> PoolReply:
        address = self._addresses.get(call.url) or self._read_address(call.url)
        try:
            head = request_head(call.method, address, call.headers, encoding, len(call.body))
        except ValueError as error:
            raise troubles.bad_header(call.url, error) from error
        loop = asyncio.get_running_loop()
        total = call.timeouts.total
        ends_at = None if total is None else loop.time() + total
        key = (call.pool, address.origin)
        connection = self._take(key)
        if connection is not None and not call.repeatable:
            # Nobody knows whether a kept connection is alive. The one that is opened instead takes its place.
            connection.close()
            connection = None
        while True:
            kept = connection is not None
            if connection is None:
                connection = await self._open(loop, key, call)
            reply = PoolReply(connection, loop, call.url, call.timeouts, ends_at, limit)
            connection.ask(head, call.body, reply, call.method == "HEAD")
            try:
                await reply.head()
            except GatewayError:
                # An upstream that closes an idle connection has not read the request. Only a kept one can be
                # stale, so the second time is the last.
                if not kept or not reply.stale or self._closed:
                    raise
                log.debug("a kept connection to %s was dead; the request is sent again", address.host_header)
                connection = None
            else:
                return reply

    def _read_address(self, url: str) -> Address:
        try:
            address = address_of(url)
        except ValueError as error:
            raise troubles.bad_address(url, error) from error
        if len(self._addresses) >= MOST_ADDRESSES:
            self._addresses.clear()
        self._addresses[url] = address
        return address

    async def _open(self, loop: asyncio.AbstractEventLoop, key: Key, call: Call) -> Connection:
        if self._closed:
            raise troubles.closing(call.url)
        origin, limits = key[1], call.timeouts
        connection = Connection(loop, self._park, self._forget)
        seconds = limits.connect if limits.total is None else min(limits.connect, limits.total)
        try:
            async with asyncio.timeout(seconds):
                context = await self._context() if origin.scheme == "https" else None
                await dial(loop, origin, connection, context)
        except TimeoutError as error:
            raise troubles.connect_too_slow(call.url, limits.connect) from error
        except UnicodeError as error:
            raise troubles.bad_address(call.url, error) from error
        except (OSError, ExceptionGroup) as error:
            raise troubles.unreachable(call.url, error) from error
        if self._closed:
            connection.abort()
            raise troubles.closing(call.url)
        if not connection.usable:
            raise troubles.unreachable(call.url, ConnectionResetError("closed as soon as it was open"))
        self._keys[connection] = key
        return connection

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            async with self._making_tls:
                self._tls = self._tls or await asyncio.to_thread(tls_context)
        return self._tls

    # --- keeping --------------------------------------------------------------------------------

    def _take(self, key: Key) -> Connection | None:
        """The connection that was used last: the others grow old and close."""
        stack = self._idle.get(key)
        while stack:
            connection = stack.pop()
            self._waiting -= 1
            if connection.usable:
                return connection
        return None

    def _park(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        key = self._keys.get(connection)
        if key is None or now - connection.born > self._age_s or self._waiting >= IDLE_IN_ALL:
            connection.close()
            return
        stack = self._idle.setdefault(key, [])
        if len(stack) >= IDLE_PER_KEY:
            connection.close()
            return
        stack.append(connection)
        self._waiting += 1
        connection.watch(now + self._idle_s)

    def _forget(self, connection: Connection) -> None:
        key = self._keys.pop(connection, None)
        if key is not None and (stack := self._idle.get(key)) is not None:
            if connection in stack:
                stack.remove(connection)
                self._waiting -= 1
            if not stack:
                del self._idle[key]
        if not self._keys and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)
