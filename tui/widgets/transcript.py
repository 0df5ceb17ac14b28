"""The conversation view: turns as cached rows, an answer that streams in, a block cursor, follow, search.

A ScrollView with Textual's line API. It renders; it fetches nothing, copies nothing and knows no gateway:
values come down (TurnView, AnswerHandle.feed), messages go up (CopyRequested, FollowChanged and
SearchRequested).
Why rows and not widgets: 100 tokens a second under 600 messages cost a widget tree a whole core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import constants, events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer

from tui.widgets.blocks import Block, status_line, text_width, with_margin
from tui.widgets.clean import clean_text
from tui.widgets.follow_view import FollowView
from tui.widgets.lines import Line
from tui.widgets.markdown import markdown_lines
from tui.widgets.selection import Highlight
from tui.widgets.stream import Kind, StreamingTurn
from tui.widgets.turn import ImageView, State, ToolView, TurnView

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class AnswerHandle:
    """Feeds one running answer into the view. Every call is cheap; painting happens at the view's pace."""

    def __init__(self, view: TranscriptView, stream: StreamingTurn) -> None:
        self._view, self._stream = view, stream

    @property
    def turn(self) -> TurnView:
        """What the answer has grown to so far."""
        return self._stream.turn

    def feed(self, text: str, kind: Kind = "text") -> None:
        """Add what arrived. Ignored once finished."""
        self._stream.feed(text, kind)
        self._view.stream_changed(self._stream)

    def add(self, part: ToolView | ImageView) -> None:
        """Add a tool call or a picture."""
        self._stream.add(part)
        self._view.stream_changed(self._stream)

    def status(self, text: str) -> None:
        """The figures behind the spinner, for example `streaming  ↑12 ↓180 tok  94 tok/s`."""
        self._stream.status = text
        self._view.stream_changed(self._stream)

    def finish(self, footer: str = "", state: State = "done", error: str = "") -> TurnView:
        """End the answer and return it whole. `stopped` and `failed` keep what has arrived."""
        return self._view.end_stream(self._stream, footer, state, error)


