"""The machine's clock. Everything else is told the time by a `Clock` it was given."""

from __future__ import annotations

import time
from typing import Final

STEADY: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine is asleep, as upstreams do: Linux's own monotonic clock stands still then."""


class SystemClock:
    """`now` is unix seconds, `monotonic` seconds since some moment that never moves."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.clock_gettime(STEADY)
