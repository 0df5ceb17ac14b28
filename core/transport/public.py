"""Where links of clients may lead: public addresses, by https. Pure: nothing is resolved or opened here.

What a name looks like says nothing (`2130706433`, `0x7f.1` and names that resolve anew are all one machine),
so names are not judged; the addresses that are connected to are.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from core.domain.failure import GatewayError, Kind

from .address import DEFAULT_PORTS, Address, address_of

LONGEST: Final = 8 * 1024
"""Characters of a link."""

UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is handed out of IPv6. Outside: loopback, IPv4 in other clothes, NAT64, link-local, multicast."""

NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "2002::/16",  # 6to4: an IPv4 address inside, whichever
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # the host of a machine at Azure
    )
)
"""What `ipaddress` calls global and leads inside all the same, or nowhere."""


def is_public(address: str) -> bool:
    """Whether a numeric address, as resolvers give it, belongs to the public network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in UNICAST:
        return False
    inside = any(found.version == one.version and found in one for one in NOT_PUBLIC)
    return found.is_global and not found.is_multicast and not inside


def link_address(url: str, plain: bool) -> Address:
    """The parts of a link that may be followed; `plain` allows http, too.

    Raises GatewayError(bad_request): only https on its own port is called, without a user's name in the link.
    """
    if len(url) > LONGEST:
        raise refused(f"The link has {len(url):,} characters; at most {LONGEST:,} are followed")
    try:
        address = address_of(url)
    except ValueError as error:
        raise refused(f"That is no link that can be followed: {error}") from error
    origin = address.origin
    if origin.scheme == "http" and not plain:
        raise refused("Links are followed by https only (the setting gateway.fetch_http allows http)")
    if origin.port != DEFAULT_PORTS[origin.scheme]:
        raise refused(f"Links are followed to port {DEFAULT_PORTS[origin.scheme]} only, not {origin.port}")
    return address


def refused(why: str, code: str = "unsupported_url") -> GatewayError:
    """`bad_request` that says what to do instead."""
    return GatewayError.of(
        Kind.BAD_REQUEST, f"{why}. Send the content itself, as a data: URL or base64.", params={"code": code}
    )
