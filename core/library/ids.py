"""Ids of works: short, sorted by time, safe as file names, and never guessed from one another.

14 characters of Crockford's base 32 in lower case: 45 bits of milliseconds (until the year 3084) and
25 random bits.
"""

from __future__ import annotations

import random
import re
from typing import Final

from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME, _RANDOM = 9, 5
_FORM: Final = re.compile(rf"[{_DIGITS}]{{{_TIME + _RANDOM}}}")
_PLAIN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class Ids:
    """Makes ids."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance

    def new(self) -> str:
        milliseconds = max(0, int(self._clock.now() * 1000)) % (1 << 5 * _TIME)
        return _base32(milliseconds, _TIME) + _base32(self._chance.getrandbits(5 * _RANDOM), _RANDOM)


def _base32(number: int, places: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(places)))


def is_id(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """Whether `text` may be an id that somebody else made, for a chat."""
    return _PLAIN.fullmatch(text) is not None


def checked(text: str, what: str) -> str:
    """`text` if it has the form of an id, so that it may become part of a path.

    Raises GatewayError(not_found): whatever has another form names nothing of ours.
    """
    if not is_plain(text):
        raise GatewayError.of(Kind.NOT_FOUND, f"There is no such {what}.")
    return text
