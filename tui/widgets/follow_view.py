"""Rows of a conversation in a scrolling view: arranging, following the end, painting.

The lower half of the transcript: it keeps a Scrollback in step with the widget's width, theme and scroll
position. It knows nothing of answers that stream, of keys or of the clipboard (transcript.py does).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from tui.widgets.blocks import MARGIN, TEXT_WIDTH
from tui.widgets.lines import BLANK, Line
from tui.widgets.palette import COMPONENTS, Palette, palette_from
from tui.widgets.scrollback import Scrollback
from tui.widgets.selection import Highlight, hit_strip, paint, selected_text, selection_mark
from tui.widgets.still_view import StillView

SLICE_SECONDS = 0.008
"""How long one slice of background layout may take, so that a key never waits for it."""


class FollowView(StillView, can_focus=True):
    """Shows a Scrollback and follows its end until the user scrolls away."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = """
    FollowView {
        background: $background;
        color: $foreground;
        overflow-y: scroll;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        & > .transcript--user { background: $surface; color: $foreground; }
        & > .transcript--marker { color: $accent; text-style: bold; }
        & > .transcript--heading { color: $primary; text-style: bold; }
        & > .transcript--strong { text-style: bold; }
        & > .transcript--emphasis { text-style: italic; }
        & > .transcript--strike { text-style: strike; }
        & > .transcript--quote { color: $foreground-muted; }
        & > .transcript--rule { color: $foreground-disabled; }
        & > .transcript--bullet { color: $primary; }
        & > .transcript--link { color: $primary; text-style: underline; }
        & > .transcript--muted { color: $foreground-muted; }
        & > .transcript--inline-code { background: $surface; color: $warning; }
        & > .transcript--code { background: $surface; color: $foreground; }
        & > .transcript--code-label { color: $foreground-disabled; }
        & > .transcript--code-keyword { color: $accent; }
        & > .transcript--code-string { color: $success; }
        & > .transcript--code-number { color: $warning; }
        & > .transcript--code-comment { color: $foreground-disabled; text-style: italic; }
        & > .transcript--code-name { color: $primary; }
        & > .transcript--table-head { text-style: bold; }
        & > .transcript--thought { color: $foreground-muted; text-style: italic; }
        & > .transcript--tool { color: $secondary; }
        & > .transcript--note { color: $foreground-muted; }
        & > .transcript--warning { color: $warning; }
        & > .transcript--error { color: $error; }
        & > .transcript--cursor { color: $accent; text-style: bold; }
        & > .transcript--match { color: $warning; text-style: reverse; }
    }
    """

    @dataclass
    class Settled(Message):
        """Every turn is laid out. A good moment for `gc.freeze()`: with 600 turns, one full collection is the
        longest stall there is (70 ms)."""

    follow: reactive[bool] = reactive(True, repaint=False, init=False)
    """True while the end is in view and kept there."""
    new_below: reactive[int] = reactive(0, repaint=False, init=False)
    """Rows that arrived below the view since it stopped following."""

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.clock = clock
        self.rows = Scrollback()
        self.palette = Palette()
        self._slices: Timer | None = None
        self._committed_at = 0.0
        self._seen = 0
        self._moving = False
        self._painting = False
        self.shown = True

    # For the class that builds on this one

    def layout_running(self) -> None:
        """Called while arranging: lay out a turn that is still arriving."""

    def spare_rows(self) -> int:
        """Blank rows kept below the end, so that the next rows need no scrolling."""
        return 0

    def marks_of(self, text: str) -> list[Highlight]:
        """What to highlight in a visible row with this text."""
        return []

    def empty_line(self, y: int) -> Line | None:
        """What stands in row `y` of the view while there is no turn."""
        return None

    def cursor_rows(self) -> range:
        """The rows that carry the cursor's bar."""
        return range(0)

    @property
    def status_text(self) -> str:
        """What the border says: `following`, or how much is unseen below."""
        return "" if self.follow or not self.new_below else f"{self.new_below:,} new below"

    # Arranging: widths, heights, the scroll position

    def on_mount(self) -> None:
        self._slices = self.set_interval(0.02, self._work, pause=True)

    def on_resize(self) -> None:
        self.relayout()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted:
            # The component styles are brought up to date after this call.
            self.call_later(self.relayout)

    def on_show(self) -> None:
        self.shown = True
        self.relayout()

    def on_hide(self) -> None:
        self.shown = False

    @property
    def room(self) -> Size:
        return self.scrollable_content_region.size

    def relayout(self) -> None:
        """Lay out what is visible for the present width and theme; the rest follows in slices."""
        width, height = self.room
        if not width or not height:
            return
        top = round(self.scroll_y)
        anchor, within = self.rows.at(top)
        share = within / max(1, self.rows.height(anchor)) if anchor < len(self.rows) else 0.0
        self.palette = palette_from(self)
        changed = self.rows.configure(width, self.palette)
        self.layout_running()
        if changed and not self.follow and anchor < len(self.rows):
            self.rows.ensure(anchor)
            top = self.rows.top(anchor) + round(share * self.rows.height(anchor))
        self.place(top)
        if self._slices is not None:
            self._slices.resume()
        self.refresh()

    def place(self, top: int) -> None:
        """Lay out the turns in view and put row `top` (or the end, when following) where it belongs."""
        rows, height = self.rows, self.room.height
        if self.follow:
            index = len(rows) - 1
            while index >= 0 and rows.total - rows.top(index + 1) < height:
                rows.ensure(index)
                index -= 1
            top = rows.total + self.spare_rows() - height
        else:
            index = rows.at(top)[0]
            while index < len(rows) and rows.top(index) < top + height:
                higher = rows.top(index) < top
                change = rows.ensure(index)
                top += change if higher else 0
                index += 1
        self._moving = True
        try:
            total = rows.total + self.spare_rows()
            size = Size(self.room.width, total)
            if size != self.virtual_size:
                self.virtual_size = size
            self.scroll_to(y=max(0, min(top, total - height)), force=True)
        finally:
            self._moving = False
        self.note_follow()

    @property
    def arranging(self) -> bool:
        """Whether turns out of view are still being laid out in the background."""
        return self.rows.unsettled

    def grown(self) -> None:
        if self.room.height:
            self.place(round(self.scroll_y))
            self.refresh()

    def _work(self) -> None:
        """One slice of background layout; the picture takes it over four times a second and at the end."""
        more = self.rows.work(SLICE_SECONDS, self.clock)
        if more and self.clock() - self._committed_at < 0.25:
            return
        self._committed_at = self.clock()
        top = round(self.scroll_y)
        self.place(top + self.rows.commit(top))
        if not more and self._slices is not None:
            self._slices.pause()
            self.post_message(self.Settled())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving:
            return
        self.follow = round(new_value) >= self.max_scroll_y
        if not self.follow:
            self.place(round(new_value))
        self.note_follow()

    def note_follow(self) -> None:
        bottom = round(self.scroll_y) + self.room.height
        self._seen = self.rows.total if self.follow else min(max(self._seen, bottom), self.rows.total)
        self.new_below = 0 if self.follow else self.rows.total - self._seen
        if (text := self.status_text) != (self.border_subtitle or ""):
            self.border_subtitle = text

    # Painting

    @property
    def _pad(self) -> int:
        """Cells at the left that centre the column in a view wider than text may be."""
        return max(0, (self.room.width - (MARGIN + TEXT_WIDTH + 2)) // 2)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        row = round(self.scroll_y) + y
        line = self.rows.line(row) if len(self.rows) else self.empty_line(y) or BLANK
        text = line.text
        pad, width, base = self._pad, self.room.width, self.rich_style
        if not self._painting:
            return hit_strip(paint(line, width, pad, base), pad, row, text)
        marks = self.marks_of(text)
        if (selection := self.text_selection) is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            if (mark := selection_mark(selection, row, text, MARGIN, style)) is not None:
                marks.append(mark)
        bar = self.palette.cursor if row in self.cursor_rows() else None
        return paint(line, width, pad, base, marks, bar)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selected_text(selection, self.rows.line, self.rows.total, MARGIN), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
