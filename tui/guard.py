"""The part of the application that must not fail: leaving, crashing, copying, pictures of the screen.

Whatever ends the program (a key, a signal, a lost connection, an error), what the person had typed is
kept first. Opening the gateway and showing tabs is tui/app.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rich.text import Text
from textual import events, on, work
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.filter import ANSIToTruecolor, LineFilter
from textual.worker import WorkerFailed

from tui.clipboard import copy
from tui.crash import Report, panel, write_report
from tui.messages import Flash, FlashLevel
from tui.no_colour import NoColour
from tui.notify import TITLE, TITLE_BACK, title_sequence
from tui.shell import ShellScreen
from tui.start import Options
from tui.state import UiState
from tui.terminal import Terminal

CRASHED = 70
"""Exit code after an error of the program's own (EX_SOFTWARE)."""
AGAIN_SECONDS = 3.0
"""How long the second ctrl+c may take."""
NO_COLOUR = NoColour()
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@runtime_checkable
class MouseSwitch(Protocol):
    """A driver that can leave the mouse to the terminal."""

    @property
    def mouse_on(self) -> bool: ...

    def set_mouse(self, on: bool) -> None: ...


class GuardedApp(App[int], inherit_bindings=False):
    """An app that keeps what was typed and leaves the terminal as it was."""

    shell: ShellScreen

    def __init__(
        self, options: Options, terminal: Terminal, driver_class: type[Driver] | None = None
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.options, self.terminal = options, terminal
        self.kept = UiState.load(options.state_dir)
        self._asked_to_leave_at = float("-inf")
        self._away = False

    def watch_signals(self) -> None:
        """End in order on SIGTERM, SIGHUP and SIGINT; only with a real terminal."""
        if self._driver is not None and not self._driver.is_headless:
            loop = asyncio.get_running_loop()
            for ending in ENDINGS:
                loop.add_signal_handler(ending, self.leave)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What drawn cells pass through. Textual's own list is that of the theme the app was made with:
        with it the terminal's 16 colours would be sent as the nearest of another palette."""
        if self.no_color:
            return (NO_COLOUR,)
        native = self.native_ansi_color
        return [each for each in self._filters if not (native and isinstance(each, ANSIToTruecolor))]

    # Leaving ----------------------------------------------------------------------------------------

    def leave(self, code: int = 0) -> None:
        """Keep what was typed, then end. The gateway is closed after the screen has gone."""
        self.keep()
        self.exit(return_code=code)

    def keep(self) -> bool:
        """Write down what is to be there at the next start; whether any pane had something."""
        self.kept.tab = self.shell.active or self.kept.tab
        for pane in self.shell.panes():
            if pane.id and pane.is_restored:
                self.kept.panes[pane.id] = dict(pane.kept())
        try:
            self.kept.save(self.options.state_dir)
        except OSError as error:
            self.log.warning(f"ui.json was not written: {error.strerror}")
            return False
        return any(any(texts.values()) for texts in self.kept.panes.values())

    async def action_quit(self) -> None:
        """Quit; ask first if something would be lost."""
        lost = ", ".join(busy for pane in self.shell.panes() if (busy := pane.busy()))
        if not lost:
            self.leave()
            return
        from tui.screens.confirm import ConfirmScreen

        def answered(answer: int | None) -> None:
            if answer == ConfirmScreen.YES:
                self.leave()

        self.push_screen(ConfirmScreen("Quit agtui?", f"{lost}.", yes="Quit", no="Stay"), answered)

    def action_interrupt(self) -> None:
        """ctrl+c: copy what is selected; else stop what runs; else, the second time, quit."""
        selected = self.screen.get_selected_text() or getattr(self.focused, "selected_text", "")
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
        elif self.screen is self.shell and (pane := self.shell.pane) is not None:
            running = pane.busy()
            if not pane.stop():
                self._ask_again()
            elif running:  # else an inner field or panel was left, which is seen
                self.flash("stopped; what had arrived is kept")
        else:
            self._ask_again()

    def _ask_again(self) -> None:
        """Leave, the second time within AGAIN_SECONDS."""
        if time.monotonic() - self._asked_to_leave_at < AGAIN_SECONDS:
            self.leave()
        else:
            self._asked_to_leave_at = time.monotonic()
            self.flash("^C again to quit", seconds=AGAIN_SECONDS)

    def pop_screen(self) -> AwaitComplete:
        """Take the topmost page away; the shell stays, also when a page above it is left twice."""
        if len(self.screen_stack) <= 1:
            return AwaitComplete.nothing()
        return super().pop_screen()

    # Crashing ---------------------------------------------------------------------------------------

    def report(self, error: BaseException) -> Report:
        """Write a crash report, secrets masked."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return write_report(
            error,
            self.options.state_dir,
            stamp=stamp,
            program=self.options.version,
            describer=self.options.describe_error,
        )

    def _handle_exception(self, error: Exception) -> None:
        """An error that nobody expected: keep what was typed, write a report, say where it is, and end.

        In place of Textual's, which prints a traceback with the values of local variables.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        self._return_code = CRASHED
        if self._exception is None:
            self._exception = cause if isinstance(cause, Exception) else error
            self._exception_event.set()  # pyright: ignore[reportUnknownMemberType]
            kept = False
            with contextlib.suppress(Exception):  # the pane that failed may fail again; its report counts
                kept = self.keep()
            words: Any = Text(panel(self.report(cause), kept), no_wrap=True, overflow="ignore")
            self._exit_renderables.append(words)
        self._close_messages_no_wait()

    # Saying things ----------------------------------------------------------------------------------

    def flash(self, text: str, level: FlashLevel = "info", seconds: float = 4.0) -> None:
        """Say one line to the person; in the terminal's title, too, while they are elsewhere."""
        if not self.shell.query("#flash"):
            return  # the program is ending, and the page is gone already
        self.shell.flash_line.say(Flash(text, level, seconds))
        if not self.app_focus and self._driver is not None:
            self._driver.write(title_sequence(f"{TITLE}: {text}", save=not self._away))
            self._away = True

    @on(Flash)
    def _flash(self, message: Flash) -> None:
        self.flash(message.text, message.level, message.seconds)

    @on(events.AppFocus)
    def _back(self) -> None:
        if self._away and self._driver is not None:
            self._away = False
            self._driver.write(TITLE_BACK)

    @on(events.DescendantFocus)
    def _still_cursor(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: over SSH each blink costs bytes all day."""
        if getattr(event.widget, "cursor_blink", False):
            event.widget.cursor_blink = False  # type: ignore[attr-defined]

    # Copying, pictures, mouse -----------------------------------------------------------------------

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the road that works here, and say which it was."""
        self._clipboard = text
        self._copy(text)

    @work(group="copy", exit_on_error=False)
    async def _copy(self, text: str) -> None:
        def write(sequence: str) -> None:
            if self._driver is not None:
                self._driver.write(sequence)

        copied = await copy(text, in_tmux=self.terminal.tmux, write=write, spool=self.options.state_dir)
        self.flash(copied.note, "warning" if copied.road in ("file", "nowhere") else "good")

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Save the screen as SVG below the state directory (or in `path`)."""
        folder = Path(path) if path else self.options.state_dir / "screenshots"
        file = folder / (filename or time.strftime("agtui-%Y%m%d-%H%M%S.svg"))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with os.fdopen(os.open(file, flags, 0o600), "w", encoding="utf-8") as svg:
                svg.write(self.export_screenshot(title=TITLE, simplify=True))
        except OSError as error:
            self.flash(f"no screenshot: {file}: {error.strerror}", "error")
        else:
            self.flash(f"screenshot: {file}", "good", 8)

    def action_toggle_mouse(self) -> None:
        """Leave the mouse to the terminal, or take it back."""
        if not isinstance(self._driver, MouseSwitch):
            self.flash("there is no mouse here")
            return
        self._driver.set_mouse(not self._driver.mouse_on)
        self.flash(
            "the mouse is ours again"
            if self._driver.mouse_on
            else "the mouse is your terminal's: select as usual, F9 takes it back"
        )
