"""A progress bar for pictures on stderr; silent when stderr is no terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from types import TracebackType

WIDTH = 20
TICK_S = 0.5
PHASES = ("queued", "sent", "drawing", "saving")
"""In their order: with several pictures, the one that is furthest is named."""


class Progress:
    """`[####----] 1 of 2 · drawing · 12 s`, redrawn in place; gone when it is left."""

    def __init__(self, total: int, quiet: bool = False) -> None:
        self._total = total
        self._done = 0
        self._phase = "queued"
        self._since = time.monotonic()
        self._live = sys.stderr.isatty() and not quiet
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Progress:
        if self._live:
            self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def phase(self, name: str) -> None:
        if name in PHASES and PHASES.index(name) > PHASES.index(self._phase):
            self._phase = name
            self._draw()

    def one_more(self) -> None:
        self._done += 1
        self._phase = PHASES[0]
        self._draw()

    async def _tick(self) -> None:
        while True:
            self._draw()
            await asyncio.sleep(TICK_S)

    def _draw(self) -> None:
        if not self._live:
            return
        full = WIDTH * self._done // self._total
        bar = "#" * full + "-" * (WIDTH - full)
        seconds = time.monotonic() - self._since
        line = f"[{bar}] {self._done} of {self._total} · {self._phase} · {seconds:.0f} s"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
