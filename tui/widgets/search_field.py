"""A line that asks for words to look for, shown on demand and gone once it has been answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class SearchField(Input):
    """Hidden until `ask`. Enter gives the words, escape gives none; either way it goes."""

    DEFAULT_CSS = """
    SearchField { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    SearchField:focus { border: none; }
    SearchField.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Search no more", id="search.leave", show=False, priority=True),
    ]

    @dataclass
    class Searched(Message):
        """Look for `words`; empty: show no matches."""

        words: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="search this conversation…", compact=True, id=id)
        self.cursor_blink = False

    def ask(self) -> None:
        self.value = ""
        self.add_class("-open")
        self.focus()

    @on(Input.Submitted)
    def _given(self, message: Input.Submitted) -> None:
        message.stop()
        self._done(self.value.strip())

    def action_leave(self) -> None:
        self._done("")

    def _done(self, words: str) -> None:
        self.remove_class("-open")
        self.post_message(self.Searched(words))
