"""A one-row choice: `Aspect   auto ▸16:9  9:16`. Left and right move it; a click picks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.clean import clean_line

LABEL_WIDTH = 9


class Choice(Widget, can_focus=True):
    """`value` is the option that is picked. Options that don't fit scroll into view around it."""

    DEFAULT_CSS = """
    Choice {
        height: 1;
        background: transparent;
        & > .choice--label { color: $muted; }
        & > .choice--value { color: $foreground; text-style: bold; }
        & > .choice--focus { color: $accent; text-style: bold; }
        & > .choice--other { color: $faint; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "choice--label",
        "choice--value",
        "choice--focus",
        "choice--other",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "pick(-1)", "Previous", id="choice.previous", show=False),
        Binding("right,l,space", "pick(1)", "Next", id="choice.next", show=False),
    ]

    @dataclass
    class Picked(Message):
        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            return self.choice

    value: reactive[str] = reactive("")

    def __init__(self, label: str, options: Sequence[str], value: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label, self._options = label, tuple(options)
        self.set_reactive(Choice.value, value or self._options[0])

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        segments = [Segment(clean_line(self._label).ljust(LABEL_WIDTH), base + self._ink("label"))]
        shown = self._window(self.size.width - LABEL_WIDTH)
        for option in shown:
            if option == self.value:
                ink = self._ink("focus" if self.has_focus else "value")
                segments.append(Segment(f"▸{clean_line(option)} ", base + ink))
            else:
                segments.append(Segment(f" {clean_line(option)} ", base + self._ink("other")))
        if shown[-1] != self._options[-1]:
            segments.append(Segment("›", base + self._ink("other")))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _window(self, room: int) -> tuple[str, ...]:
        """As many whole options as fit, the picked one among them."""
        options = self._options
        first, at = 0, options.index(self.value) if self.value in options else 0
        while first < at and _width(options[first : at + 1]) > room - 1:
            first += 1
        last = len(options)
        while last > at + 1 and _width(options[first:last]) > room - (last < len(options)):
            last -= 1
        return options[first:last]

    def _ink(self, name: str) -> Style:
        style = self.get_component_rich_style(f"choice--{name}")
        return Style(color=style.color, bold=style.bold)

    def action_pick(self, step: int) -> None:
        at = self._options.index(self.value) if self.value in self._options else 0
        self._pick(self._options[(at + step) % len(self._options)])

    def _pick(self, value: str) -> None:
        self.value = value
        self.post_message(self.Picked(self, value))

    def on_click(self, event: events.Click) -> None:
        at = LABEL_WIDTH
        for option in self._window(self.size.width - LABEL_WIDTH):
            end = at + cell_len(clean_line(option)) + 2
            if at <= event.x < end:
                self._pick(option)
                return
            at = end

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()


def _width(options: Sequence[str]) -> int:
    """Cells that options take, each with the mark before and the gap after it."""
    return sum(cell_len(clean_line(option)) + 2 for option in options)
