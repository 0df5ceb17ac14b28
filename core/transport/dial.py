"""Opening a connection: from a name to the first of its addresses that answers, TCP keep-alive, TLS.

Certificates are verified against the system's authorities and Mozilla's; HTTP/1.1 is all that is offered.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import zip_longest
from typing import Final, TypeVar

from .address import Origin

PROBE_AFTER_S: Final = 60
"""TCP keep-alive begins after so long a silence (spec antigravity-upstream 4.3)."""

HEAD_START_S: Final = 0.25
"""How long an address may stay silent before the next one is tried beside it (RFC 8305 5)."""

Resolved = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
"""An address as getaddrinfo gives it: family, type, protocol, canonical name, address."""

Wire = TypeVar("Wire", bound=asyncio.Protocol)
Resolve = Callable[[asyncio.AbstractEventLoop, Origin], Awaitable[list[Resolved]]]
Reach = Callable[[asyncio.AbstractEventLoop, Resolved], Awaitable[socket.socket]]


def tls_context() -> ssl.SSLContext:
    """Reads certificate files: call it off the loop. SSL_CERT_FILE and SSL_CERT_DIR stand alone if set."""
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(
    loop: asyncio.AbstractEventLoop, origin: Origin, wire: Wire, context: ssl.SSLContext | None
) -> Wire:
    """Connect `wire` to `origin`, through TLS if there is a context.

    Raises OSError, UnicodeError for a name that is none, or a group of OSErrors, one an address.
    """
    return await over(loop, await connect(loop, await resolve(loop, origin)), origin, wire, context)


async def over(
    loop: asyncio.AbstractEventLoop,
    connected: socket.socket,
    origin: Origin,
    wire: Wire,
    context: ssl.SSLContext | None,
) -> Wire:
    """Let `wire` speak to `origin` over a connected socket, which is closed if that fails."""
    try:
        await loop.create_connection(
            lambda: wire,
            sock=connected,
            ssl=context,
            server_hostname=origin.host if context is not None else None,
        )
    except BaseException:
        connected.close()
        raise
    return wire


async def connect(
    loop: asyncio.AbstractEventLoop, resolved: Iterable[Resolved], reach: Reach | None = None
) -> socket.socket:
    """The first address that answers wins: each gets a head start before the next one is tried, too.

    `reach` connects to one of them. Raises OSError, or a group of OSErrors, one an address.
    """
    reach = reach or reach_one
    addresses = alternating(resolved)
    failed: list[OSError] = []
    trying: set[asyncio.Future[socket.socket]] = set()
    try:
        while addresses or trying:
            if addresses:
                trying.add(asyncio.ensure_future(reach(loop, addresses.popleft()), loop=loop))
            over, _ = await asyncio.wait(
                trying,
                timeout=HEAD_START_S if addresses else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for one in over:
                trying.discard(one)
                try:
                    return one.result()
                except OSError as error:
                    failed.append(error)
    finally:
        for one in trying:
            one.cancel()
            one.add_done_callback(_discard)
    raise failed[0] if len(failed) == 1 else ExceptionGroup("no address answers", failed)


def alternating(addresses: Iterable[Resolved]) -> deque[Resolved]:
    """The same addresses with the families in turn, so that a dead one costs a head start, not many."""
    families: dict[int, list[Resolved]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    rounds = zip_longest(*families.values())
    return deque(address for together in rounds for address in together if address is not None)


async def reach_one(loop: asyncio.AbstractEventLoop, resolved: Resolved) -> socket.socket:
    family, kind, protocol, _, address = resolved
    found = socket.socket(family, kind, protocol)  # OSError: a family that this machine lacks
    try:
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(found, address)
    except BaseException:
        found.close()
        raise
    return found


def _discard(task: asyncio.Future[socket.socket]) -> None:
    """Close what a loser of the race has connected after all."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def resolve(loop: asyncio.AbstractEventLoop, origin: Origin) -> list[Resolved]:
    """Numbers at once, names in the loop's own thread."""
    try:
        found = socket.getaddrinfo(
            origin.host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return found  # pyright: ignore[reportReturnType]
