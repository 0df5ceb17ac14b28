"""The guarded fetcher: follows a link that a client sent, and can be led nowhere but into the public network.

The name is resolved once; every address has to be public, and a connection is made to one of those very
addresses, so that a name that changes its mind in between changes nothing. A direct connection always: a
proxy would resolve for itself. No cookies, no keys, nothing kept. Source: the security bar, T13.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

import core
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Fetched, Timeouts
from core.wire.media_kinds import ENOUGH, media_mime

from . import troubles
from .address import Address, Origin, request_head
from .connection import Connection
from .dial import Reach, Resolve, Resolved, connect, over, reach_one, resolve, tls_context
from .public import is_public, link_address, refused
from .reply import PoolReply

MOST_BYTES: Final = 20 * 1024 * 1024
TOTAL_S: Final = 15.0
"""Seconds from the first look at a link to its last byte."""

MOST_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
AT_A_TIME: Final = 8
"""Links that are followed at the same time, by all requests together: at most 160 MiB are on their way."""

LIMITS: Final = Timeouts(TOTAL_S, TOTAL_S, TOTAL_S, TOTAL_S)
HEADERS: Final = (
    ("User-Agent", f"agtui/{core.__version__}"),
    ("Accept", "image/*, audio/*, video/*, application/pdf"),
)


class GuardedFetcher:
    """LinkFetcher (domain/network.py). `plain` says whether http is allowed; the rest is for tests."""

    def __init__(
        self,
        plain: Callable[[], bool] = lambda: False,
        *,
        resolver: Resolve = resolve,
        reach: Reach = reach_one,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._plain = plain
        self._resolver, self._reach = resolver, reach
        self._tls, self._total_s = tls, total_s
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def fetch(self, url: str) -> Fetched:
        """What `url` leads to. Raises GatewayError(bad_request)."""
        address = link_address(url, self._plain())
        async with self._places:
            try:
                async with asyncio.timeout(self._total_s):
                    return await self._followed(url, address)
            except TimeoutError as error:
                raise _unreached(f"{address.origin.host} took longer than {self._total_s:g} s") from error
            except GatewayError as error:
                if error.failure.kind is Kind.BAD_REQUEST:
                    raise
                raise _unreached(error.failure.public_message.partition(". ")[0].rstrip(".")) from error

    async def _followed(self, url: str, address: Address) -> Fetched:
        addresses = await self._public(address.origin)
        for _ in range(MOST_REDIRECTS + 1):
            reply = await self._ask(url, address, addresses)
            try:
                if reply.status not in REDIRECTS:
                    return await _content(reply, address.origin.host)
                url, address = self._next(url, address, reply.headers.get("location", ""))
            finally:
                await reply.aclose()
        raise _unreached(f"{address.origin.host} redirects more than {MOST_REDIRECTS} times")

    async def _public(self, origin: Origin) -> list[Resolved]:
        """All addresses of the name; it makes no difference to who asks why there is none to connect to."""
        try:
            found = await self._resolver(asyncio.get_running_loop(), origin)
        except (OSError, UnicodeError):
            found = []
        if not found or not all(is_public(str(one[4][0])) for one in found):
            raise refused(f"{origin.host} has no public address, and links are followed to no other")
        return found

    async def _ask(self, url: str, address: Address, addresses: list[Resolved]) -> PoolReply:
        """Send the request over a connection of its own, and wait for the head of the answer."""
        loop = asyncio.get_running_loop()
        connection = Connection(loop, Connection.close, lambda _: None)
        try:
            context = await self._context() if address.origin.scheme == "https" else None
            connected = await connect(loop, addresses, self._reach)
            await over(loop, connected, address.origin, connection, context)
        except (OSError, ExceptionGroup) as error:
            raise troubles.unreachable(url, error) from error
        reply = PoolReply(connection, loop, url, LIMITS, None, MOST_BYTES + 1)
        connection.ask(request_head("GET", address, HEADERS, "identity", 0), b"", reply, False)
        await reply.head()
        return reply

    def _next(self, url: str, address: Address, location: str) -> tuple[str, Address]:
        """Where a redirect leads. Raises GatewayError(bad_request) if that is another origin."""
        where = urljoin(url, location)
        found = link_address(where, self._plain())
        if not location or found.origin != address.origin:
            raise refused(f"{address.origin.host} redirects to another place, which is not followed")
        return where, found

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(tls_context)
        return self._tls


async def _content(reply: PoolReply, host: str) -> Fetched:
    """The body, as long as it is media and not too much of it."""
    if reply.status != 200:
        raise _unreached(f"{host} answered with status {reply.status}")
    said = reply.headers.get("content-length", "")
    if said.isdecimal() and int(said) > MOST_BYTES:
        raise _too_large(host)
    content = bytearray()
    mime = ""
    async for read in reply.reads():
        content += read
        if len(content) > MOST_BYTES:
            raise _too_large(host)
        if not mime and len(content) >= ENOUGH:
            mime = _checked(bytes(content[:ENOUGH]), host)
    return Fetched(mime or _checked(bytes(content), host), bytes(content))


def _checked(beginning: bytes, host: str) -> str:
    mime = media_mime(beginning)
    if not mime:
        raise refused(
            f"What {host} answered is no picture, sound, video or PDF by its first bytes", "unsupported_media"
        )
    return mime


def _unreached(why: str) -> GatewayError:
    return refused(why, "unreachable_url")


def _too_large(host: str) -> GatewayError:
    return GatewayError.of(
        Kind.BAD_REQUEST,
        f"What {host} answered is larger than {MOST_BYTES // 1024 // 1024} MiB, the most that is fetched. "
        "Link to a smaller file.",
        params={"code": "unsupported_media"},
    )
