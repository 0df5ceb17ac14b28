"""Which theme is on: chosen at the start, previewed, changed, remembered.

Reading and checking theme files is tui/themes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App

from tui.terminal import Terminal
from tui.themes import ANSI, DEFAULT, Problem, Themes


class Looks:
    """The theme of one app. Problems of theme files are handed to `complain`, one line each."""

    def __init__(self, app: App[Any], own: Path | None, complain: Callable[[str], None]) -> None:
        self._app = app
        self._themes = Themes(own)
        self._complain = complain
        self._chosen = DEFAULT
        self.early: tuple[Problem, ...] = ()
        """What was wrong with the theme of the start, before there was anybody to tell."""

    @property
    def chosen(self) -> str:
        """The theme that stays when a preview ends."""
        return self._chosen

    def names(self) -> list[str]:
        return self._themes.names()

    def start(self, wanted: str, terminal: Terminal) -> None:
        """Put on the theme of the start: `wanted`, else one that fits the terminal.

        A theme that is missing or broken gives way to the default; without colours enough it is `ansi`.
        """
        fitting = ANSI if terminal.few_colours else DEFAULT
        for name in (wanted if terminal.depth != "mono" else "", fitting, DEFAULT):
            if name and self._register(name):
                self._chosen = name
                self._put_on(name)
                break
            if name:
                self.early += self._themes.problems or (Problem(name, 0, "there is no such theme"),)

    def _put_on(self, name: str) -> None:
        """Set the theme before the app runs, without the second pass over all styles that a change costs."""
        app = self._app
        app.set_reactive(App.theme, name)
        dark = app.current_theme.dark
        app.set_class(dark, "-dark-mode", update=False).set_class(not dark, "-light-mode", update=False)
        app.add_class(f"-theme-{name}", update=False)
        app.stylesheet.set_variables(app.get_css_variables())

    def preview(self, name: str) -> None:
        """Show the theme `name` for the moment."""
        if self._register(name):
            self._app.theme = name

    def restore(self) -> None:
        """End a preview."""
        if self._app.theme != self._chosen:
            self._app.theme = self._chosen

    def use(self, name: str) -> bool:
        """Put on the theme `name` to stay. False, and a complaint, if its file can't be used at all."""
        usable = self._register(name)
        for problem in self._themes.problems:
            self._complain(str(problem))
        if usable:
            self._chosen = name
            self._app.theme = name
        return usable

    def _register(self, name: str) -> bool:
        theme = self._themes.get(name)
        if theme is None:
            return False
        self._app.register_theme(theme)
        return True
