"""From a URL to where to connect and what to ask for. Pure: nothing is resolved or opened here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from msgspec import Struct

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FRAMING: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that are the connection's business; a call's own are not sent (RFC 9110 7.6.1)."""

BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that send no Content-Length when there is no body (RFC 9110 8.6)."""

# What may stand in a request target as it is (RFC 3986), besides letters and digits.
SAFE: Final = "/:?#[]@!$&'()*+,;=%-._~"


class Origin(NamedTuple):
    """Who is asked: connections are kept by it."""

    scheme: str
    host: str
    port: int


class Address(Struct, frozen=True):
    """`host_header` names the port where it is not the scheme's own; `target` is path and query."""

    origin: Origin
    host_header: str
    target: str


def address_of(url: str) -> Address:
    """Raises ValueError, without the query in its words, if `url` can't be called."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise ValueError("the scheme is neither http nor https")
    if not parts.hostname:
        raise ValueError("the address names no host")
    if parts.username is not None:
        raise ValueError("the address holds a user name")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode("ascii")
    if any(letter <= " " or letter == "\x7f" for letter in host):
        raise ValueError("the host name holds a blank")
    port = DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    named = f"[{host}]" if ":" in host else host
    if port != DEFAULT_PORTS[scheme]:
        named = f"{named}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(Origin(scheme, host, port), named, quote(target, safe=SAFE))


def request_head(
    method: str, address: Address, headers: Sequence[tuple[str, str]], encoding: str, length: int
) -> bytes:
    """The request up to its body. `encoding` is what the answer may be encoded with.

    Host and Accept-Encoding of the call win over ours. Raises ValueError (UnicodeError included) for a
    header that can't be sent as one.
    """
    lines = [f"{method} {address.target} HTTP/1.1"]
    own_host = own_encoding = False
    for name, value in headers:
        lower = name.lower()
        if lower in FRAMING:
            continue
        own_host = own_host or lower == "host"
        own_encoding = own_encoding or lower == "accept-encoding"
        lines.append(f"{name}: {value}")
    if not own_host:
        lines.insert(1, f"Host: {address.host_header}")
    if not own_encoding:
        lines.append(f"Accept-Encoding: {encoding}")
    if length or method not in BODILESS:
        lines.append(f"Content-Length: {length}")
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise ValueError("a header holds a line break")
    return head.encode("latin-1") + b"\r\n\r\n"
