"""The last row: the keys that matter here. It drops whole entries when room is short and cuts no word.

`^P` and `F1` have the highest rank of all and always stay, so that everything can be found from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.keymap import key_label
from tui.panes.base import FooterKey

GAP = 2
MARGIN = 1


class Entry(NamedTuple):
    """One key as it stands in the row, from column `start`."""

    key: FooterKey
    shown: str
    start: int

    @property
    def label(self) -> str:
        """The label as it follows the key: after a space, unless it goes on from the key (`1…4 level`)."""
        return self.key.label if self.key.label.startswith("…") else f" {self.key.label}"

    @property
    def end(self) -> int:
        return self.start + cell_len(self.shown) + cell_len(self.label)


def fit(
    keys: Sequence[FooterKey], width: int, shown_key: Callable[[FooterKey], str] | None = None
) -> list[Entry]:
    """The keys that fit into `width` columns, in their own order; the lowest ranks go first.

    Of equal ranks the later one goes. `shown_key` gives a key's text.
    """
    left = [(key, shown_key(key) if shown_key else key_label(key.key)) for key in keys]
    while left:
        entries: list[Entry] = []
        column = MARGIN
        for key, shown in left:
            entries.append(Entry(key, shown, column))
            column = entries[-1].end + GAP
        if entries[-1].end <= width:
            return entries
        lowest = min(range(len(left)), key=lambda index: (left[index][0].rank, -index))
        del left[lowest]
    return []


class KeyFooter(Widget):
    """The row of keys. A click on an entry presses its key."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-footer--key", "key-footer--label"}

    @dataclass
    class Pressed(Message):
        """An entry was clicked: `key` as Textual names it."""

        key: str

    keys: reactive[tuple[FooterKey, ...]] = reactive[tuple[FooterKey, ...]](())

    def __init__(self, bound: Callable[[FooterKey], str] | None = None, id: str | None = None) -> None:
        """`bound` gives the key that an entry's action is on now (the person may have moved it)."""
        super().__init__(id=id)
        self._bound: Callable[[FooterKey], str] = bound or FooterKey.default_key

    def entries(self) -> list[Entry]:
        """What stands in the row now."""
        return fit(self.keys, self.size.width, lambda key: key_label(self._bound(key)))

    def render(self) -> Content:
        strong, plain = (self.get_visual_style(f"key-footer--{part}") for part in ("key", "label"))
        row: list[Content] = []
        column = 0
        for entry in self.entries():
            row.append(Content(" " * (entry.start - column)))
            row.append(Content.styled(entry.shown, strong))
            row.append(Content.styled(entry.label, plain))
            column = entry.end
        return Content.assemble(*row)

    def on_click(self, event: events.Click) -> None:
        for entry in self.entries():
            if entry.start <= event.x < entry.end:
                self.post_message(self.Pressed(self._bound(entry.key).split(",")[0]))
                return
