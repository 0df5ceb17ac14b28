"""The empty state: one sentence that says what would be here, one key, one consequence."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widget import Widget

from tui.keymap import key_label


class Empty(Widget):
    """Text in the upper middle of an empty area. Replaced or hidden once there is something to show."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"empty--title", "empty--key", "empty--text"}
    DEFAULT_CSS = """
    Empty {
        width: 1fr; height: 1fr; content-align: center middle; text-align: center; padding: 1 4;
        & > .empty--title { color: $foreground; text-style: bold; }
        & > .empty--key { color: $accent; text-style: bold; }
        & > .empty--text { color: $text-muted; }
    }
    """

    def __init__(
        self, title: str, key: str = "", then: str = "", note: str = "", id: str | None = None
    ) -> None:
        """`key` does `then`: ("No accounts yet", "a", "add one", "sign-in opens a link you can copy")."""
        super().__init__(id=id)
        self.title, self.key, self.then, self.note = title, key, then, note

    def render(self) -> Content:
        text = self.get_visual_style("empty--text")
        lines = [Content.styled(self.title, self.get_visual_style("empty--title"))]
        if self.key:
            key = Content.styled(key_label(self.key), self.get_visual_style("empty--key"))
            lines += [Content(), Content.assemble(key, Content.styled(f"  {self.then}", text))]
        if self.note:
            lines += [Content(), Content.styled(self.note, text)]
        return Content("\n").join(lines)
