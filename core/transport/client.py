"""The transport on httpx: a client for each account. In use where a proxy stands between (route.py).

No redirects, no cookies, no headers of its own beyond what HTTP needs, and no retries but one: a request
that went onto a kept connection which was dead already goes out once more, over one that is opened for it.
Proxies of the environment are honoured except for this machine. httpx takes 150 ms to import, so it is
imported in a thread at the first call.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from core.domain.ports import Call, Timeouts

from . import troubles
from .connection import STALE_S

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("agtui.transport")

KEEP_ALIVE = 512
"""Idle connections that are kept; calls in flight are not limited here but by the pool."""

KEEP_ALIVE_S = 60.0
"""Shorter than what load balancers allow, so that a kept connection is seldom found dead."""

NO_PROXY = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class Clients(NamedTuple):
    """`trust` is the TLS context of all; `once` opens a connection for every call, `kept` uses those of one
    account (a call's `pool`) again."""

    trust: ssl.SSLContext
    once: httpx.AsyncClient
    kept: dict[str, httpx.AsyncClient]

    def keeping(self, account: str) -> httpx.AsyncClient:
        found = self.kept.get(account)
        if found is None:
            found = self.kept[account] = _make_client(self.trust, KEEP_ALIVE)
        return found


class HttpxTransport:
    """Transport (domain/ports.py) for every upstream, loopback ones included."""

    def __init__(self) -> None:
        self._clients: Clients | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def send(self, call: Call) -> HttpxReply:
        """Send and wait for the head. The body is not encoded unless the call asks for it."""
        return await self._send(call, "identity")

    async def read(self, call: Call, limit: int = 64 * 1024 * 1024) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read the whole body, at most `limit` bytes after decoding."""
        reply = await self._send(call, "gzip")
        try:
            total = 0
            reads: list[bytes] = []
            async for read in reply.reads():
                total += len(read)
                if total > limit:
                    raise troubles.too_large(call.url, limit)
                reads.append(read)
            return reply.status, reply.headers, b"".join(reads)
        finally:
            await reply.aclose()

    async def aclose(self) -> None:
        """Close every connection. Calls that come later are refused."""
        self._closed = True
        clients, self._clients = self._clients, None
        if clients is not None:
            for client in (clients.once, *clients.kept.values()):
                await client.aclose()

    async def _send(self, call: Call, encoding: str) -> HttpxReply:
        clients = self._clients or await self._open(call.url)
        import httpx

        headers = list(call.headers)
        if not any(name.lower() == "accept-encoding" for name, _ in headers):
            headers.append(("Accept-Encoding", encoding))
        limits = call.timeouts
        ends_at = None if limits.total is None else asyncio.get_running_loop().time() + limits.total
        try:
            async with asyncio.timeout(_shorter(limits.connect + limits.first_byte, limits.total)):
                response = await _exchange(clients, call, headers)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise troubles.bad_address(call.url, error) from error
        except httpx.ConnectTimeout as error:
            raise troubles.connect_too_slow(call.url, limits.connect) from error
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise troubles.unreachable(call.url, error) from error
        except httpx.TransportError as error:
            raise troubles.no_head(call.url, error) from error
        except TimeoutError as error:
            raise troubles.head_too_slow(call.url, limits.first_byte) from error
        return HttpxReply(response, call.url, limits, ends_at)

    async def _open(self, url: str) -> Clients:
        async with self._opening:
            if self._closed:
                raise troubles.closing(url)
            if self._clients is None:
                self._clients = await asyncio.to_thread(_make_clients)
            return self._clients


class HttpxReply:
    """An answer whose head has arrived (domain/ports.py UpstreamReply)."""

    def __init__(self, response: httpx.Response, url: str, limits: Timeouts, ends_at: float | None) -> None:
        self._response = response
        self._url = url
        self._limits = limits
        self._ends_at = ends_at

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def ended(self) -> bool:
        return self._response.is_closed

    async def reads(self) -> AsyncGenerator[bytes]:
        """What each socket read held, decoded if the upstream insisted on an encoding."""
        encoded = self._response.headers.get("content-encoding", "identity") != "identity"
        body = self._response.aiter_bytes() if encoded else self._response.aiter_raw()
        try:
            async with aclosing(cast("AsyncGenerator[bytes]", body)):
                while (read := await self._next(body)) is not None:
                    if read:
                        yield read
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connection: kept if the body is complete, closed at once if not."""
        await self._response.aclose()

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """One more read, or None at the end of the body."""
        import httpx

        idle, total = self._limits.idle, self._limits.total
        now = asyncio.get_running_loop().time()
        last_chance = self._ends_at is not None and self._ends_at < now + idle
        try:
            async with asyncio.timeout_at(self._ends_at if last_chance else now + idle):
                return await anext(body, None)
        except TimeoutError as error:
            if last_chance and total is not None:
                raise troubles.took_too_long(self._url, total) from error
            raise troubles.went_silent(self._url, idle) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise troubles.cut(self._url, error) from error


def _shorter(seconds: float, limit: float | None) -> float:
    return seconds if limit is None else min(seconds, limit)


async def _exchange(clients: Clients, call: Call, headers: list[tuple[str, str]]) -> httpx.Response:
    """Send and wait for the head; once more over a new connection if a kept one turns out to be dead."""
    import httpx

    loop = asyncio.get_running_loop()
    kept, asked_at = True, loop.time()
    response: httpx.Response | None = None

    async def trace(event: str, _: dict[str, Any]) -> None:
        nonlocal kept, asked_at
        kept = kept and event != "connection.connect_tcp.started"
        if event.endswith(".send_request_headers.started"):
            asked_at = loop.time()
        elif event.endswith(".response_closed.started") and response is not None and _surplus(response):
            # httpx would take what nobody asked for as the answer to the next request.
            await response.extensions["network_stream"].aclose()

    request = httpx.Request(
        call.method,
        call.url,
        headers=headers,
        content=call.body or None,
        extensions={"timeout": {"connect": call.timeouts.connect}, "trace": trace},
    )
    if not request.url.host:
        raise httpx.UnsupportedProtocol("the address names no host")
    if not call.repeatable:
        return await clients.once.send(request, stream=True)
    try:
        response = await clients.keeping(call.pool).send(request, stream=True)
        return response
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        if not kept or _heard(error) or loop.time() - asked_at > STALE_S:
            raise
    log.debug("a kept connection to %s was dead; the request is sent again", request.url.netloc.decode())
    return await clients.once.send(request, stream=True)


def _surplus(response: httpx.Response) -> bool:
    """Whether bytes came after the end of the body. The parser knows; if it can't be reached, say yes:
    a connection too few is kept then."""
    found: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return found is None or bool(found[0])


def _heard(error: httpx.TransportError) -> bool:
    """Whether bytes came that are no answer: the parser complained. (A head cut short looks like none.)"""
    below = error.__cause__
    return below is not None and type(below.__context__).__module__.startswith("h11.")


def _make_clients() -> Clients:
    import httpx

    trust = httpx.create_ssl_context()
    return Clients(trust, _make_client(trust, 0), {})


def _make_client(trust: ssl.SSLContext, keep_alive: int) -> httpx.AsyncClient:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    return httpx.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=True,
        verify=trust,
        timeout=None,
        limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=keep_alive, keepalive_expiry=KEEP_ALIVE_S
        ),
        mounts=dict.fromkeys(NO_PROXY, None),
    )
