"""Text from outside on the screen: cleaned, and never read as markup.

Titles of chats, prompts, file names, e-mails and upstream messages may hold anything; whatever shows them
goes through here.
"""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.widgets.clean import clean_line, clean_text


def frame(widget: Widget, title: str | None = None, subtitle: str | None = None) -> None:
    """Put plain text into the frame of `widget`; None leaves that side as it is."""
    if title is not None:
        widget.border_title = Content(clean_line(title))
    if subtitle is not None:
        widget.border_subtitle = Content(clean_line(subtitle))


class PlainText(Static):
    """Shows the text that `put` gives it, as it is."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Content(clean_text(text)), id=id, classes=classes)

    def put(self, text: str) -> None:
        self.update(Content(clean_text(text)))
