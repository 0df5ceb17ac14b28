"""The log tail: a ring of lines drawn row by row, with filter, pause, cursor and sideways scrolling.

It reads a LogSource ten times a second while it is shown and never while it is hidden; nothing is written
while nothing new arrived. Lines are text: markup in them is never interpreted, control characters go.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive, var
from textual.strip import Strip
from textual.timer import Timer

from core.domain.state import Level, LogLine
from tui.widgets.log_row import LogStyles, log_row, plain_row
from tui.widgets.log_source import LogBuffer, LogSource
from tui.widgets.log_window import LogFilter, LogWindow, tail_status
from tui.widgets.still_view import StillView

TICK = 0.1
STATUS_EVERY = 0.5
SLOW_TICK = 0.4
SLICE_SECONDS = 0.002


class LogView(StillView, can_focus=True):
    """Shows `source`. Colours come from component classes `log--time`, `--source`, `--debug` … `--match`."""

    DEFAULT_CSS = """
    LogView {
        background: $background;
        color: $foreground;
        overflow: scroll;
        scrollbar-size: 0 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        & > .log--time { color: $foreground-disabled; }
        & > .log--source { color: $foreground-muted; }
        & > .log--debug { color: $foreground-disabled; }
        & > .log--info { color: $foreground-muted; }
        & > .log--warning { color: $warning; }
        & > .log--error { color: $error; text-style: bold; }
        & > .log--match { color: $warning; text-style: bold underline; }
        & > .log--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
        }
        & > .log--bar { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log--{name}" for name in LogStyles._fields}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause", id="log.pause", tooltip="Pause, or follow the newest line again"),
        Binding("1", "level('debug')", "all", id="log.all", show=False),
        Binding("2", "level('info')", "info+", id="log.info", show=False),
        Binding("3", "level('warning')", "warn+", id="log.warning", show=False),
        Binding("4", "level('error')", "error", id="log.error", show=False),
        Binding("j,down", "cursor(1)", "next line", id="log.down", show=False),
        Binding("k,up", "cursor(-1)", "line above", id="log.up", show=False),
        Binding("g,home", "top", "oldest", id="log.top", show=False),
        Binding("G,end", "bottom", "newest", id="log.bottom", show=False),
        Binding("h,left", "sideways(-1)", "left", id="log.left", show=False),
        Binding("l,right", "sideways(1)", "right", id="log.right", show=False),
        Binding("ctrl+d", "half_page(1)", "half a page down", id="log.half_down", show=False),
        Binding("ctrl+u", "half_page(-1)", "half a page up", id="log.half_up", show=False),
        Binding("enter", "select", "details", id="log.select", tooltip="Show the whole line"),
        Binding("y", "copy", "copy line", id="log.copy"),
        Binding("slash", "filter", "filter", id="log.filter", tooltip="Show only lines with these words"),
        Binding("c", "clear", "clear", id="log.clear", tooltip="Clear the view; the log keeps its lines"),
    ]

    @dataclass
    class Selected(Message):
        """Enter on the cursor's line, or a click."""

        line: LogLine

    @dataclass
    class CopyRequested(Message):
        """The user wants this line on the clipboard."""

        text: str

    @dataclass
    class FilterRequested(Message):
        """The user pressed `/`: ask for the words and set `filter_text`."""

    @dataclass
    class StatusChanged(Message):
        """`status_text` differs; at most twice a second."""

        text: str

    follow: reactive[bool] = reactive(True, repaint=False, init=False)
    level: reactive[Level] = reactive[Level]("debug", repaint=False, init=False)
    """The least severe level shown."""
    filter_text: reactive[str] = reactive("", repaint=False, init=False)
    """Words that a line must hold, in any case."""

    low_bandwidth: var[bool] = var(False)
    """Show new lines two or three times a second instead of ten: each time the whole view is sent."""

    def __init__(
        self,
        source: LogSource | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        local: Callable[[float], time.struct_time] = time.localtime,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock, self._local = clock, local
        self._source: LogSource = source or LogBuffer(1)
        self._window = LogWindow(self._source)
        self._rows = 0
        self._wide = 0
        self._cursor = 0
        self._kept: dict[int, LogLine] = {}
        self._styles: LogStyles | None = None
        self._ticker: Timer | None = None
        self._slices: Timer | None = None
        self._status = ""
        self._status_at = float("-inf")
        self._newest: int = 0
        self._ticked_at = float("-inf")
        self._moving = False

    # What the owner calls

    @property
    def source(self) -> LogSource:
        return self._source

    @source.setter
    def source(self, source: LogSource) -> None:
        self._source, self._cursor = source, 0
        self._refilter(LogWindow(source))

    @property
    def status_text(self) -> str:
        """What the border says: `‖ paused, 1,204 new below · 20,000 of 83,112 kept · 0 dropped`."""
        waiting = None if self.follow else max(0, len(self._window) - self._rows)
        return tail_status(self._window, self._source, waiting)

    @property
    def cursor_line(self) -> LogLine | None:
        """The line under the cursor, as long as it is known."""
        return self._line(self._window.row_of(self._cursor)) if self._cursor else None

    # Time and size

    def on_mount(self) -> None:
        self._ticker = self.set_interval(TICK, self.tick)
        self._slices = self.set_interval(0.01, self._work, pause=not self._window.building)
        self.tick()

    def on_show(self) -> None:
        if self._ticker is not None:
            self._ticker.resume()
        self.tick()

    def on_hide(self) -> None:
        if self._ticker is not None:
            self._ticker.pause()

    def on_resize(self) -> None:
        self._arrange()
        if not self.follow and self._cursor:
            self._bring_into_view(self._window.row_of(self._cursor))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = None
        self.refresh()

    def tick(self) -> None:
        """Look for new lines. While paused only their number is taken note of."""
        now = self._clock()
        if self.low_bandwidth and now - self._ticked_at < SLOW_TICK:
            return
        self._ticked_at = now
        gone = self._window.advance(frozen=not self.follow)
        if self.follow:
            newest = self._window.seq_at(len(self._window) - 1) if len(self._window) else 0
            if gone or newest != self._newest or len(self._window) != self._rows:
                self._newest, self._rows = newest, len(self._window)
                self._arrange()
                self.refresh()
        elif gone:
            self._rows = max(0, self._rows - gone)
            self._scroll(round(self.scroll_y) - gone)
        self._say()

    def _arrange(self) -> None:
        """Fit the scrolling range to the rows; following stays at the end."""
        room = self.scrollable_content_region
        if not room.height:
            return
        size = Size(max(room.width, self._wide), self._rows)
        if size != self.virtual_size:
            self.virtual_size = size
        if self.follow:
            self._scroll(self._rows - room.height)

    def _scroll(self, row: int) -> None:
        self._moving = True
        try:
            self.scroll_to(y=max(0, row), force=True)
        finally:
            self._moving = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving:
            return
        if round(new_value) >= self.max_scroll_y and len(self._window) == self._rows:
            self.follow = True
        elif new_value < old_value:
            self.follow = False
        if not self.follow and (gone := self._window.rebase()):
            self._rows = max(0, self._rows - gone)
            self._arrange()
            self._scroll(round(new_value) - gone)

    def watch_follow(self, follow: bool) -> None:
        if follow:
            self._window.advance(frozen=False)
            self._rows = len(self._window)
            self._kept.clear()
            self._arrange()
            self.refresh()
        self._say(at_once=True)

    def _say(self, at_once: bool = False) -> None:
        now = self._clock()
        if not at_once and now - self._status_at < STATUS_EVERY:
            return
        if (text := self.status_text) != self._status:
            self._status, self._status_at = text, now
            self.border_subtitle = text
            self.post_message(self.StatusChanged(text))

    # Filter

    def watch_level(self) -> None:
        self._refilter()

    def watch_filter_text(self) -> None:
        self._refilter()

    def _refilter(self, window: LogWindow | None = None) -> None:
        """Filter in slices of 2 ms; the rows shown stay until the new ones are known."""
        if window is not None:
            self._window = window
        self._window.refilter(LogFilter(self.level, self.filter_text))
        self._kept.clear()
        if self._window.building and self._slices is not None:
            self._slices.resume()
        elif not self._window.building:
            self._filtered()

    def _work(self) -> None:
        if not self._window.work(SLICE_SECONDS, self._clock):
            if self._slices is not None:
                self._slices.pause()
            self._filtered()

    def _filtered(self) -> None:
        top = self._cursor
        self._rows, self._wide = len(self._window), 0
        self._arrange()
        if not self.follow:
            self._scroll(self._window.row_of(top) - self.size.height // 2 if top else self._rows)
        self.refresh()
        self._say(at_once=True)

    # Painting

    def _line(self, row: int) -> LogLine | None:
        """A row's line. What is on screen while paused stays known when the source forgets it."""
        line = self._window.line(row)
        if self.follow:
            return line
        if line is not None:
            if len(self._kept) > 500:
                self._kept.clear()
            self._kept[line.seq] = line
        elif 0 <= row < len(self._window):
            line = self._kept.get(self._window.seq_at(row))
        return line

    def render_line(self, y: int) -> Strip:
        if self._styles is None:
            self._styles = LogStyles(
                *(self.get_component_rich_style(f"log--{name}") for name in LogStyles._fields)
            )
        width, base = self.scrollable_content_region.width, self.rich_style
        row = round(self.scroll_y) + y
        if row >= self._rows or (line := self._line(row)) is None:
            return Strip.blank(width, base)
        at_cursor = line.seq == self._cursor and self.has_focus
        strip = log_row(line, self._styles, base, self._local, self._window.filter.text, width, at_cursor)
        if strip.cell_length > self._wide:
            self._wide = strip.cell_length
            self.call_later(self._arrange)
        left = round(self.scroll_x)
        under = base + Style(bgcolor=self._styles.cursor.bgcolor) if at_cursor else base
        return strip.crop_extend(left, left + width, under)

    # Keys and mouse

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        if (line := self._line(round(self.scroll_y) + event.y)) is not None:
            self.follow, self._cursor = False, line.seq
            self.refresh()
            self.post_message(self.Selected(line))

    def action_pause(self) -> None:
        self.follow = not self.follow

    def action_level(self, level: Level) -> None:
        self.level = level

    def action_cursor(self, step: int) -> None:
        """Move the cursor's row; the first step pauses and starts at the newest line in view."""
        if not self._rows:
            return
        bottom = min(self._rows, round(self.scroll_y) + self.size.height) - 1
        row = self._window.row_of(self._cursor) + step if self._cursor else bottom
        row = max(0, min(row, self._rows - 1))
        self.follow = False
        self._cursor = self._window.seq_at(row)
        self._bring_into_view(row)
        self.refresh()

    def _bring_into_view(self, row: int) -> None:
        top = round(self.scroll_y)
        if not top <= row < top + self.size.height:
            self._scroll(row if row < top else row - self.size.height + 1)

    def action_top(self) -> None:
        self.follow = False
        self._cursor = self._window.seq_at(0) if self._rows else 0
        self.scroll_to(y=0)
        self.refresh()

    def action_bottom(self) -> None:
        self._cursor = 0
        self.follow = True
        self.refresh()

    def action_half_page(self, step: int) -> None:
        self.scroll_to(y=round(self.scroll_y) + step * max(1, self.size.height // 2))

    def action_sideways(self, step: int) -> None:
        self.scroll_to(x=max(0, round(self.scroll_x) + step * 20), force=True)

    def line_in_hand(self) -> LogLine | None:
        """The cursor's line; while there is no cursor the newest in view, which gets it."""
        if self.cursor_line is None:
            self.action_cursor(0)
        return self.cursor_line

    def action_select(self) -> None:
        if (line := self.line_in_hand()) is not None:
            self.post_message(self.Selected(line))

    def action_copy(self) -> None:
        if (line := self.line_in_hand()) is not None:
            self.post_message(self.CopyRequested(plain_row(line, self._local)))

    def action_filter(self) -> None:
        self.post_message(self.FilterRequested())

    def action_clear(self) -> None:
        self._window.clear()
        self.follow = True
        self._filtered()
