"""Driving the screen in tests: waiting for facts, and tabs that need no gateway."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot
from textual.reactive import var
from textual.widgets import Input

from tui.app import AgtuiApp
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.start import Options
from tui.tabs import TabSpec
from tui.terminal import Terminal

SIZES = ((80, 24), (100, 30), (160, 48))
THEMES = ("harbor", "harbor-light", "ansi")
TERMINAL = Terminal.read({"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"})
NAMES = ("chat", "generate", "history", "accounts", "logs")


async def wait_until(pilot: Pilot[Any], holds: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the program go on until `holds()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await pilot.pause(0.01)


FOOTER = (FooterKey("enter", "send", 90), FooterKey("ctrl+t", "mark", 80, "chat.mark"))


class PlainPane(Pane):
    """A tab with one field, which remembers what it was told."""

    BINDINGS = [Binding("ctrl+t", "mark", "Mark it", tooltip="Puts a mark here.", id="chat.mark")]  # noqa: RUF012
    keys = var(FOOTER)
    help_data = HelpData("A plain tab", "It has one field.")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.told: list[str] = []
        self.runs = False
        self.loses = ""

    def compose(self) -> ComposeResult:
        yield Input(placeholder="Message")

    def restore(self, kept: Mapping[str, str]) -> None:
        self.query_one(Input).value = kept.get("text", "")

    def kept(self) -> Mapping[str, str]:
        return {"text": self.query_one(Input).value}

    def activated(self) -> None:
        self.told.append("activated")

    def deactivated(self) -> None:
        self.told.append("deactivated")

    def ready(self, services: Any) -> Awaitable[None] | None:
        self.told.append("ready")
        return None

    def heard(self, message: Heard) -> None:
        self.told += [event.topic for event in message.events] + (["gap"] if message.gap else [])

    def asked(self, what: str) -> None:
        self.told.append(f"asked {what}")

    def stop(self) -> bool:
        ran, self.runs = self.runs, False
        return ran

    def busy(self) -> str:
        return self.loses

    def action_mark(self) -> None:
        self.told.append("marked")


PLAIN_TABS = tuple(TabSpec(name, name, name[:4], "tests.tui.pilot:PlainPane") for name in NAMES)


def plain_app(home: Path, opener: Callable[[], Awaitable[Any]], **options: Any) -> AgtuiApp:
    """The program with plain tabs, its state in `home`. `tabs` replaces the tabs, `terminal` the terminal."""
    tabs = options.pop("tabs", PLAIN_TABS)
    terminal = options.pop("terminal", TERMINAL)
    return AgtuiApp(opener, Options(state_dir=home, config_dir=home, **options), terminal=terminal, tabs=tabs)


def pane_of(app: AgtuiApp, tab: str = "") -> PlainPane:
    pane = app.shell.pane_of(tab or app.shell.active)
    assert isinstance(pane, PlainPane)
    return pane


async def opened(pilot: Pilot[Any], app: AgtuiApp) -> PlainPane:
    """The first tab, once the gateway is there."""
    await wait_until(pilot, lambda: app.shell.pane is not None and "ready" in pane_of(app).told)
    await wait_until(pilot, lambda: app.focused is not None and app.status is not None)
    return pane_of(app)


def shown(app: AgtuiApp, *words: str) -> bool:
    """Whether all the words are on the screen, each in one row."""
    rows = [row(app, number) for number in range(app.screen.size.height)]
    return all(any(word in each for each in rows) for word in words)


def row(app: AgtuiApp, number: int) -> str:
    """What stands in one row of the screen; nothing while it has not been laid out."""
    strips = app.screen._compositor.render_strips()
    return "".join(segment.text for segment in strips[number]) if number < len(strips) else ""
