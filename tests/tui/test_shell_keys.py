"""Keys of the shell: one's own, help, palette, themes, go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.widgets import Input

from tests.tui.pilot import opened, plain_app, row, shown, wait_until
from tui.state import UiState

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
