"""Messages that cross the whole program: what the bridge heard, and what any widget may ask of the app.

A widget's own messages are nested in the widget. These here are plain dataclasses because Textual writes
its routing fields into a message after it is made; their own fields are never changed, and hold tuples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from textual.message import Message

if TYPE_CHECKING:
    from core.domain.state import Event, Status
    from tui.crash import Report
    from tui.terminal import Terminal

FlashLevel = Literal["info", "good", "warning", "error"]


class Program(Protocol):
    """What panes and dialogs use of the running program."""

    @property
    def terminal(self) -> Terminal: ...

    def keep(self) -> object:
        """Write down what the panes want to keep."""
        ...

    def report(self, error: BaseException) -> Report:
        """Write a crash report; the program goes on."""
        ...


@dataclass
class Heard(Message, bubble=False):
    """What happened in the gateway since the last such message, oldest first.

    Of events that replace each other (`account.changed` of one account, `job.changed` of one job) only
    the last is in here. `gap` says that something was missed: whoever keeps a list reads it anew.
    """

    events: tuple[Event, ...]
    gap: bool = False

    def topics(self) -> frozenset[str]:
        """The topics of all events, for a quick look whether any matters."""
        return frozenset(event.topic for event in self.events)


@dataclass
class StatusSeen(Message, bubble=False):
    """The owner's status as of now; None: it can't be reached. `attached`: it is another process."""

    status: Status | None
    attached: bool


@dataclass
class Flash(Message):
    """Say one line to the person for a few seconds, in the row above the key footer.

    It bubbles to the app from any widget. Errors that belong to a field stand next to the field instead.
    """

    text: str
    level: FlashLevel = "info"
    seconds: float = 4.0


@dataclass
class GoTo(Message):
    """Show the tab `tab`; `what` is handed to its pane's `asked` hook (for example a chat's id)."""

    tab: str
    what: str = ""
