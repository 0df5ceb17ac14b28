"""The retry budget of the whole gateway: a storm of failures must not become a storm of retries."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

SHARE: Final = 0.2
"""Of the generations under way, those that may be beyond their first call at one time."""

FLOOR: Final = 3
"""Always allowed, so that a person alone never runs out of second chances."""


class RetryBudget:
    """Counts generations under way and how many of them are on a retry."""

    def __init__(self, share: float = SHARE, floor: int = FLOOR) -> None:
        self._share, self._floor = share, floor
        self.generations = 0
        self.retrying = 0

    @contextmanager
    def generation(self) -> Generator[None]:
        self.generations += 1
        try:
            yield
        finally:
            self.generations -= 1

    def spare(self) -> bool:
        return self.retrying < max(self._floor, self._share * self.generations)
