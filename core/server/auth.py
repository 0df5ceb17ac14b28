"""Which requests need a key, where a key may stand, and what a wrong one gets.

Keys stand in five places (Bearer or bare Authorization, x-api-key, x-goog-api-key, `?key=` for the
Gemini family, x-admin-token for the admin API); any valid one is enough. The answer to a missing, wrong,
revoked or expired key is the same 401.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from typing import Final, Protocol
from urllib.parse import parse_qs

from core.config.settings import AuthMode
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.keys import WRONG
from core.domain.ports import Clock

from .exchange import Exchange

WINDOW: Final = 60.0
MOST_FAILURES: Final = 10
MOST_SOURCES: Final = 4096
MOST_PRESENTED: Final = 8
"""Keys of one request that are looked at: more are guesses."""

MISSING: Final = Failure(
    Kind.UNAUTHENTICATED,
    "Incorrect API key provided: none was sent. `agtui keys show` prints the key of this gateway; "
    "send it as a Bearer token in the header Authorization.",
)


class Keys(Protocol):
    """Knows the keys of our own door."""

    def matches(self, presented: str) -> str | None:
        """The name of the key that was presented, or None; takes as long for either."""
        ...


class Throttle:
    """Counts wrong keys by source: ten in a minute make the eleventh wait. Valid keys never do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, source: str) -> float:
        """Note a wrong key; seconds that its source has to wait, 0 if it may try on."""
        now = self._clock.monotonic()
        times = self._failures.setdefault(source, deque(maxlen=MOST_FAILURES))
        self._failures.move_to_end(source)
        if len(self._failures) > MOST_SOURCES:
            self._failures.popitem(last=False)
        if len(times) == MOST_FAILURES and now - times[0] < WINDOW:
            return WINDOW - (now - times[0])
        times.append(now)
        return 0.0


def presented(exchange: Exchange, family: str) -> list[str]:
    """Every key that a request carries, in whichever place its family allows."""
    found = [value.strip() for value in exchange.all_headers(b"x-api-key")]
    found += [value.strip() for value in exchange.all_headers(b"x-goog-api-key")]
    for value in exchange.all_headers(b"authorization"):
        scheme, _, rest = value.strip().partition(" ")
        found.append(rest.strip() if scheme.lower() == "bearer" and rest else value.strip())
    if family == "admin":
        found += [value.strip() for value in exchange.all_headers(b"x-admin-token")]
    if family == "gemini" and b"key=" in exchange.query:
        found += parse_qs(exchange.query.decode("latin-1")).get("key", [])
    return [key for key in found if key and key.lower() != "bearer"][:MOST_PRESENTED]


class Gate:
    """Lets requests in. `name` of the key that opened is for logs and limits; empty: none was needed."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._throttle = Throttle(clock)

    def check(self, exchange: Exchange, family: str, mode: AuthMode, *, health: bool = False) -> str:
        """The name of the key that a request came with. Raises GatewayError 401 or 429.

        `off` counts for peers on this machine only: a setting must not open the door to a network, nor to
        whoever a proxy on this machine passes on.
        """
        keys = presented(exchange, family)
        for key in keys:
            if name := self._keys.matches(key):
                return name
        here = is_local(exchange.peer) and not exchange.forwarded
        if (mode == "off" and here) or (health and mode != "strict"):
            return ""
        if not keys:
            raise GatewayError(MISSING)
        if wait := self._throttle.failed(exchange.peer):
            raise GatewayError(
                Failure(
                    Kind.RATE,
                    "Too many wrong keys from this address. A right one works at once.",
                    retry_after=wait,
                )
            )
        raise GatewayError(WRONG)


def is_local(peer: str) -> bool:
    """Whether a peer is on this machine; a Unix socket has no address."""
    if not peer:
        return True
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
