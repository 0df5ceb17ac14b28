"""A modal list to choose one of many by typing a few letters: models, accounts, chats, prompts.

Rows have a title, columns of facts and a hint. It knows nothing of what the rows are; it returns an id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.dialog import Dialog
from tui.widgets.picker_list import PickerColumn, PickerList, PickerRow, ranked
from tui.widgets.plain import PlainText, frame


class Picker(Dialog[str | None]):
    """Dismissed with the chosen row's id, or None after esc."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    Picker {
        align-horizontal: center;
        background: $background 60%;
        & > #box {
            margin-top: 2;
            width: 80%;
            min-width: 60;
            max-width: 110;
            height: auto;
            max-height: 80%;
            background: $panel;
            border: round $accent;
            border-title-color: $foreground;
            border-title-style: bold;
            border-subtitle-color: $foreground-muted;
            padding: 0 1;
        }
        & #words { border: none; height: 1; padding: 0 1; margin-bottom: 1; background: $panel; }
        & PickerList { height: auto; max-height: 1fr; }
        & #hint { height: auto; max-height: 2; color: $foreground-muted; padding: 0 1; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", id="picker.close"),
        Binding("up,ctrl+p", "move(-1)", "up", id="picker.up", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", "down", id="picker.down", show=False, priority=True),
        Binding("pageup", "move(-10)", "page up", id="picker.page_up", show=False, priority=True),
        Binding("pagedown", "move(10)", "page down", id="picker.page_down", show=False, priority=True),
    ]

    box = getters.query_one("#box", Vertical)
    words = getters.query_one("#words", Input)
    choices = getters.query_one(PickerList)
    hint = getters.query_one("#hint", PlainText)

    def __init__(
        self,
        title: str,
        rows: Sequence[PickerRow],
        columns: Sequence[PickerColumn] = (),
        *,
        current: str = "",
        placeholder: str = "type to filter",
    ) -> None:
        """`current` is the id that the bar starts on; `columns` describe what follows the title."""
        super().__init__()
        self._title, self._rows, self._columns = title, tuple(rows), tuple(columns)
        self._current, self._placeholder = current, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Input(placeholder=self._placeholder, id="words", select_on_focus=False)
            yield PickerList(self._columns)
            yield PlainText(id="hint")

    def on_mount(self) -> None:
        frame(self.box, self._title)
        self.words.cursor_blink = False
        self._show("")
        self.choices.put_cursor(self._current)

    @on(Input.Changed, "#words")
    def filter(self, message: Input.Changed) -> None:
        self._show(message.value)

    @on(Input.Submitted, "#words")
    def choose(self) -> None:
        if self.choices.cursor_row is not None:
            self.dismiss(self.choices.cursor_row.id)

    @on(PickerList.Moved)
    def tell(self) -> None:
        row = self.choices.cursor_row
        self.hint.put(row.hint if row else "nothing matches; backspace widens the search")

    @on(PickerList.Clicked)
    def choose_clicked(self, message: PickerList.Clicked) -> None:
        self.dismiss(message.id)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        self.choices.move(step)

    def _show(self, words: str) -> None:
        found = ranked(words, self._rows)
        self.choices.show(found)
        self.box.border_subtitle = f"{len(found)} of {len(self._rows)} · enter choose · esc close"
