"""A question with a few answers, one a row: quit or stay, try again or take another port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from tui.dialog import Dialog

NONE = -1


class ChoiceScreen(Dialog[int]):
    """Its result is the index of the chosen answer, or `NONE` after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]

    def __init__(
        self, title: str, text: str, answers: Sequence[str], *, leave: str = "esc", grave: bool = False
    ) -> None:
        """`leave` is what escape does, shown beside the title; `grave` colours the page for bad news."""
        super().__init__(classes="-grave" if grave else "")
        self.question, self.text, self.answers, self.leave = title, text, tuple(answers), leave

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with Vertical(classes="dialog-head"):
                yield Static(self.question, classes="dialog-title", markup=False)
                yield Static(self.leave, classes="dialog-esc", markup=False)
            if self.text:
                yield Static(self.text, classes="dialog-text", markup=False)
            yield OptionList(*self.answers, classes="dialog-answers", markup=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def chosen(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option_index)

    def action_leave(self) -> None:
        self.dismiss(NONE)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()


class ConfirmScreen(ChoiceScreen):
    """Yes or no; the result is `YES` or anything else."""

    YES = 0

    def __init__(self, title: str, text: str = "", *, yes: str = "Yes", no: str = "No") -> None:
        super().__init__(title, text, (yes, no), leave=f"esc {no.lower()}")
