"""Where the user writes: enter sends, ctrl+j breaks the line, up on the first line goes back in history.

A real TextArea, so that undo, selection, wide characters and input methods work. It sends nothing itself:
`Submitted` carries the text, which stays in place until the owner calls `clear_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.widgets import TextArea

from tui.widgets.clean import clean_text


class PromptArea(TextArea):
    """Grows from two rows to eight with its text, then scrolls. The cursor never blinks: bytes all day."""

    DEFAULT_CSS = """
    PromptArea {
        height: auto;
        min-height: 2;
        max-height: 8;
        border: none;
        padding: 0 1;
        background: $surface;
        color: $foreground;
        /* Always there: undoing an edit that makes the bar go would end Textual 8.2.8. */
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-background: $surface;
        &:focus { border: none; }
        & .text-area--placeholder { color: $foreground-disabled; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="prompt.send", show=False),
        Binding("ctrl+j,alt+enter", "newline", "new line", id="prompt.newline", show=False),
        # These reach a program only in terminals that speak the kitty protocol, so help does not name them.
        Binding("shift+enter,ctrl+enter", "newline", show=False),
        Binding("up", "older", "older prompt", id="prompt.older", show=False),
        Binding("down", "newer", "newer prompt", id="prompt.newer", show=False),
    ]

    @dataclass
    class Submitted(Message):
        """The user pressed the send key. The text is still in the prompt."""

        prompt: PromptArea
        text: str

        @property
        def control(self) -> PromptArea:
            return self.prompt

    sent: var[Sequence[str]] = var[Sequence[str]](())
    """What was sent before, oldest first. The owner keeps it."""

    def __init__(
        self, text: str = "", *, placeholder: str = "", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(
            text,
            placeholder=placeholder,
            highlight_cursor_line=False,
            id=id,
            classes=classes,
        )
        self.set_reactive(TextArea.cursor_blink, False)
        self._back = 0
        self._draft = ""

    def clear_text(self) -> None:
        """Empty the prompt: what it held is on its way. Undo brings it back."""
        self._back = 0
        self._draft = ""
        self.clear()

    def put_text(self, text: str) -> None:
        """Replace the text as one edit, with the cursor at its end."""
        self.replace(clean_text(text, tab=0), self.document.start, self.document.end)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        """Enter is a key like any other here; a text area's own breaks the line."""
        if event.key == "enter":
            event.prevent_default()

    def action_send(self) -> None:
        if self.text.strip():
            self.post_message(self.Submitted(self, self.text))

    def action_newline(self) -> None:
        self.insert("\n")
        self.scroll_cursor_visible()

    async def _on_paste(self, event: events.Paste) -> None:
        """A paste of any size is one edit, without what a terminal could obey."""
        event.stop()
        event.prevent_default()
        if not self.read_only:
            edit = self.replace(
                clean_text(event.text, tab=0), *self.selection, maintain_selection_offset=False
            )
            self.move_cursor(edit.end_location)

    def action_older(self) -> None:
        """Up: a row up, and on the first row the prompt before."""
        if self.cursor_at_first_line and self._back < len(self.sent):
            if not self._back:
                self._draft = self.text
            self._recall(self._back + 1)
        else:
            self.action_cursor_up()

    def action_newer(self) -> None:
        """Down: a row down, and on the last row back towards what was being written."""
        if self.cursor_at_last_line and self._back:
            self._recall(self._back - 1)
        else:
            self.action_cursor_down()

    def _recall(self, back: int) -> None:
        self._back = back
        self.put_text(self.sent[-back] if back else self._draft)
