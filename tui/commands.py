"""The command palette: tabs, the program's actions, what the shown pane can do, themes; with their keys.

One row each: title, what it does, key at the right. What was used last comes first. While a theme is
highlighted it is shown; leaving the palette without choosing takes it back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from textual import on
from textual.await_complete import AwaitComplete
from textual.command import Command, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input, OptionList

from tui.actions import ACTIONS
from tui.keymap import key_label

if TYPE_CHECKING:
    from tui.app import AgtuiApp

WIDTH = (0.65, 56, 92)
"""The palette's width: share of the screen, at least, at most. The same numbers stand in base.tcss."""
NARROW = (90, 0.92)
"""Below so many columns it takes this share."""
PADDING, FRAME = 5, 2
"""Columns of the palette that are not a row's; with 16 colours it also has a frame."""
MOVES = frozenset({"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape"})
"""Keys whose actions make no sense as a command."""
TITLE_WIDTH = 23


@dataclass(frozen=True)
class UseTheme:
    """Chooses a theme; also tells the preview which one it is."""

    app: AgtuiApp
    name: str

    def __call__(self) -> None:
        self.app.use_theme(self.name)


@dataclass(frozen=True)
class Entry:
    """One row of the palette."""

    title: str
    does: str
    key: str
    run: Callable[[], object]


def previewed(message: CommandPalette.OptionHighlighted) -> str:
    """The theme that the highlighted row would choose; empty for any other row."""
    option = message.highlighted_event.option
    command = option.hit.command if isinstance(option, Command) else None
    return command.name if isinstance(command, UseTheme) else ""


class Palette(CommandPalette):
    """Textual's palette, in which the first choice counts: what is typed behind it is let go."""

    _over = False

    def dismiss(self, result: None = None) -> AwaitComplete:
        if self._over:
            return AwaitComplete.nothing()
        self._over = True
        return super().dismiss(result)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _only_once(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        if self._over:
            event.stop()
            event.prevent_default()


class Commands(Provider):
    """All rows."""

    @property
    def _app(self) -> AgtuiApp:
        return cast("AgtuiApp", self.app)

    def entries(self) -> list[Entry]:
        """Every row, what was used last first, then in the order of their kinds."""
        app = self._app
        rows = [*self._tabs(), *self._actions(), *self._of_pane(), *self._themes()]
        recent = {title: place for place, title in enumerate(app.recent_commands)}
        return sorted(rows, key=lambda row: recent.get(row.title, len(recent)))

    def _actions(self) -> list[Entry]:
        return [
            Entry(spec.title, spec.help, self._app.key_named(spec.id), self._runner(spec.run))
            for spec in ACTIONS
            if spec.palette
        ]

    def _tabs(self) -> list[Entry]:
        return [
            Entry(
                f"Go to {tab.title}",
                "Show this tab.",
                self._app.key_named(f"tab-{number}"),
                self._runner(f"show_tab({number})"),
            )
            for number, tab in enumerate(self._app.tabs, 1)
        ]

    def _themes(self) -> list[Entry]:
        chosen = self._app.looks.chosen
        return [
            Entry(
                f"Theme: {name}",
                "The one that is on." if name == chosen else "",
                "",
                UseTheme(self._app, name),
            )
            for name in self._app.looks.names()
        ]

    def _of_pane(self) -> list[Entry]:
        """What can be done in the shown pane and with what has the focus in it; moves of a cursor are not
        among them: they are neither shown nor explained."""
        app = self._app
        rows: dict[str, Entry] = {}
        for active in app.shell.active_bindings.values():
            binding = active.binding
            if active.node in (app, app.shell) or not binding.description or not active.enabled:
                continue
            title = binding.description[:1].upper() + binding.description[1:]
            moves = binding.key in MOVES or not (binding.show or binding.tooltip)
            if binding.id is None or moves or title in rows:
                continue

            def run(action: str = binding.action, node: object = active.node) -> Awaitable[bool]:
                return app.run_action(action, node)  # type: ignore[arg-type]

            rows[title] = Entry(title, binding.tooltip, key_label(binding.key), run)
        return list(rows.values())

    def _runner(self, action: str) -> Callable[[], object]:
        return lambda: self._app.run_action(action)

    def _used(self, entry: Entry) -> Callable[[], object]:
        """Runs the entry and remembers it; a theme stays what it is, for the preview."""
        if isinstance(entry.run, UseTheme):
            return entry.run

        def run() -> object:
            self._app.recent_commands.insert(0, entry.title)
            del self._app.recent_commands[5:]
            return entry.run()

        return run

    def _row(self, entry: Entry, title: Content) -> Content:
        columns = self.screen.size.width
        share, least, most = WIDTH
        wide = max(least, min(most, int(columns * share)))
        room = (int(columns * NARROW[1]) if columns < NARROW[0] else wide) - PADDING
        room -= FRAME if self.app.native_ansi_color else 0
        does_room = room - max(TITLE_WIDTH, cell_len(entry.title)) - cell_len(entry.key) - 4
        left = title.pad_right(max(0, TITLE_WIDTH - cell_len(entry.title)) + 2)
        does = Content(entry.does).truncate(max(0, does_room), ellipsis=True)
        if not self.app.native_ansi_color:  # grey on the highlighted row's colour can't be read there
            does = does.stylize("$text-muted not bold")
        gap = " " * max(1, room - left.cell_length - does.cell_length - cell_len(entry.key))
        return Content.assemble(left, does, gap, Content.styled(entry.key, "$accent"))

    async def discover(self) -> Hits:
        for entry in self.entries():
            yield DiscoveryHit(self._row(entry, Content(entry.title)), self._used(entry), text=entry.title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self.entries():
            score = max(matcher.match(entry.title), 0.6 * matcher.match(entry.does))
            if score > 0:
                row = self._row(entry, matcher.highlight(entry.title))
                yield Hit(score, row, self._used(entry), text=entry.title)
