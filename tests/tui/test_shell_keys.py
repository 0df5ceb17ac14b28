"""Keys of the shell: one's own, help, palette, themes, go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

from tests.tui.pilot import PlainPane, opened, pane_of, plain_app, row, shown, wait_until
from tui.commands import Commands, Palette
from tui.screens.confirm import ChoiceScreen
from tui.screens.help import HelpScreen
from tui.screens.onboarding import OnboardingScreen
from tui.state import UiState
from tui.tabs import TabSpec

Opener = Callable[[], Awaitable[Any]]


async def test_ones_own_key_works_and_the_footer_shows_it(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, keys={"help": "f2", "chat.mark": "f5"})
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        await wait_until(pilot, lambda: shown(app, "F2 help", "F5 mark"))
        await pilot.press("f5")
        await wait_until(pilot, lambda: "marked" in pane.told)
        await pilot.press("f2")
        await wait_until(pilot, lambda: app.screen is not app.shell)


async def test_a_wrong_key_in_the_settings_is_said_at_the_start(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, keys={"hlep": "f2"})
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: app.shell.flash_line.said)
        said = app.shell.flash_line.said
        assert said is not None
        assert "hlep" in said.text


async def test_help_tells_what_has_the_focus_and_its_keys(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 48)) as pilot:
        await opened(pilot, app)
        await pilot.press("f1")
        await wait_until(pilot, lambda: shown(app, "A plain tab"))
        await wait_until(pilot, lambda: shown(app, "Puts a mark here."))
        await pilot.press("ctrl+g", "escape")
        await wait_until(pilot, lambda: app.screen is app.shell)


async def test_the_palette_runs_a_tabs_own_action_and_names_its_key(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        await pilot.press("ctrl+p", *"mark")
        await wait_until(
            pilot, lambda: any("Mark it" in row(app, n) and "^T" in row(app, n) for n in range(30))
        )
        await pilot.press("enter")
        await wait_until(pilot, lambda: "marked" in pane.told)


async def test_a_theme_is_previewed_in_the_palette_and_taken_back_on_escape(
    home: Path, opener: Opener
) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        assert app.theme == "harbor"
        await pilot.press("ctrl+p", *"harbor-light")
        await wait_until(pilot, lambda: app.theme == "harbor-light")
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.theme == "harbor")
        await pilot.press("ctrl+p", *"harbor-light")
        await wait_until(pilot, lambda: app.theme == "harbor-light")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.looks.chosen == "harbor-light")
    assert UiState.load(home).theme == "harbor-light"


async def test_go_puts_a_letter_on_a_field(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.focused is None)
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: app.screen is not app.shell)
        await pilot.press("a")
        await wait_until(pilot, lambda: app.focused is pane.query_one(Input))


async def test_no_cursor_blinks(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        await wait_until(pilot, lambda: not pane.query_one(Input).cursor_blink)
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: app.screen is not app.shell and app.focused is not None)
        await wait_until(pilot, lambda: not app.screen.query_one(Input).cursor_blink)


async def typed(pilot: Pilot[Any], *keys: str) -> None:
    """Keys that are all there before the first is answered, as somebody types who knows the way."""
    app: Any = pilot.app
    for key in keys:
        character = key if len(key) == 1 else "\r" if key == "enter" else None
        app.post_message(events.Key(key, character))
    await pilot.pause()


@pytest.mark.parametrize(
    "keys", [["z", "z"], ["ctrl+g", "ctrl+g"], ["ctrl+g", "ctrl+g", "ctrl+g"], ["1", "2"]]
)
async def test_keys_that_are_typed_behind_go_end_nothing(home: Path, opener: Opener, keys: list[str]) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await typed(pilot, "ctrl+g", *keys)
        await typed(pilot, "escape")
        await wait_until(pilot, lambda: app.screen is app.shell)
        assert app.is_running


@pytest.mark.parametrize("way", [["ctrl+g", "2"], ["alt+2"]])
async def test_what_is_typed_behind_a_change_of_tabs_reaches_the_tab(
    home: Path, opener: Opener, way: list[str]
) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await typed(pilot, *way, *"hello")
        await wait_until(pilot, lambda: app.shell.active == "generate")
        await wait_until(pilot, lambda: pane_of(app).query_one(Input).value == "hello")
        assert pane_of(app, "chat").query_one(Input).value == ""
        await typed(pilot, "alt+1", *"back", "alt+2", *" again")
        await wait_until(pilot, lambda: pane_of(app, "generate").query_one(Input).value == " again")
        assert pane_of(app, "chat").query_one(Input).value == "back"


async def test_what_is_typed_before_the_first_tab_is_there_reaches_it(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await typed(pilot, *"early")
        pane = await opened(pilot, app)
        await wait_until(pilot, lambda: pane.query_one(Input).value == "early")


class MovingPane(PlainPane):
    """A tab with a list that has keys to move in it, and one with a name."""

    class Moving(OptionList):
        BINDINGS = [  # noqa: RUF012
            Binding("j", "cursor_down", "line below", id="moving.down", show=False),
            Binding("c", "clear", "clear", id="moving.clear", tooltip="Empties the list."),
        ]

    def compose(self) -> ComposeResult:
        yield self.Moving("one")

    def restore(self, kept: Mapping[str, str]) -> None: ...


async def test_the_palette_lists_places_then_commands_then_what_the_tab_can_do_and_no_moves(
    home: Path, opener: Opener
) -> None:
    tabs = (TabSpec("chat", "chat", "c", "tests.tui.test_shell_keys:MovingPane"),)
    app = plain_app(home, opener, tabs=tabs)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, Palette))
        titles = [entry.title for entry in Commands(app.screen).entries()]
        assert titles[:2] == ["Go to chat", "Go to…"]
        assert titles.index("Quit") < titles.index("Clear") < titles.index("Mark it")
        assert titles.index("Mark it") < titles.index("Theme: harbor")
        assert not {"line below", "Line below"} & set(titles)


async def test_a_second_enter_in_the_palette_chooses_nothing_more(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        await pilot.press("ctrl+p", *"mark")
        await wait_until(pilot, lambda: any("Mark it" in row(app, n) for n in range(30)))
        await typed(pilot, "enter", "enter", "enter")
        await wait_until(pilot, lambda: "marked" in pane.told and app.screen is app.shell)
        await pilot.pause()
        assert pane.told.count("marked") == 1
        await typed(pilot, "ctrl+p", "escape", "escape", "enter", "escape")
        await wait_until(pilot, lambda: app.screen is app.shell)
        assert app.is_running


async def test_a_dialog_is_left_once_and_takes_no_page_below_it_away(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        answers: list[int | None] = []
        lower, upper = ChoiceScreen("Below", "", ("yes",)), ChoiceScreen("Above", "", ("yes",))
        app.push_screen(lower, answers.append)
        app.push_screen(upper, answers.append)
        await wait_until(pilot, lambda: app.screen is upper)
        lower.dismiss(7)
        assert app.screen is upper
        await typed(pilot, "enter", "enter", "escape")
        await wait_until(pilot, lambda: app.screen is app.shell)
        await wait_until(pilot, lambda: answers == [0, 7])


async def test_a_page_of_somebody_else_that_is_left_twice_ends_nothing(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        page = ModalScreen[None]()
        await app.push_screen(page)
        page.dismiss()
        page.dismiss()
        await wait_until(pilot, lambda: app.screen is app.shell)
        assert app.is_running


@pytest.mark.parametrize("key", ["f1", "ctrl+p", "alt+2"])
async def test_the_first_page_gives_way_to_the_keys_it_names(
    tmp_path: Path, opener: Opener, key: str
) -> None:
    app = plain_app(tmp_path, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, OnboardingScreen))
        await pilot.press(key)
        if key == "alt+2":
            await wait_until(pilot, lambda: app.screen is app.shell and app.shell.active == "generate")
        else:
            page = HelpScreen if key == "f1" else Palette
            await wait_until(pilot, lambda: isinstance(app.screen, page))
            await pilot.press("escape")
            await wait_until(pilot, lambda: app.screen is app.shell)


async def test_after_a_stray_escape_typing_goes_on_in_the_field(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        field = pane.query_one(Input)
        await pilot.press("escape")
        await typed(pilot, *"hello")
        await wait_until(pilot, lambda: field.value == "hello" and app.focused is field)
        await pilot.press("escape")
        app.post_message(events.Paste("pasted"))
        await wait_until(pilot, lambda: field.value == "pasted")
        await pilot.press("escape", "question_mark")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))


class ListPane(PlainPane):
    """A tab that starts in a list."""

    def compose(self) -> ComposeResult:
        yield OptionList("one", "two")
        yield Input()

    def restore(self, kept: Mapping[str, str]) -> None: ...


async def test_escape_goes_back_to_the_list_and_stays_there(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, tabs=(TabSpec("chat", "chat", "c", "tests.tui.test_shell_keys:ListPane"),))
    async with app.run_test() as pilot:
        await opened(pilot, app)
        rows = app.shell.query_one(OptionList)
        app.shell.set_focus(app.shell.query_one(Input))
        await pilot.press("escape")
        assert app.focused is rows
        await pilot.press("escape", "escape")
        assert app.focused is rows
        app.shell.set_focus(None)
        await typed(pilot, "down")
        await wait_until(pilot, lambda: app.focused is rows and rows.highlighted == 1)
        app.shell.set_focus(None)
        await typed(pilot, "ctrl+t")
        await wait_until(pilot, lambda: "marked" in pane_of(app).told)
