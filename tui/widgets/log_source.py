"""What a LogView reads: a window of numbered lines that grows at one end and is forgotten at the other.

No widget here. `LogSource` is the contract; `LogBuffer` is one in memory for lines that come over a
connection or from a test. The gateway's own ring satisfies the contract too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from core.domain.state import LogLine


class LogSource(Protocol):
    """Lines by `seq`, without gaps from `first` to `last`. Reading never blocks, never copies all."""

    @property
    def first(self) -> int:
        """The oldest line still held; `last + 1` when there is none."""
        ...

    @property
    def last(self) -> int:
        """The newest line; 0 before the first one ever."""
        ...

    @property
    def dropped(self) -> int:
        """Lines lost because they came faster than they could be taken, since the start."""
        ...

    def since(self, seq: int, limit: int) -> Sequence[LogLine]:
        """Up to `limit` lines with a number greater than `seq`, oldest first."""
        ...


class LogBuffer:
    """The newest `capacity` lines, as given to `extend`. Not for use from several threads.

    A gap in the numbers (lines that somebody else dropped) starts the window anew and counts as dropped.
    """

    def __init__(self, capacity: int = 20_000) -> None:
        self._slots: list[LogLine | None] = [None] * capacity
        self._capacity = capacity
        self._first, self._last, self._dropped = 1, 0, 0

    @property
    def first(self) -> int:
        return self._first

    @property
    def last(self) -> int:
        return self._last

    @property
    def dropped(self) -> int:
        return self._dropped

    def extend(self, lines: Iterable[LogLine]) -> None:
        """Add lines in order; those already held are passed over."""
        slots, capacity, last = self._slots, self._capacity, self._last
        for line in lines:
            if line.seq <= last:
                continue
            if line.seq > last + 1:
                self._dropped += line.seq - last - 1 if last else 0
                self._first = line.seq
            last = line.seq
            slots[last % capacity] = line
        self._last = last
        self._first = max(self._first, last - capacity + 1)

    def since(self, seq: int, limit: int) -> Sequence[LogLine]:
        start = max(seq + 1, self._first)
        end = min(start + limit, self._last + 1)
        if end <= start:
            return []
        low, high = start % self._capacity, (end - 1) % self._capacity
        slots = self._slots[low : high + 1] if low <= high else self._slots[low:] + self._slots[: high + 1]
        return [line for line in slots if line is not None]
