"""A picture in a pane: half-blocks, small first, sharp after a moment, with zoom and panning.

Decoding happens in a thread; nothing is repainted while nothing changed. Bytes are what a slow link lacks:
a full pane of half-blocks is 260 KB, so quick steps through a list only ever show the small placeholder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive, var
from textual.strip import Strip
from textual.timer import Timer

from tui.widgets.clean import clean_line
from tui.widgets.pixels import (
    RGB,
    Depth,
    PictureCache,
    PictureError,
    PixelGrid,
    fit,
    strip_for_row,
)
from tui.widgets.still_view import StillView
from tui.workers import TellsFailures

Key = tuple[Path, int, int, RGB, Depth, int]
"""What is shown how: path, columns, rows, background, depth, zoom: the arguments of PictureCache.load."""

ZOOMS = (1, 2, 4, 8)
PLACEHOLDER = (24, 12)
SETTLE_SECONDS = 0.15
"""How long a picture must stay chosen before it is shown in full."""


class PixelView(TellsFailures, StillView, can_focus=True):
    """Shows one picture. Set `path`; the picture keeps its aspect and sits in the middle of the pane."""

    DEFAULT_CSS = """
    PixelView {
        background: $background;
        color: $foreground;
        overflow: scroll;
        scrollbar-size: 0 0;
        & > .pixels--caption { color: $foreground-muted; }
        & > .pixels--error { color: $error; }
        & > .pixels--empty { color: $foreground-disabled; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pixels--caption", "pixels--error", "pixels--empty"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(1)", "larger", id="picture.larger", show=False),
        Binding("minus", "zoom(-1)", "smaller", id="picture.smaller", show=False),
        Binding("0", "fit", "fit", id="picture.fit", show=False),
        Binding(
            "z", "cycle", "zoom", id="picture.zoom", tooltip="Next zoom: 1, 2, 4, 8 times, then fit again"
        ),
        Binding("left,h", "pan(-1, 0)", "left", id="picture.left", show=False),
        Binding("right,l", "pan(1, 0)", "right", id="picture.right", show=False),
        Binding("up,k", "pan(0, -1)", "up", id="picture.up", show=False),
        Binding("down,j", "pan(0, 1)", "down", id="picture.down", show=False),
    ]

    @dataclass
    class Loaded(Message):
        """The picture is shown in full. `size` is the file's own, in pixels."""

        path: Path
        size: tuple[int, int]

    @dataclass
    class Failed(Message):
        """The picture cannot be shown; `reason` is for the user and stands in the pane as well."""

        path: Path
        reason: str

    path: var[Path | None] = var[Path | None](None, init=False)
    caption: reactive[str] = reactive("")
    """One dim row below the picture; empty takes no row."""
    zoom: var[int] = var(1, init=False)
    """How many times larger than fitting the pane: 1, 2, 4 or 8."""
    depth: var[Depth] = var[Depth]("truecolor", init=False)
    """`256` halves the bytes on a slow link."""

    @dataclass
    class _Decoded(Message):
        """A thread is done: the grid for `key`, or why there is none."""

        key: Key
        grid: PixelGrid | None
        reason: str

    def __init__(
        self,
        path: Path | None = None,
        *,
        empty: str = "",
        cache: PictureCache | None = None,
        settle: float = SETTLE_SECONDS,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` stands in the pane while there is no path. Views of the same pictures share a `cache`."""
        super().__init__(id=id, classes=classes)
        self._cache = cache or PictureCache()
        self._empty = empty
        self._settle_seconds = settle
        self._grid: PixelGrid | None = None
        self._error = ""
        self._wanted: Key | None = None
        self._shown: Key | None = None
        self._settle: Timer | None = None
        self.set_reactive(PixelView.path, path)

    # What the owner calls

    @property
    def showing(self) -> Literal["nothing", "placeholder", "picture", "error"]:
        """How far the picture has come."""
        if self._error:
            return "error"
        if self._grid is None:
            return "nothing"
        return "picture" if self._shown is not None and self._shown == self._wanted else "placeholder"

    # Loading

    def on_mount(self) -> None:
        self._choose()

    def on_resize(self) -> None:
        self._choose(keep=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted:
            self.call_later(self._choose, keep=True)

    def watch_path(self) -> None:
        self.set_reactive(PixelView.zoom, 1)
        self._choose()

    def watch_zoom(self) -> None:
        self._choose(keep=True)

    def watch_depth(self) -> None:
        self._choose(keep=True)

    @property
    def _room(self) -> tuple[int, int]:
        """Cells for the picture itself."""
        return self.size.width, self.size.height - bool(self.caption)

    def _key(self, cols: int, rows: int, zoom: int) -> Key | None:
        if self.path is None or cols <= 0 or rows <= 0:
            return None
        color = self.background_colors[1]
        return (self.path, cols, rows, (color.r, color.g, color.b), self.depth, zoom)

    def _choose(self, keep: bool = False) -> None:
        """Start showing what is asked for: from the cache at once, else small first and sharp after a moment.

        `keep` leaves the picture that is shown in place meanwhile (same file, other size).
        """
        if self._settle is not None:
            self._settle.stop()
            self._settle = None
        key = self._key(*self._room, self.zoom)
        if key is not None and key == self._shown:
            self._wanted = key
            return
        self._wanted = key
        if not keep:
            self._grid, self._shown, self._error = None, None, ""
            self.refresh()
        if key is None:
            return
        if (grid := self._cache.get(*key)) is not None:
            self._show(key, grid)
            return
        if self._grid is None:
            cols, rows = self._room
            small = self._key(min(PLACEHOLDER[0], cols), min(PLACEHOLDER[1], rows), 1)
            if small is not None:
                self._decode(small)
        if self.zoom > 1:
            self._decode(key)
        else:
            self._settle = self.set_timer(self._settle_seconds, partial(self._decode, key))

    def _decode(self, key: Key) -> None:
        self.run_worker(
            partial(self._work, key), thread=True, exclusive=True, group="pixels", exit_on_error=False
        )

    def _work(self, key: Key) -> None:
        """In a thread: decode and report."""
        try:
            self.post_message(self._Decoded(key, self._cache.load(*key), ""))
        except PictureError as error:
            self.post_message(self._Decoded(key, None, str(error)))

    def on_pixel_view__decoded(self, message: _Decoded) -> None:
        message.stop()
        key, wanted = message.key, self._wanted
        if wanted is None or key[0] != wanted[0] or (key != wanted and self._shown == wanted):
            return
        if message.grid is None:
            if not self._error:
                self._grid, self._error = None, clean_line(message.reason)
                self.refresh()
                self.post_message(self.Failed(key[0], self._error))
        elif key == wanted:
            self._show(key, message.grid)
        elif self._grid is None:
            self._place(message.grid)

    def _show(self, key: Key, grid: PixelGrid) -> None:
        again = self._shown is not None and self._shown[0] == key[0]
        self._shown, self._error = key, ""
        self._place(grid)
        if not again:
            self.post_message(self.Loaded(key[0], grid.source))

    def _place(self, grid: PixelGrid) -> None:
        """Take over a grid; the point in the middle of the view stays there."""
        before, (cols, rows) = self._grid, self._room
        middle = (0.5, 0.5)
        if before is not None and self.zoom > 1:
            middle = (
                (self.scroll_x + min(cols, before.cols) / 2) / before.cols,
                (self.scroll_y + min(rows, before.rows) / 2) / before.rows,
            )
        self._grid = grid
        size = Size(max(cols, grid.cols), max(rows, grid.rows) + bool(self.caption))
        if size != self.virtual_size:
            self.virtual_size = size
        left, top = grid.cols * middle[0] - cols / 2, grid.rows * middle[1] - rows / 2
        self.scroll_to(x=max(0, round(left)), y=max(0, round(top)), force=True)
        self.refresh()

    # Painting

    def render_line(self, y: int) -> Strip:
        (cols, rows), base = self._room, self.rich_style
        if self.caption and y == rows:
            return self._centred(clean_line(self.caption), base + self._ink("caption"))
        if self._error or self._grid is None:
            text, ink = ("✗ " + self._error, "error") if self._error else (self._empty, "empty")
            shown = y == rows // 2 and (self._error or self.path is None)
            return self._centred(text if shown else "", base + self._ink(ink))
        grid = self._grid
        left, top = max(0, cols - grid.cols) // 2, max(0, rows - grid.rows) // 2
        row = y - top if grid.rows <= rows else y + round(self.scroll_y)
        if not 0 <= row < grid.rows:
            return Strip.blank(cols, base)
        start = 0 if grid.cols <= cols else round(self.scroll_x)
        strip = strip_for_row(grid, row, start, start + cols)
        right = cols - left - strip.cell_length
        if not left and not right:
            return strip
        return Strip([Segment(" " * left, base), *strip, Segment(" " * right, base)], cols)

    def _ink(self, name: str) -> Style:
        style = self.get_component_rich_style(f"pixels--{name}")
        return Style(color=style.color)

    def _centred(self, text: str, style: Style) -> Strip:
        width = self.size.width
        if cell_len(text) > width:
            text = set_cell_size(text, max(0, width - 1)) + "…"
        left = (width - cell_len(text)) // 2
        return Strip([Segment(set_cell_size(" " * left + text, width), style)], width)

    def watch_caption(self) -> None:
        self._choose(keep=True)

    # Keys

    def action_zoom(self, step: int) -> None:
        """One step larger or smaller; a step that would show no more of the picture is not taken."""
        at = ZOOMS.index(self.zoom) + step
        if 0 <= at < len(ZOOMS) and self._grid is not None:
            cols, rows = self._room
            if step < 0 or fit(self._grid.source, cols, rows, ZOOMS[at]) != (
                self._grid.width,
                self._grid.height,
            ):
                self.zoom = ZOOMS[at]

    def action_cycle(self) -> None:
        before = self.zoom
        self.action_zoom(1)
        if self.zoom == before:
            self.zoom = 1

    def action_fit(self) -> None:
        self.zoom = 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to pan, the arrows are the owner's."""
        if action != "pan":
            return super().check_action(action, parameters)
        (cols, rows), grid = self._room, self._grid
        return grid is not None and (grid.cols > cols if parameters[0] else grid.rows > rows)

    def action_pan(self, across: int, down: int) -> None:
        """A quarter of the pane in a direction."""
        cols, rows = self._room
        x = round(self.scroll_x) + across * max(1, cols // 4)
        y = round(self.scroll_y) + down * max(1, rows // 4)
        self.scroll_to(x=max(0, x), y=max(0, y), force=True)
