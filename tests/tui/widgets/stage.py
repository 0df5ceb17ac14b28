"""An app that shows one widget, and waiting by condition instead of by time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget


class Stage(App[None]):
    """Only `widget`, as large as the terminal, focused."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget

    def compose(self) -> ComposeResult:
        yield self._widget

    def on_mount(self) -> None:
        self._widget.focus()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rows_of(widget: Widget) -> list[str]:
    """What the widget shows, row by row, without blanks at the ends."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def shown(widget: Widget) -> str:
    return "\n".join(rows_of(widget))


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Let the app go on until `true()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.002)
        await pilot.pause()
