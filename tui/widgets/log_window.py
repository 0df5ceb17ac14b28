"""Which lines of a log are shown: a filter, and the list of matching numbers that grows with the log.

Pure apart from the clock that slices are measured with. Without a filter no list is kept: rows and numbers
differ by a constant, whatever comes in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from core.domain.state import Level, LogLine
from tui.widgets.log_source import LogSource

LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
_CHUNK = 250
_MOST_GONE = 50_000
"""Numbers of forgotten lines that a paused view may keep before they are cut off."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Lines at least as severe as `level` whose text or source holds `text` (any case)."""

    level: Level = "debug"
    text: str = ""

    @property
    def passes_all(self) -> bool:
        return self.level == "debug" and not self.text

    def matcher(self) -> Callable[[LogLine], bool]:
        """The test as one function: it runs once for every line that ever arrives."""
        words, levels = self.text.casefold(), frozenset(LEVELS[LEVELS.index(self.level) :])
        if not words:
            return lambda line: line.level in levels
        return lambda line: (
            line.level in levels
            and (words in line.text.casefold() or words in line.source or words in line.account.casefold())
        )


class LogWindow:
    """Rows of a source under a filter. Row 0 is the oldest line kept since the last `rebase`."""

    def __init__(self, source: LogSource, wanted: LogFilter | None = None) -> None:
        self._source = source
        self.filter = wanted or LogFilter()
        self._ids: list[int] | None = None
        self._low = source.first
        self._high = source.last
        self._scanned = 0
        self._building: list[int] | None = None
        self._match = self.filter.matcher()
        self._cleared = 0
        self.refilter(self.filter)

    def refilter(self, wanted: LogFilter) -> None:
        """Use another filter. What was shown stays until `work` has been through every line."""
        self.filter, self._match = wanted, wanted.matcher()
        if wanted.passes_all:
            self._ids = self._building = None
            self._low, self._high = max(self._source.first, self._cleared + 1), self._source.last
        else:
            self._building, self._scanned = [], max(self._source.first - 1, self._cleared)

    def clear(self) -> None:
        """Forget the rows shown so far; the source keeps them."""
        self._cleared = self._source.last
        self._ids = [] if self._ids is not None else None
        self._low, self._high = self._cleared + 1, self._cleared
        self.refilter(self.filter)

    @property
    def building(self) -> bool:
        """Whether `work` has something left to do before the present filter shows."""
        return self._building is not None

    def work(self, seconds: float, clock: Callable[[], float]) -> bool:
        """Filter for about `seconds`. False once the present filter's rows are the ones shown."""
        if self._building is None:
            return False
        until = clock() + seconds
        while self._scan(self._building, _CHUNK):
            if clock() >= until:
                return True
        self._ids, self._building = self._building, None
        return False

    def advance(self, frozen: bool) -> int:
        """Take in what has arrived; how many rows went at the top. Frozen keeps forgotten rows in place."""
        self._high = self._source.last
        if self._ids is not None and self._building is None:
            while self._scan(self._ids, 5_000):
                pass
        return 0 if frozen and self._gone() < _MOST_GONE else self.rebase()

    def rebase(self) -> int:
        """Drop the rows whose lines the source has forgotten; how many went."""
        gone = self._gone()
        if self._ids is not None:
            del self._ids[:gone]
        self._low += gone if self._ids is None else 0
        return gone

    def _gone(self) -> int:
        if self._ids is not None:
            return bisect_left(self._ids, self._source.first)
        return max(0, min(self._source.first, self._high + 1) - self._low)

    def _scan(self, into: list[int], limit: int) -> bool:
        lines = self._source.since(self._scanned, limit)
        if not lines:
            return False
        match = self._match
        into.extend([line.seq for line in lines if match(line)])
        self._scanned = lines[-1].seq
        return True

    def __len__(self) -> int:
        return len(self._ids) if self._ids is not None else max(0, self._high - self._low + 1)

    def seq_at(self, row: int) -> int:
        """The number of the line at a row that exists."""
        return self._ids[row] if self._ids is not None else self._low + row

    def row_of(self, seq: int) -> int:
        """The row of a line, or of the next one that is shown; may be `len(self)`."""
        if self._ids is not None:
            return bisect_left(self._ids, seq)
        return min(max(0, seq - self._low), len(self))

    def line(self, row: int) -> LogLine | None:
        """The line at a row; None outside, and for a line that the source has forgotten."""
        if not 0 <= row < len(self):
            return None
        seq = self.seq_at(row)
        found = self._source.since(seq - 1, 1)
        return found[0] if found and found[0].seq == seq else None


def tail_status(window: LogWindow, source: LogSource, waiting: int | None) -> str:
    """What there is to say of a tail: `‖ paused, 1,204 new below · 20,000 of 83,112 kept · 0 dropped`.

    `waiting` are the lines that have come since it was paused; None while it follows.
    """
    parts: list[str] = []
    if waiting is not None:
        parts.append(f"‖ paused, {waiting:,} new below" if waiting else "‖ paused")
    if not window.filter.passes_all:
        parts.append(f"{len(window):,} match")
    parts.append(f"{max(0, source.last - source.first + 1):,} of {source.last:,} kept")
    parts.append(f"{source.dropped:,} dropped")
    return " · ".join(parts)
