"""F1: what this place is, its keys, and the keys that work everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import Static

from tui.dialog import Dialog
from tui.keymap import key_label
from tui.panes.base import HelpData

if TYPE_CHECKING:
    from textual.binding import ActiveBinding

KEYS_WIDTH = 16


@runtime_checkable
class Helpable(Protocol):
    """A widget (or pane) that can say what it is for."""

    @property
    def help_data(self) -> HelpData | None: ...


class Line(NamedTuple):
    """One row of the key list: keys as shown, what they do."""

    keys: str
    does: str


def help_for(widget: Widget | None) -> HelpData | None:
    """The help of the nearest thing that has one, from `widget` outwards."""
    node: DOMNode | None = widget
    while node is not None:
        if isinstance(node, Helpable) and node.help_data is not None:
            return node.help_data
        node = node.parent
    return None


def key_lines(bindings: Iterable[ActiveBinding]) -> list[Line]:
    """Bindings as rows: the keys of one action together, in the order they were declared.

    Bindings with an id, which are ours, come before those that a field brings along.
    """
    keys: dict[tuple[str, str], list[str]] = {}
    for active in sorted(bindings, key=lambda active: not active.binding.id):
        binding = active.binding
        if active.enabled and binding.description:
            shown = binding.key_display or key_label(binding.key)
            row = keys.setdefault((binding.action, binding.tooltip or binding.description), [])
            if shown not in row:
                row.append(shown)
    return [Line("  ".join(shown), does) for (_, does), shown in keys.items()]


class HelpScreen(Dialog[None]):
    """One page to read; scrolls if it is long."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,enter", "dismiss", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, about: HelpData | None, here: Iterable[Line], everywhere: Iterable[Line]) -> None:
        super().__init__()
        self.about = about or HelpData("Help", "")
        self.here, self.everywhere = tuple(here), tuple(everywhere)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall-dialog"):
            with Vertical(classes="dialog-head"):
                yield Static(self.about.title, classes="dialog-title", markup=False)
                yield Static("esc", classes="dialog-esc", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=True):
                if self.about.text:
                    yield Static(self.about.text, classes="dialog-text", markup=False)
                if self.here:
                    yield Static("Keys here", classes="dialog-section", markup=False)
                    yield KeyTable(self.here)
                yield Static("Everywhere", classes="dialog-section", markup=False)
                yield KeyTable(self.everywhere)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, rows: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


class KeyTable(Widget):
    """Keys on the left, what they do on the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-table--key", "key-table--does"}
    DEFAULT_CSS = "KeyTable { width: 1fr; height: auto; }"

    def __init__(self, lines: Iterable[Line]) -> None:
        super().__init__()
        self.lines = tuple(lines)

    def render(self) -> Content:
        key, does = (self.get_visual_style(f"key-table--{part}") for part in ("key", "does"))
        room = max(10, self.size.width - KEYS_WIDTH - 1)
        rows: list[Content] = []
        for line in self.lines:
            wrapped = Content.styled(line.does, does).wrap(room)
            for number, text in enumerate(wrapped):
                shown = line.keys if number == 0 else ""
                rows.append(Content.assemble(Content.styled(shown.ljust(KEYS_WIDTH), key), " ", text))
        return Content("\n").join(rows)
