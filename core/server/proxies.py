"""Who really asks, and over which scheme, when a reverse proxy that is trusted stands in between.

Forwarding headers are claims: they count only as far as every hop that passed them on is trusted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

MOST_HOPS: Final = 20

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_behind(peer: str, hops: Sequence[str], trusted: Iterable[str]) -> str:
    """The address that the trusted proxies were asked from: `peer` if it is none of them.

    `hops` are the words of X-Forwarded-For, the nearest one last. A word that is no address ends the walk
    and is the answer: it belongs to nobody, least of all to this machine.
    """
    networks = _networks(trusted)
    for hop in reversed(hops[-MOST_HOPS:]):
        address = _address(peer)
        if address is None or not any(address in network for network in networks):
            return peer
        peer = _without_port(hop)
    return peer


def is_trusted(peer: str, trusted: Iterable[str]) -> bool:
    """Whether `peer` is one of the proxies, which are named by address or by network."""
    address = _address(peer)
    return address is not None and any(address in network for network in _networks(trusted))


def words(values: Iterable[str]) -> list[str]:
    """The words of a header that may stand several times, each a list separated by commas."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _networks(trusted: Iterable[str]) -> list[Network]:
    """What is neither address nor network trusts nobody."""
    found: list[Network] = []
    for text in trusted:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return found


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(hop: str) -> str:
    """`1.2.3.4:5` and `[::1]:5` without the port that some proxies add."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
