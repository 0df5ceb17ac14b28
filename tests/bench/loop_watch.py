"""CPU and stalls of an event loop while something runs in it: what a user feels, and what it costs."""

from __future__ import annotations

import asyncio
import gc
import time
from types import TracebackType


def settle_heap() -> None:
    """Collect and freeze, as the program does once its first tab is up: older objects are left alone."""
    gc.collect()
    gc.freeze()


class LoopWatch:
    """`async with LoopWatch() as watch:` then `watch.cpu` (share of a core) and `watch.worst` (seconds).

    A stall is how much later than asked a 5 ms sleep returns. The process's whole CPU time is counted,
    the feeding of the test included.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self.cpu = 0.0
        self.seconds = 0.0

    async def __aenter__(self) -> LoopWatch:
        self._task = asyncio.create_task(self._watch())
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu = (time.process_time() - self._cpu) / max(self.seconds, 1e-9)
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            self.worst = max(self.worst, time.perf_counter() - before - 0.005)
