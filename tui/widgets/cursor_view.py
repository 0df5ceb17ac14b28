"""Walking over a conversation: a cursor on blocks, folding, copying, searching.

The middle part of the transcript, on top of follow_view.py. It asks for what it cannot do itself: copying
and asking for words are messages. It knows nothing of answers that stream (transcript.py does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.widgets.blocks import Block
from tui.widgets.clean import clean_text
from tui.widgets.follow_view import FollowView
from tui.widgets.selection import Highlight
from tui.widgets.turn import TurnView


class CursorView(FollowView):
    """A FollowView whose blocks can be walked over, folded, copied and searched."""

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
    class CopyRequested(Message, namespace="transcript_view"):
        """The user wants `text` on the clipboard; `what` names it (`code`, `block`, `turn`)."""

        text: str
        what: str

    @dataclass
    class SearchRequested(Message, namespace="transcript_view"):
        """The user pressed `/`: ask for the words and call `search`."""

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._cursor: tuple[int, int] | None = None
        self._query = ""
        self._match: tuple[int, int] | None = None

    def turn_at(self, index: int) -> TurnView:
        """A turn as far as it has come."""
        return self.rows.turn(index)

    def refolded(self, index: int) -> None:
        """Called when a part of a turn was shown or folded."""

    def forget_place(self) -> None:
        """Other turns are shown: no cursor, no search."""
        self._cursor = self._match = None
        self._query = ""

    def search(self, words: str) -> int:
        """Highlight `words` (any case) and go to the next match; how often they occur. Empty ends it."""
        self._query = words.casefold()
        self._match = None
        found = 0
        if words:
            found = sum(_haystack(self.turn_at(index)).count(self._query) for index in range(len(self.rows)))
        if found:
            self.action_match(1)
        self.refresh()
        return found

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
        order = reversed(range(len(self.rows)))
        for index in [self._cursor[0]] if self._cursor else order:
            if index < len(self.rows) and (text := self.turn_at(index).text):
                self.post_message(self.CopyRequested(clean_text(text, tab=0), "turn"))
                return

    def action_unfold(self) -> None:
        block = self.cursor_block
        if block is not None and block.part and self._cursor is not None:
            index = self._cursor[0]
            self.rows.fold(index, block.part)
            self.refolded(index)
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
            if self._query in _haystack(self.turn_at(index)):
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
