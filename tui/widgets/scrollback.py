"""The turns of a conversation with their rows: what is laid out, what is estimated, which row is whose.

Pure apart from the clock that slices are measured with. A turn that has not been laid out for the present
width and palette has an estimated height. Rows laid out in the background wait as `ready` until `commit`,
so that the picture changes a few times and not at every slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tui.widgets.blocks import Block, TurnLayout, estimated_height, turn_layout
from tui.widgets.heights import Heights
from tui.widgets.lines import BLANK, Line
from tui.widgets.palette import Palette
from tui.widgets.turn import TurnView


@dataclass(slots=True)
class _Entry:
    turn: TurnView
    layout: TurnLayout | None = None
    ready: TurnLayout | None = None
    unfolded: frozenset[str] = field(default_factory=frozenset[str])


class Scrollback:
    """All turns, oldest first. Rows are counted from the first row of the first turn."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._heights = Heights()
        self._width = 0
        self._palette = Palette()
        self._next = -1

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def total(self) -> int:
        """Rows in all, estimates included."""
        return self._heights.total

    @property
    def turns(self) -> list[TurnView]:
        return [entry.turn for entry in self._entries]

    def turn(self, index: int) -> TurnView:
        return self._entries[index].turn

    def unfolded(self, index: int) -> frozenset[str]:
        return self._entries[index].unfolded

    @property
    def unsettled(self) -> bool:
        """Whether `work` has something left to do."""
        return self._next >= 0

    def reset(self, turns: Sequence[TurnView]) -> None:
        """Show other turns; everything is estimated again."""
        self._entries = [_Entry(turn) for turn in turns]
        self._heights = Heights(estimated_height(turn, self._width or 80) for turn in turns)
        self._next = len(turns) - 1

    def configure(self, width: int, palette: Palette) -> bool:
        """Take a new width or palette. True when it differs: layouts are void, heights stay as estimates."""
        if (width, palette) == (self._width, self._palette):
            return False
        self._width, self._palette = width, palette
        for entry in self._entries:
            entry.layout = entry.ready = None
        self._next = len(self._entries) - 1
        return True

    def append(self, turn: TurnView) -> int:
        """Add a turn at the end and lay it out; its index is returned."""
        self._entries.append(_Entry(turn))
        self._heights.append(0)
        index = len(self._entries) - 1
        self.ensure(index)
        return index

    def put(self, index: int, turn: TurnView, layout: TurnLayout | None = None) -> tuple[int, int]:
        """Replace a turn (its layout too, when the caller has one).

        Returns the first row within the turn that differs, and by how many rows the turn grew.
        """
        entry = self._entries[index]
        before = entry.layout.lines if entry.layout else []
        entry.turn, entry.ready = turn, None
        entry.layout = layout or self._laid_out(entry)
        after = entry.layout.lines
        same = 0
        for old, new in zip(before, after, strict=False):
            if old is not new and old != new:
                break
            same += 1
        return same, self._heights.set(index, len(after))

    def fold(self, index: int, part: str) -> int:
        """Show or fold a part of a turn; by how many rows the turn grew."""
        entry = self._entries[index]
        entry.unfolded = entry.unfolded ^ {part}
        return self.put(index, entry.turn)[1]

    def top(self, index: int) -> int:
        return self._heights.top(index)

    def height(self, index: int) -> int:
        return self._heights[index]

    def at(self, row: int) -> tuple[int, int]:
        """(turn, row within it); turn is `len(self)` below the end."""
        return self._heights.at(row)

    def line(self, row: int) -> Line:
        """The row, or a blank one where nothing has been laid out."""
        index, within = self._heights.at(row)
        if index >= len(self._entries):
            return BLANK
        layout = self._entries[index].layout
        return layout.lines[within] if layout and within < len(layout.lines) else BLANK

    def layout(self, index: int) -> TurnLayout:
        """A turn's rows and blocks, laid out now if need be (heights may change: see `ensure`)."""
        self.ensure(index)
        layout = self._entries[index].layout
        assert layout is not None
        return layout

    def blocks(self, index: int) -> list[Block]:
        return self.layout(index).blocks

    def ensure(self, index: int) -> int:
        """Lay a turn out unless it is; by how many rows its height changed."""
        entry = self._entries[index]
        if entry.layout is not None:
            return 0
        entry.layout = entry.ready or self._laid_out(entry)
        entry.ready = None
        return self._heights.set(index, len(entry.layout.lines))

    def work(self, seconds: float, clock: Callable[[], float]) -> bool:
        """Lay turns out, newest first, for about `seconds`. False when nothing is left to do."""
        until = clock() + seconds
        while self._next >= 0:
            entry = self._entries[self._next] if self._next < len(self._entries) else None
            self._next -= 1
            if entry and entry.layout is None and entry.ready is None:
                entry.ready = self._laid_out(entry)
                if clock() >= until:
                    break
        return self._next >= 0

    def commit(self, above: int) -> int:
        """Put what `work` made in place; by how many rows the part above row `above` grew."""
        shift = 0
        for index, entry in enumerate(self._entries):
            if entry.ready is not None and entry.layout is None:
                higher = self._heights.top(index) < above + shift
                change = self.ensure(index)
                shift += change if higher else 0
        return shift

    def _laid_out(self, entry: _Entry) -> TurnLayout:
        return turn_layout(entry.turn, self._width or 80, self._palette, entry.unfolded)
