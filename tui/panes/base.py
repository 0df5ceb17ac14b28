"""The base of every tab: what the shell asks of a pane, and when.

A pane is made when its tab is first shown, stays mounted, and is told in this order:

    compose, on_mount        as any widget
    restore(kept)            what `kept()` returned when the program last ended
    activated()              it is on screen; again each time its tab is shown
    ready(services)          the gateway is there; may come after the first `activated()`, comes once
    heard(message)           events of the gateway, at most 20 times a second, hidden or not
    asked(what)              another tab sends the person here (`GoTo`)
    deactivated()            another tab is on screen; keep the model up to date, refresh nothing
    kept()                   the program ends: small texts to keep, such as an unsent prompt

All of it runs in the pane's own message queue, after its children are mounted.
Not here: which tabs there are (tui/tabs.py) and how they are switched (tui/shell.py).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from textual import on
from textual.app import App
from textual.binding import BindingsMap
from textual.containers import Container
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer
from textual.widget import Widget

from tui.messages import Flash, FlashLevel, GoTo, Heard, Program
from tui.workers import TellsFailures

if TYPE_CHECKING:
    from core.services import Services


KEEP_AFTER = 2.0


class FooterKey(NamedTuple):
    """One key of the footer. `rank` says what stays when room is short: the highest number.

    `key` is Textual's name of it (`ctrl+t`, `enter`); the footer shows it short (`^T`, `⏎`). `action` is
    the id of an action or binding: when the person has moved it to another key, the footer follows.

    `where` is a selector of widgets of the pane (`#chats`, `PromptArea`): the entry is shown while the focus
    is in one of them, or would go there with the next key; empty: always. So give it to every key that is
    bound in a widget, and to one of the pane's that does something only there; where its key would be
    written as a letter it is left out by itself. A label that begins with `…` follows its key without a
    space: `FooterKey("1", "…4 level")`.
    """

    key: str
    label: str
    rank: int = 50
    action: str = ""
    where: str = ""

    def default_key(self) -> str:
        """The key that it names, whatever the person has bound."""
        return self.key


class HelpData(NamedTuple):
    """What F1 says about a widget: a title and a few sentences of plain text."""

    title: str
    text: str


class Pane(TellsFailures, Container):
    """One tab's content."""

    DEFAULT_CSS = "Pane { width: 1fr; height: 1fr; }"

    @dataclass
    class Restored(Message, bubble=False):
        kept: Mapping[str, str]

    @dataclass
    class Shown(Message, bubble=False):
        shown: bool

    @dataclass
    class Opened(Message, bubble=False):
        services: Services

    @dataclass
    class Asked(Message, bubble=False):
        what: str

    @dataclass
    class KeysChanged(Message):
        """The pane's footer keys are others now."""

    keys: var[tuple[FooterKey, ...]] = var[tuple[FooterKey, ...]]((), init=False)
    """The pane's part of the key footer. Give it in the class body, `keys = var((FooterKey(...),))`, or
    assign it whenever it changes; the global keys are added by the shell."""

    help_data: HelpData | None = None
    """What F1 says about the pane while none of its focused widgets has a `help_data` of its own."""

    services: Services | None = None
    """The gateway, or None while it is still starting."""

    _keeping: Timer | None = None

    is_active: bool = False
    """Whether the pane is the one on screen."""

    is_restored: bool = False
    """Whether `restore` has been called: what `kept` gives is worth keeping only then."""

    now: Callable[[], float] = staticmethod(time.time)
    """The present in unix seconds, for ages and resets; a fixed one makes pictures repeatable."""

    # Hooks, to be overridden ------------------------------------------------------------------------

    def restore(self, kept: Mapping[str, str]) -> None:
        """Take back what `kept` returned when the program last ended."""

    def activated(self) -> None:
        """The pane has come on screen: bring the picture up to date."""

    def deactivated(self) -> None:
        """The pane has left the screen."""

    def ready(self, services: Services) -> Awaitable[None] | None:
        """The gateway is there; `self.services` is set. May be an async method.

        Reading anything that takes time belongs in a worker: the pane's messages wait for this method.
        """

    def heard(self, message: Heard) -> None:
        """Events of the gateway. While hidden (`is_active` is false) do not refresh."""

    def asked(self, what: str) -> None:
        """Somebody sent the person here; `what` names the thing to show, in the pane's own terms."""

    def stop(self) -> bool:
        """Stop what runs in the pane, keeping what has arrived. Returns whether anything ran.

        Bound to escape and to ctrl+c; closing an inner panel counts too, when nothing runs.
        """
        return False

    def busy(self) -> str:
        """What would be lost by quitting now, as half a sentence ("1 picture is being made"), or empty."""
        return ""

    def kept(self) -> Mapping[str, str]:
        """Small texts to keep until the program starts again. Also asked for after a crash."""
        return {}

    def first_focus(self) -> Widget | None:
        """What gets the focus when the tab is first shown; default: the first thing that can have it."""
        for widget in self.query("*"):
            if widget.focusable:
                return widget
        return None

    # For subclasses ---------------------------------------------------------------------------------

    @property
    def program(self) -> App[Any]:
        """The running program."""
        return cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]

    def own_bindings(self) -> BindingsMap:
        """A copy of the pane's key bindings, not those of what is in it."""
        return self._bindings.copy()

    def keep_soon(self) -> None:
        """Write down what `kept` gives in two seconds: not even a kill takes more than that."""
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(KEEP_AFTER, self.own.keep)

    @property
    def slow_line(self) -> bool:
        """Whether bytes to the terminal are what is short: it is at the other end of a connection."""
        return self.own.terminal.ssh

    @property
    def own(self) -> Program:
        """What the program has beyond Textual's."""
        return cast("Program", self.program)

    def copy(self, text: str) -> None:
        """Put `text` on the clipboard."""
        self.program.copy_to_clipboard(text)

    def flash(self, text: str, level: FlashLevel = "info", seconds: float = 4.0) -> None:
        """Say one line to the person."""
        self.post_message(Flash(text, level, seconds))

    def go_to(self, tab: str, what: str = "") -> None:
        """Send the person to another tab."""
        self.post_message(GoTo(tab, what))

    # The shell's messages ---------------------------------------------------------------------------

    def watch_keys(self) -> None:
        self.post_message(self.KeysChanged())

    @on(Restored)
    def _restored(self, message: Restored) -> None:
        self.is_restored = True
        self.restore(message.kept)

    @on(Shown)
    def _shown(self, message: Shown) -> None:
        if message.shown == self.is_active:
            return
        self.is_active = message.shown
        if message.shown:
            self.activated()
        else:
            self.deactivated()

    @on(Opened)
    async def _opened(self, message: Opened) -> None:
        self.services = message.services
        waiting = self.ready(message.services)
        if waiting is not None:
            await waiting

    @on(Heard)
    def _heard(self, message: Heard) -> None:
        self.heard(message)

    @on(Asked)
    def _asked(self, message: Asked) -> None:
        self.asked(message.what)
