"""The machine's clock. Everything else is told the time by a `Clock` it was given."""

from __future__ import annotations

import time


class SystemClock:
    """`now` is unix seconds, `monotonic` seconds since some moment that never moves."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
