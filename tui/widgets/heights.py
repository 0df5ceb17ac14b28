"""Which turn a row belongs to: heights of turns, their tops, and the way back from a row.

Pure. Changing the last turn (the one that streams) costs nothing for those above it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Heights:
    """Heights in rows, by position. Tops are computed up to where they are asked for."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._tops: list[int] = [0]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def append(self, height: int) -> None:
        self._heights.append(height)

    def set(self, index: int, height: int) -> int:
        """Change one height; the difference in rows is returned."""
        change = height - self._heights[index]
        if change:
            self._heights[index] = height
            del self._tops[index + 1 :]
        return change

    def top(self, index: int) -> int:
        """The row at which turn `index` starts. `top(len(self))` is the total."""
        tops = self._tops
        while len(tops) <= index:
            tops.append(tops[-1] + self._heights[len(tops) - 1])
        return tops[index]

    @property
    def total(self) -> int:
        return self.top(len(self._heights))

    def at(self, row: int) -> tuple[int, int]:
        """(turn, row within it) at `row`; a row behind the end belongs to turn `len(self)`."""
        if row >= self.total:
            return len(self._heights), row - self.total
        index = bisect_right(self._tops, row, hi=len(self._heights) + 1) - 1
        while index < len(self._heights) and self._tops[index + 1] <= row:
            index += 1
        return index, row - self._tops[index]
