"""Who may speak to a server on this machine at all: the Host that is named and the Origin that asks.

Keys are `auth`'s business. Both checks work on what was sent, never on a URL put together from it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Final

from core.domain.failure import Failure, GatewayError, Kind

from .exchange import Exchange

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What nearly every client says; other addresses are parsed, which takes as long as all other checks."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


def _refuse(kind: Kind, message: str, status: int) -> GatewayError:
    return GatewayError(Failure(kind, message, params={"status": str(status)}))


def check(exchange: Exchange, allowed_hosts: Collection[str]) -> None:
    """Raises GatewayError 400, 421 or 403 if the request may come from somebody else's web page."""
    name = _host(exchange)
    if not _is_ours(name, exchange.local_address, allowed_hosts):
        raise _refuse(
            Kind.FORBIDDEN,
            "This server does not answer for that host name. Add it to the setting server.allowed_hosts "
            "if it is yours.",
            421,
        )
    if exchange.method not in SAFE:
        _check_origin(exchange)


def _host(exchange: Exchange) -> str:
    """The host name that the request names. Exactly one Host header, well formed."""
    hosts = exchange.all_headers(b"host")
    found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if found is None:
        raise _refuse(Kind.BAD_REQUEST, "The request needs exactly one well-formed Host header.", 400)
    return found["name"]


def _is_ours(name: str, local_address: str, allowed: Collection[str]) -> bool:
    """Loopback, the very address that the connection came in at, or a configured name.

    A name that merely resolves to this machine is not enough: any web page can have one made.
    """
    lower = name.lower()
    if lower in LOOPBACK or lower in {one.lower() for one in allowed}:
        return True
    try:
        address = ipaddress.ip_address(lower.strip("[]") if lower.startswith("[") else lower)
    except ValueError:
        return False
    if (address.version == 6) is not lower.startswith("["):
        return False
    return address.is_loopback or str(address) == local_address


def _check_origin(exchange: Exchange) -> None:
    """A browser's unsafe request has to come from this server's own pages; other programs send no origin."""
    site = exchange.header(b"sec-fetch-site")
    origins = exchange.all_headers(b"origin")
    own = f"{exchange.scheme}://{exchange.header(b'host')}".lower()
    foreign = any(origin.lower() != own for origin in origins)
    if foreign or (site and site not in ("same-origin", "none")):
        raise _refuse(Kind.FORBIDDEN, "Requests from web pages of other origins are refused.", 403)


def check_json(exchange: Exchange) -> None:
    """415 for a body that does not say it is JSON, or that is compressed."""
    kind = exchange.header(b"content-type")
    if kind and not _JSON.fullmatch(kind.strip()):
        raise _refuse(Kind.BAD_REQUEST, "Send the body as JSON with `Content-Type: application/json`.", 415)
    coding = exchange.header(b"content-encoding").strip().lower()
    if coding not in ("", "identity"):
        raise _refuse(Kind.BAD_REQUEST, f"A body compressed with {coding!r:.20} is not read.", 415)
