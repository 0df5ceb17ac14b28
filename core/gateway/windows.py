"""Two counters with an end: requests of the last minute, tokens of a day. Pure; who asks tells the time.

A minute is any 60 seconds of a monotonic clock. A day is one of UTC, of the wall clock: it is the same
after a restart, and a machine that slept through midnight wakes in a new one.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from core.domain.keys import Allowance

MINUTE: Final = 60.0
DAY: Final = 86_400.0


class Minute:
    """Requests of the last 60 seconds. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._last = ""

    def begin(self, request: str, limit: int, now: float) -> float:
        """Count `request` if fewer than `limit` have begun; else seconds until it may. Refusals don't count.

        The further generations of a request begin right after its first and come with the same name: they
        count once.
        """
        self._drop(now)
        if self._times and request == self._last:
            return 0.0
        if len(self._times) >= limit:
            return self._times[len(self._times) - limit] + MINUTE - now
        self._times.append(now)
        self._last = request
        return 0.0

    def allowance(self, limit: int, now: float) -> Allowance:
        self._drop(now)
        reset = self._times[-1] + MINUTE - now if self._times else 0.0
        return Allowance(limit, len(self._times), reset)

    def _drop(self, now: float) -> None:
        while self._times and now - self._times[0] >= MINUTE:
            self._times.popleft()


class Day:
    """Tokens of one day. `now` is unix seconds."""

    def __init__(self, used: int, now: float) -> None:
        self._used, self._day = used, int(now // DAY)

    def add(self, tokens: int, now: float) -> None:
        self._turn(now)
        self._used += tokens

    def wait(self, limit: int, now: float) -> float:
        """Seconds until something of `limit` is left; 0: something is."""
        self._turn(now)
        return until_midnight(now) if self._used >= limit else 0.0

    def allowance(self, limit: int, now: float) -> Allowance:
        self._turn(now)
        return Allowance(limit, self._used, until_midnight(now) if self._used else 0.0)

    def _turn(self, now: float) -> None:
        day = int(now // DAY)
        # A clock that is set back over midnight does not give the day once more. One that was days ahead
        # was wrong, and nobody is kept out until then.
        if day > self._day or day < self._day - 1:
            self._day, self._used = day, 0


def until_midnight(now: float) -> float:
    """Seconds until the next day of UTC."""
    return DAY - now % DAY


def midnight(now: float) -> float:
    """When the day of UTC began, unix seconds."""
    return now - now % DAY
