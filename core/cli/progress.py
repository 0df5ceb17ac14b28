"""A progress bar for pictures on stderr; silent when stderr is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from .output import one_line

WIDTH = 20


class Progress:
    """`[####----] 1 of 2 · drawing · 12 s`, redrawn in place; gone when it is left."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._phase = "queued"
        self._since = time.monotonic()
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def phase(self, name: str) -> None:
        self._phase = name
        self._draw()

    def one_more(self) -> None:
        self._done += 1
        self._draw()

    def _draw(self) -> None:
        if not self._live:
            return
        full = WIDTH * self._done // self._total
        bar = "#" * full + "-" * (WIDTH - full)
        seconds = time.monotonic() - self._since
        line = f"[{bar}] {self._done} of {self._total} · {one_line(self._phase, 30)} · {seconds:.0f} s"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
