"""A conversation to read: the transcript, and the field that looks for words in it."""

from __future__ import annotations

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical

from tui.messages import Flash
from tui.widgets.search_field import SearchField
from tui.widgets.transcript import TranscriptView


class Conversation(Vertical):
    """`transcript` is filled by the owner; searching it is done here."""

    DEFAULT_CSS = """
    Conversation { height: 1fr; }
    Conversation > TranscriptView { height: 1fr; }
    """

    transcript = getters.query_one(TranscriptView)
    search_field = getters.query_one(SearchField)

    def __init__(self, empty: str) -> None:
        """`empty` is what stands there while nothing has been said."""
        super().__init__()
        self._empty = empty

    def compose(self) -> ComposeResult:
        yield TranscriptView(empty=self._empty, classes="framed")
        yield SearchField()

    def last_answer(self) -> str:
        """The text of the newest answer; empty if there is none."""
        answers = (turn.text for turn in reversed(self.transcript.turns) if turn.role == "model")
        return next((text for text in answers if text), "")

    def page(self, step: int) -> None:
        """Go a page up (-1) or down (1)."""
        self.transcript.scroll_relative(y=step * max(self.transcript.size.height - 2, 1), animate=False)

    @on(TranscriptView.SearchRequested)
    def _ask_for_words(self) -> None:
        self.search_field.ask()

    @on(SearchField.Searched)
    def _search(self, message: SearchField.Searched) -> None:
        found = self.transcript.search(message.words)
        self.transcript.focus()
        if message.words:
            more = " · n next, N previous" if found else ""
            self.post_message(Flash(f"{found or 'none'} found{more}"))