class TranscriptView(FollowView):
    """One conversation. Colours come from component classes `transcript--*` (see palette.py)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor(1)", "next block", id="transcript.down", show=False),
        Binding("k,up", "cursor(-1)", "block above", id="transcript.up", show=False),
        Binding("g,home", "top", "first turn", id="transcript.top", show=False),
        Binding("G,end", "bottom", "follow the end", id="transcript.bottom", show=False),
        Binding("ctrl+d", "half_page(1)", "half a page down", id="transcript.half_down", show=False),
        Binding("ctrl+u", "half_page(-1)", "half a page up", id="transcript.half_up", show=False),
        Binding("y", "copy", "copy", id="transcript.copy", tooltip="Copy this block; code without its fence"),
        Binding("Y", "copy_turn", "copy the turn", id="transcript.copy_turn", show=False),
        Binding("enter,space", "unfold", "unfold", id="transcript.unfold", tooltip="Show or fold this part"),
        Binding("slash", "search", "search", id="transcript.search", tooltip="Search this conversation"),
        Binding("n", "match(1)", "next match", id="transcript.next", show=False),
        Binding("N", "match(-1)", "match before", id="transcript.previous", show=False),
    ]

    @dataclass
    class CopyRequested(Message):
        """The user wants `text` on the clipboard; `what` names it (`code`, `block`, `turn`)."""

        text: str
        what: str

    @dataclass
    class FollowChanged(Message):
        """The view follows the end, or has left it with `new_below` rows still unseen."""

        follow: bool
        new_below: int

    @dataclass
    class SearchRequested(Message):
        """The user pressed `/`: ask for the words and call `search`."""

    low_bandwidth: var[bool] = var(False)
    """Paint a running answer 5 times a second instead of 12, and move no spinner."""

    def __init__(
        self,
        turns: Sequence[TurnView] = (),
        *,
        empty: str = "",
        clock: Callable[[], float] = monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` is Markdown that stands in the view while it has no turns."""
        super().__init__(clock=clock, id=id, classes=classes)
        self._empty = empty
        self.rows.reset(turns)
        self._stream: StreamingTurn | None = None
        self._stream_at = -1
        self._stream_dirty = False
        self._painted_at = float("-inf")
        self._paint_cost = 0.0
        self._timer: Timer | None = None
        self._spinner: Timer | None = None
        self._spin = 0
        self._cursor: tuple[int, int] | None = None
        self._query = ""
        self._match: tuple[int, int] | None = None

    # What the owner calls

    @property
    def turns(self) -> list[TurnView]:
        """The turns shown, the running one as far as it has come."""
        turns = self.rows.turns
        if self._stream is not None:
            turns[self._stream_at] = self._stream.turn
        return turns

    def set_turns(self, turns: Iterable[TurnView]) -> None:
        """Show another conversation from its end. A running answer's handle goes on, unseen."""
        self._drop_stream()
        self.rows.reset(list(turns))
        self._cursor = self._match = None
        self._query = ""
        self.follow = True
        self.relayout()

    def append_turn(self, turn: TurnView) -> None:
        """Add a finished turn below the others."""
        self.rows.append(turn)
        self.grown()

    def replace_turn(self, turn: TurnView) -> None:
        """Show `turn` in place of the one with its id; unknown ids are ignored."""
        for index in reversed(range(len(self.rows))):
            if self.rows.turn(index).id == turn.id:
                self.rows.put(index, turn)
                self.grown()
                return

    def begin_answer(self, turn: TurnView) -> AnswerHandle:
        """Start a turn that arrives piece by piece. One runs at a time: an unfinished one stays as it is."""
        self._drop_stream()
        self._stream = StreamingTurn(turn, self.clock)
        self._stream_at = self.rows.append(self._stream.turn)
        for timer in (self._timer, self._spinner):
            if timer is not None:
                timer.resume()
        self._flush()
        return AnswerHandle(self, self._stream)

    def search(self, words: str) -> int:
        """Highlight `words` (any case) and go to the next match; how often they occur. Empty ends it."""
        self._query = words.casefold()
        self._match = None
        found = sum(_haystack(turn).count(self._query) for turn in self.turns) if words else 0
        if found:
            self.action_match(1)
        self.refresh()
        return found

    @property
    def status_text(self) -> str:
        """What the border says: `following`, or how much is unseen below."""
        if self.follow:
            return "▼ following" if self._stream else ""
        return super().status_text

    # What the handle calls

    def stream_changed(self, stream: StreamingTurn) -> None:
        """Something arrived: paint it at the next tick, or at once when nothing was painted for a while."""
        if stream is not self._stream:
            return
        if not self._stream_dirty and self.clock() - self._painted_at > self._interval:
            self.call_later(self._tick)
        self._stream_dirty = True

    def end_stream(self, stream: StreamingTurn, footer: str, state: State, error: str) -> TurnView:
        """Finish the running turn; a handle whose turn is no longer shown only gets its value back."""
        turn = stream.finish(footer, state, error)
        if stream is self._stream:
            self._flush()
            self._drop_stream()
        return turn

    @property
    def _interval(self) -> float:
        """Seconds between paints of a running answer: longer for slow links and for tails that are dear."""
        return max(0.2 if self.low_bandwidth else 1 / 12, 6 * self._paint_cost)

    # The running answer

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / 12, self._tick, pause=self._stream is None)
        self._spinner = self.set_interval(1 / 4, self._turn_spinner, pause=self._stream is None)

    def empty_line(self, y: int) -> Line | None:
        if not self._empty:
            return None
        rows = with_margin(markdown_lines(self._empty, text_width(self.room.width), self.palette))
        first = max(0, (self.room.height - len(rows)) // 3)
        return rows[y - first] if 0 <= y - first < len(rows) else None

    def layout_running(self) -> None:
        self._flush()

    def _tick(self) -> None:
        if self._stream_dirty and self.shown and self.clock() - self._painted_at >= self._interval * 0.9:
            self._flush()

    def _flush(self) -> None:
        """Lay the running turn out as far as it has come and repaint the rows that changed."""
        if self._stream is None or not self.room.width:
            return
        started = self.clock()
        self._stream_dirty = False
        turn = self._stream.turn
        status = self._status() if turn.state == "streaming" else None
        unfolded = self.rows.unfolded(self._stream_at)
        layout = self._stream.layout(self.room.width, self.palette, unfolded, status)
        same, change = self.rows.put(self._stream_at, turn, layout)
        top = self.rows.top(self._stream_at)
        if change or self.follow:
            self.place(round(self.scroll_y))
        self.refresh_lines(top + same, max(1, self.rows.total - top - same))
        self._painted_at = self.clock()
        self._paint_cost = self._painted_at - started

    def _status(self) -> Line:
        text = self._stream.status if self._stream else ""
        return status_line(SPINNER[self._spin], text, "esc stop", self.room.width, self.palette)

    def _turn_spinner(self) -> None:
        """Only the spinner's own row is painted, four times a second, and not at all on slow links."""
        if self._stream is None or self.low_bandwidth or not self.shown:
            return
        if constants.TEXTUAL_ANIMATIONS == "none":
            return
        self._spin = (self._spin + 1) % len(SPINNER)
        row = self.rows.height(self._stream_at) - 2
        self.rows.layout(self._stream_at).lines[row] = self._status()
        self.refresh_line(self.rows.top(self._stream_at) + row)

    def _drop_stream(self) -> None:
        self._stream = None
        for timer in (self._timer, self._spinner):
            if timer is not None:
                timer.pause()
        self.note_follow()

    # Cursor, folding, copying, searching

    def cursor_rows(self) -> range:
        if self._cursor is None or not self.has_focus or self._cursor[0] >= len(self.rows):
            return range(0)
        index, number = self._cursor
        blocks = self.rows.blocks(index)
        if number >= len(blocks):
            return range(0)
        top = self.rows.top(index)
        return range(top + blocks[number].start, top + blocks[number].end)

    @property
    def cursor_block(self) -> Block | None:
        """The block under the cursor, if the cursor was ever moved."""
        if self._cursor is None or self._cursor[0] >= len(self.rows):
            return None
        blocks = self.rows.blocks(self._cursor[0])
        return blocks[min(self._cursor[1], len(blocks) - 1)] if blocks else None

    def watch_follow(self, follow: bool) -> None:
        self.post_message(self.FollowChanged(follow, self.new_below))

    def watch_new_below(self, new_below: int) -> None:
        self.post_message(self.FollowChanged(self.follow, new_below))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked block; a click on a folded part shows it."""
        if self.text_selection is not None:
            return
        index, within = self.rows.at(round(self.scroll_y) + event.y)
        if index >= len(self.rows):
            return
        for number, block in enumerate(self.rows.blocks(index)):
            if block.start <= within < block.end:
                self._cursor = (index, number)
                if block.part and within == block.start:
                    self.action_unfold()
        self.refresh()

    def action_cursor(self, step: int) -> None:
        """Go to the block above or below; a block taller than the view is scrolled through first."""
        top, height = round(self.scroll_y), self.room.height
        rows = self.cursor_rows()
        if rows and step > 0 and top < rows.stop - height and rows.start <= top + height:
            self.scroll_to(y=min(top + height // 2, rows.stop - height))
            return
        if rows and step < 0 and rows.start < top < rows.stop:
            self.scroll_to(y=max(top - height // 2, rows.start))
            return
        self._cursor = self._neighbour(step)
        self._show_cursor()

    def _neighbour(self, step: int) -> tuple[int, int] | None:
        """Where a step leads; the first one starts at the last block in view."""
        if not len(self.rows):
            return None
        if self._cursor is None:
            index = min(self.rows.at(round(self.scroll_y) + self.room.height - 1)[0], len(self.rows) - 1)
            number = len(self.rows.blocks(index))
            step = -1
        else:
            index, number = self._cursor
        number += step
        while not 0 <= number < len(self.rows.blocks(index)):
            index += step
            if not 0 <= index < len(self.rows):
                return self._cursor
            number = 0 if step > 0 else len(self.rows.blocks(index)) - 1
        return index, number

    def _show_cursor(self) -> None:
        rows = self.cursor_rows()
        top, height = round(self.scroll_y), self.room.height
        if rows and rows.start < top:
            self.scroll_to(y=rows.start)
        elif rows and rows.stop > top + height:
            self.scroll_to(y=min(rows.start, rows.stop - height))
        self.refresh()

    def action_top(self) -> None:
        self.scroll_to(y=0)

    def action_bottom(self) -> None:
        self.follow = True
        self.place(0)

    def action_half_page(self, step: int) -> None:
        self.scroll_to(y=round(self.scroll_y) + step * max(1, self.room.height // 2))

    def action_copy(self) -> None:
        """Copy the block under the cursor, else the last answer."""
        if (block := self.cursor_block) is not None:
            self.post_message(self.CopyRequested(clean_text(block.source, tab=0), block.kind))
        else:
            self.action_copy_turn()

    def action_copy_turn(self) -> None:
        turns = self.turns
        if self._cursor is not None and self._cursor[0] < len(turns):
            turns = turns[self._cursor[0] : self._cursor[0] + 1]
        for turn in reversed(turns):
            if turn.text:
                self.post_message(self.CopyRequested(clean_text(turn.text, tab=0), "turn"))
                return

    def action_unfold(self) -> None:
        block = self.cursor_block
        if block is not None and block.part and self._cursor is not None:
            index = self._cursor[0]
            self.rows.fold(index, block.part)
            if index == self._stream_at:
                self._flush()
            self.follow = False
            self.place(round(self.scroll_y))
            self.refresh()

    def action_search(self) -> None:
        self.post_message(self.SearchRequested())

    def marks_of(self, text: str) -> list[Highlight]:
        if not self._query:
            return []
        size, style = len(self._query), self.palette.match
        return [(at, at + size, style) for at in _occurrences(text.casefold(), self._query)]

    def action_match(self, step: int) -> None:
        """Go to the next row (or the one before) that holds the words, around the ends if need be."""
        if not self._query or not len(self.rows):
            return
        start = self._match or self.rows.at(round(self.scroll_y))
        index, within = min(start[0], len(self.rows) - 1), start[1] if self._match else start[1] - step
        for _ in range(len(self.rows) + 1):
            if self._query in _haystack(self.rows.turn(index)):
                lines = self.rows.layout(index).lines
                below = range(within + 1, len(lines))
                order = below if step > 0 else range(min(within, len(lines)) - 1, -1, -1)
                for row in order:
                    if self._query in lines[row].text.casefold():
                        self._match = (index, row)
                        self.follow = False
                        self.place(max(0, self.rows.top(index) + row - self.room.height // 3))
                        self.refresh()
                        return
            index = (index + step) % len(self.rows)
            within = -1 if step > 0 else 1 << 30


def _haystack(turn: TurnView) -> str:
    return f"{turn.text}\n{turn.thoughts}".casefold()


def _occurrences(text: str, words: str) -> Iterable[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + len(words))
