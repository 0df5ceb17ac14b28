"""The retry budget of the whole gateway: a storm of failures must not become a storm of retries.

Two limits, as Envoy and the AWS clients have them: how many generations may be on a retry at one time, and
a purse that all retries are paid from. The first bounds a sudden outage, the second one that goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from core.domain.ports import Clock

SHARE: Final = 0.2
"""Of the generations under way, those that may be beyond their first call at one time."""

FLOOR: Final = 3
"""Always allowed, so that a person alone never runs out of second chances."""

PURSE: Final = 40.0
"""Retries that may be made in a row while nothing works."""

EARNED: Final = 0.15
"""What each generation adds to the purse: in the long run, 100 requests are 115 calls."""

EARNED_PER_S: Final = 0.1
"""What time adds: somebody who asks once in 20 s may always try again, and again."""


class RetryBudget:
    """Counts generations under way and how many of them are on a retry; pays for retries, and takes back
    what those cost that led to an answer."""

    def __init__(self, clock: Clock, share: float = SHARE, floor: int = FLOOR, purse: float = PURSE) -> None:
        self._clock = clock
        self._share, self._floor = share, floor
        self._most = self._purse = purse
        self._counted = clock.monotonic()
        self.generations = 0
        self.retrying = 0

    @contextmanager
    def generation(self) -> Generator[None]:
        self.generations += 1
        self.earn(EARNED)
        try:
            yield
        finally:
            self.generations -= 1

    def spare(self) -> bool:
        """Whether one more generation may begin to retry."""
        return self.retrying < max(self._floor, self._share * self.generations)

    def affords(self) -> bool:
        """Whether one more retry can be paid."""
        at = self._clock.monotonic()
        self.earn((at - self._counted) * EARNED_PER_S)
        self._counted = at
        return self._purse >= 1

    def pay(self) -> None:
        self._purse -= 1

    def earn(self, worth: float) -> None:
        self._purse = min(self._most, self._purse + worth)
