"""Opening a connection: names to addresses in the order given, TCP keep-alive, TLS.

Certificates are verified against the system's authorities and Mozilla's; HTTP/1.1 is all that is offered.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import Final, TypeVar

from .address import Origin

PROBE_AFTER_S: Final = 60
"""TCP keep-alive begins after so long a silence (spec antigravity-upstream 4.3)."""

Wire = TypeVar("Wire", bound=asyncio.Protocol)


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
    connected = await _connect(loop, origin)
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


async def _connect(loop: asyncio.AbstractEventLoop, origin: Origin) -> socket.socket:
    failed: list[OSError] = []
    for family, kind, protocol, _, address in await _resolve(loop, origin):
        try:
            found = socket.socket(family, kind, protocol)
        except OSError as error:  # an address family that this machine lacks
            failed.append(error)
            continue
        try:
            found.setblocking(False)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_KEEPIDLE"):
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(found, address)
        except OSError as error:
            found.close()
            failed.append(error)
        except BaseException:
            found.close()
            raise
        else:
            return found
    raise failed[0] if len(failed) == 1 else ExceptionGroup("no address answers", failed)


async def _resolve(
    loop: asyncio.AbstractEventLoop, origin: Origin
) -> list[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]]:
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
