"""Go: letters on everything one can go to (ctrl+g). One more key, and the focus is there.

A tab has its number. A widget says its own letter through `jump_key` (`Jumpable`); any other widget that
can have the focus gets the next free one. Labels are chips over the top left corner of their target.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset, Size
from textual.widget import Widget
from textual.widgets import Static

from tui.dialog import Dialog
from tui.widgets.tab_bar import TabBar

LETTERS = "asdfgjklwertyuiopzxcvbnm"
HINT = " a letter goes there · a number shows a tab · esc leaves "


@runtime_checkable
class Jumpable(Protocol):
    """A widget that wishes for a letter of its own."""

    @property
    def jump_key(self) -> str: ...


class Target(NamedTuple):
    """One place to go: its key, where its label stands on the screen, and what it is."""

    key: str
    at: Offset
    what: str | Widget


def tab_targets(bar: TabBar) -> list[Target]:
    """The tabs, by their numbers."""
    return [
        Target(cell.number, bar.region.offset + Offset(cell.start - 1, 0), cell.tab) for cell in bar.cells()
    ]


def widget_targets(pane: Widget) -> list[Target]:
    """What in `pane` is on screen and can have the focus."""
    return letter_targets(widget for widget in pane.query("*") if widget.focusable and widget.is_on_screen)


def letter_targets(widgets: Iterable[Widget], taken: Iterable[str] = ()) -> list[Target]:
    """Letters for the widgets: wished ones first, then the free ones in order."""
    places = [widget for widget in widgets if widget.region.area]
    wished: dict[Widget, str] = {
        widget: widget.jump_key[:1] for widget in places if isinstance(widget, Jumpable)
    }
    used = set(taken)
    targets: list[Target] = []
    for widget in sorted(places, key=lambda widget: widget not in wished):
        key = wished.get(widget, "")
        if not key or key in used:
            key = next(
                (letter for letter in LETTERS if letter not in used and letter not in wished.values()), ""
            )
        if key:
            used.add(key)
            targets.append(Target(key, widget.region.offset, widget))
    return targets


class JumpScreen(Dialog[None]):
    """The overlay. It is gone after one key, and `go` is called with a tab's id or a widget."""

    DEFAULT_CSS = """
    JumpScreen {
        background: $background 45%;
        & > .jump--chip {
            position: absolute; width: 3; height: 1; text-align: center;
            background: $chip; color: $chip-text; text-style: bold;
        }
        & > .jump--hint {
            dock: bottom; width: 1fr; height: 1; text-align: center;
        }
    }
    """

    def __init__(self, targets: Sequence[Target], go: Callable[[str | Widget], Awaitable[None]]) -> None:
        super().__init__()
        self.targets = tuple(targets)
        self._go = go
        self._first_size: Size | None = None

    def compose(self) -> ComposeResult:
        for target in self.targets:
            chip = Static(target.key, classes="jump--chip", markup=False)
            chip.styles.offset = (max(0, target.at.x), target.at.y)
            yield chip
        yield Static(HINT, classes="jump--hint", markup=False)

    async def answer(self, event: events.Key) -> bool:
        self.dismiss()
        for target in self.targets:
            if target.key == event.character:
                await self._go(target.what)
                break
        return True

    def on_click(self) -> None:
        self.dismiss()

    def on_resize(self, event: events.Resize) -> None:
        """The labels would stand in wrong places."""
        if self._first_size is None:
            self._first_size = event.size
        elif event.size != self._first_size:
            self.dismiss()
