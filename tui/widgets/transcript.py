"""The conversation view: turns as cached rows and an answer that streams in.

Built on cursor_view.py (cursor, folding, search) and follow_view.py (arranging, following, painting). It
fetches nothing, copies nothing and knows no gateway: values come down (TurnView, AnswerHandle.feed),
messages go up (CopyRequested, SearchRequested, FollowChanged, Settled).

Why rows and not widgets: 100 tokens a second under 600 messages cost a widget tree a whole core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic

from textual import constants
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer

from tui.widgets.blocks import status_line, text_width, with_margin
from tui.widgets.cursor_view import CursorView
from tui.widgets.lines import PLAIN, Line, Span, wrap_spans
from tui.widgets.palette import Palette
from tui.widgets.stream import Kind, StreamingTurn
from tui.widgets.turn import ImageView, State, ToolView, TurnView

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@lru_cache(maxsize=4)
def _hint(text: str, width: int, palette: Palette) -> list[Line]:
    """The rows of a view without turns. It is part of the first thing drawn, and the parser of Markdown
    would take longer to import than all of that takes to draw."""
    pieces = enumerate(text.strip().split("`"))
    spans = [Span(piece, palette.inline_code if number % 2 else PLAIN) for number, piece in pieces]
    return with_margin(wrap_spans(spans, width))


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


class TranscriptView(CursorView):
    """One conversation. Colours come from component classes `transcript--*` (see palette.py)."""

    @dataclass
    class FollowChanged(Message):
        """The view follows the end, or has left it with `new_below` rows still unseen."""

        follow: bool
        new_below: int

    low_bandwidth: var[bool] = var(False)
    """Paint a running answer 5 times a second instead of 12, scroll a third of the view at once
    instead of a row (each scroll sends the whole view: 8 KB at 100x30), and move no spinner."""

    def __init__(
        self,
        turns: Sequence[TurnView] = (),
        *,
        empty: str = "",
        clock: Callable[[], float] = monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` is what stands in the view while it has no turns; keys in it are between backticks."""
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
        self.forget_place()
        self.follow = True
        self.relayout()

    def append_turn(self, turn: TurnView) -> None:
        """Add a finished turn below the others. What the user said brings the end into view."""
        self.rows.append(turn)
        if turn.role == "you":
            self.follow = True
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

    @property
    def status_text(self) -> str:
        """What the border says: `following`, or how much is unseen below."""
        if self.follow:
            return "▼ following" if self._stream else ""
        return super().status_text

    def turn_at(self, index: int) -> TurnView:
        if self._stream is not None and index == self._stream_at:
            return self._stream.turn
        return super().turn_at(index)

    def refolded(self, index: int) -> None:
        if index == self._stream_at:
            self._flush()

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
            if self.low_bandwidth:
                self.grown()
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
        rows = _hint(self._empty, text_width(self.room.width), self.palette)
        first = max(0, (self.room.height - len(rows)) // 3)
        return rows[y - first] if 0 <= y - first < len(rows) else None

    def spare_rows(self) -> int:
        if self._stream is None or not self.low_bandwidth:
            return 0
        return -self.rows.total % max(1, self.room.height // 3)

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

    def watch_follow(self, follow: bool) -> None:
        self.post_message(self.FollowChanged(follow, self.new_below))

    def watch_new_below(self, new_below: int) -> None:
        self.post_message(self.FollowChanged(self.follow, new_below))
