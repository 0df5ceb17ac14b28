"""A row of small pictures, the newest on the left; left and right choose one.

Pictures are decoded in a thread, one after the other; a strip that is not on screen decodes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.pixels import PictureError, PixelGrid, load_grid, row_segments
from tui.workers import TellsFailures

CELL_WIDTH = 14
"""Cells of one picture with the gap of two after it."""


class Thumb(NamedTuple):
    """`path` is the small file where there is one."""

    id: str
    path: Path


class PictureStrip(TellsFailures, Widget, can_focus=True):
    """As many pictures as fit, standing on the row of the bar, which is under the chosen one."""

    DEFAULT_CSS = """
    PictureStrip {
        height: 6;
        background: transparent;
        & > .strip--bar { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--bar"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Newer", id="strip.newer", show=False),
        Binding("right,l", "move(1)", "Older", id="strip.older", show=False),
        Binding("enter,f", "choose", "Full screen", id="strip.open", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The bar is under another picture."""

        id: str

    @dataclass
    class Chosen(Message):
        id: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._thumbs: tuple[Thumb, ...] = ()
        self._grids: dict[str, PixelGrid | None] = {}
        self._cursor = 0
        self._first = 0

    @property
    def cursor_id(self) -> str:
        return self._thumbs[self._cursor].id if self._cursor < len(self._thumbs) else ""

    def show(self, thumbs: Sequence[Thumb], cursor: str = "") -> None:
        """Show these pictures with the bar under `cursor` (default: where it was)."""
        wanted = cursor or self.cursor_id
        self._thumbs = tuple(thumbs)
        self._grids = {each.id: self._grids[each.id] for each in self._thumbs if each.id in self._grids}
        ids = [each.id for each in self._thumbs]
        self._cursor = ids.index(wanted) if wanted in ids else 0
        self._keep_in_view()
        self.refresh()
        self._decode_missing()

    # Painting ---------------------------------------------------------------------------------------

    @property
    def _visible(self) -> tuple[Thumb, ...]:
        return self._thumbs[self._first : self._first + max(self.size.width // CELL_WIDTH, 1)]

    def render_line(self, y: int) -> Strip:
        base, segments = self.rich_style, list[Segment]()
        bar = base + Style(color=self.get_component_rich_style("strip--bar").color)
        last = y == self.size.height - 1
        for number, thumb in enumerate(self._visible, self._first):
            grid = self._grids.get(thumb.id)
            if last:
                wide = grid.cols if grid is not None else CELL_WIDTH - 2
                mark = ("▔" if number == self._cursor else " ") * wide
                segments.append(Segment(mark.ljust(CELL_WIDTH), bar))
            else:
                above = self.size.height - 1 - (grid.rows if grid is not None else 0)
                segments += self._picture_row(grid, y - above, base)
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _picture_row(self, grid: PixelGrid | None, y: int, base: Style) -> list[Segment]:
        if grid is None or y < 0:
            return [Segment(" " * CELL_WIDTH, base)]
        return [*row_segments(grid, y, 0, grid.cols), Segment(" " * (CELL_WIDTH - grid.cols), base)]

    @work(group="strip", exclusive=True, exit_on_error=False)
    async def _decode_missing(self) -> None:
        """Decode what is visible and unknown. A picture that can't be read stays empty."""
        import asyncio

        rows = max(self.size.height - 1, 1)
        background = self.background_colors[1].rgb
        for thumb in self._visible:
            if thumb.id in self._grids or not self.is_on_screen:
                continue
            try:
                self._grids[thumb.id] = await asyncio.to_thread(
                    load_grid, thumb.path, CELL_WIDTH - 2, rows, background=background
                )
            except PictureError:
                self._grids[thumb.id] = None
            self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._grids.clear()
        self._keep_in_view()
        self._decode_missing()

    # Moving -----------------------------------------------------------------------------------------

    def _keep_in_view(self) -> None:
        count = max(self.size.width // CELL_WIDTH, 1)
        self._first = min(self._first, self._cursor, max(0, len(self._thumbs) - count))
        self._first = max(self._first, self._cursor - count + 1)

    def _go(self, number: int) -> None:
        if 0 <= number < len(self._thumbs) and number != self._cursor:
            self._cursor = number
            self._keep_in_view()
            self.refresh()
            self._decode_missing()
            self.post_message(self.Moved(self.cursor_id))

    def action_move(self, step: int) -> None:
        self._go(self._cursor + step)

    def action_choose(self) -> None:
        if self.cursor_id:
            self.post_message(self.Chosen(self.cursor_id))

    def on_click(self, event: events.Click) -> None:
        self._go(self._first + event.x // CELL_WIDTH)
