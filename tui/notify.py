"""Telling the person something: the flash line, and the terminal's title while they look elsewhere.

Small news is one line above the key footer for a few seconds, never a box over the controls. The title
is what survives SSH and tmux: `agtui: answer ready` in the window list.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from tui.messages import Flash

TITLE = "agtui"
MARKS = {"info": "·", "good": "✓", "warning": "!", "error": "✗"}
MOST_ROWS = 3
"""Rows of one piece of news at most."""
TITLE_BACK = "\x1b[23;2t"
"""Takes back the title that was there before."""


def title_sequence(text: str, *, save: bool) -> str:
    """The control sequence (OSC 2) that sets the terminal's title; control characters are left out.

    `save` puts the title that is there on the terminal's stack first.
    """
    from tui.widgets.clean import clean_line

    return ("\x1b[22;2t" if save else "") + f"\x1b]2;{clean_line(text)[:80]}\x1b\\"


class FlashLine(Widget):
    """One row that is empty most of the time. News that needs more rows takes them for its time: what it
    ends with is often the file that it is about."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"flash--{level}" for level in MARKS}

    said: reactive[Flash | None] = reactive[Flash | None](None)
    """What is shown, or None."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._expiry: Timer | None = None
        self._room = 1

    def say(self, flash: Flash) -> None:
        """Show `flash` for its time; what was shown before makes room."""
        if self._expiry is not None:
            self._expiry.stop()
        self.said = flash
        self._expiry = self.set_timer(flash.seconds, self.clear, name="flash")

    def clear(self) -> None:
        if self._expiry is not None:
            self._expiry.stop()
            self._expiry = None
        self.said = None

    def render(self) -> Content:
        return Content("\n").join(self._rows())

    def _rows(self) -> list[Content]:
        """What is said, wrapped behind its mark."""
        if self.said is None:
            return [Content()]
        from tui.widgets.clean import clean_line

        style, room = self.get_visual_style(f"flash--{self.said.level}"), max(1, self.screen.size.width - 4)
        rows = Content.styled(clean_line(self.said.text), style).wrap(room)
        if len(rows) > MOST_ROWS:
            rows = rows[:MOST_ROWS]
            rows[-1] = (rows[-1] + Content.styled("…", style)).truncate(room, ellipsis=True)
        first, *more = rows
        mark = Content.styled(f" {MARKS[self.said.level]} ", style)
        return [Content.assemble(mark, first), *(Content.assemble("   ", row) for row in more)]

    def on_resize(self) -> None:
        self._take_room()

    def watch_said(self) -> None:
        self.screen.set_class(self.said is not None, "-flash")
        self._take_room()

    def _take_room(self) -> None:
        """Ask for another height only when it is another one: the whole page is laid out for it."""
        if (rows := len(self._rows())) != self._room:
            self._room = rows
            self.styles.height = rows
