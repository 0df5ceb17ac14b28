"""Leaving: by key, in mid work, and what is there again at the next start."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.widgets import Input

from tests.tui.pilot import opened, pane_of, plain_app, wait_until
from tui.messages import Flash
from tui.screens.confirm import ConfirmScreen
from tui.state import FILE, UiState

Opener = Callable[[], Awaitable[Any]]


async def test_ctrl_c_stops_what_runs_and_quits_only_the_second_time(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        pane.runs = True
        await pilot.press("ctrl+c")
        assert not pane.runs
        await pilot.press("ctrl+c")
        said = app.shell.flash_line.said
        assert said is not None
        assert "again to quit" in said.text
        assert app.is_running
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: not app.is_running)
    assert app.return_code == 0


async def test_news_that_comes_while_the_program_ends_is_no_error_of_it(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await app.shell.flash_line.remove()
        app.post_message(Flash("too late"))
        await pilot.pause()
        app.leave()
    assert app.return_code == 0
    assert not (home / "crashes").exists()


async def test_ctrl_c_copies_what_is_selected_in_a_field(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        field = (await opened(pilot, app)).query_one(Input)
        field.value = "a question"
        field.select_all()
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: app.shell.flash_line.said)
        said = app.shell.flash_line.said
        assert said is not None
        assert said.text == "copied 10 characters via the terminal (OSC 52)"
        assert app.clipboard == "a question"


async def test_quitting_asks_when_something_would_be_lost(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        pane.loses = "1 picture is being made"
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.shell)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.is_running)


async def test_an_unsent_prompt_and_the_tab_are_there_again(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: app.shell.active == "generate" and app.focused is not None)
        await wait_until(pilot, lambda: pane_of(app).is_restored)
        pane_of(app).query_one(Input).value = "a lighthouse"
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    again = plain_app(home, opener)
    async with again.run_test() as pilot:
        await wait_until(pilot, lambda: again.shell.active == "generate" and pane_of(again).is_restored)
        assert pane_of(again).query_one(Input).value == "a lighthouse"


async def test_escape_stops_then_leaves_the_field_and_never_quits(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        pane.runs = True
        await pilot.press("escape")
        assert not pane.runs
        assert app.focused is not None
        await pilot.press("escape", "escape", "escape")
        assert app.focused is None
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: "marked" in pane.told)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.focused is pane.query_one(Input))
        assert app.is_running


def test_an_unreadable_memory_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    assert UiState.load(tmp_path) == UiState()
    assert [path.name for path in tmp_path.iterdir()] == ["ui.json.unreadable"]


def test_a_memory_with_strange_values_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        json.dumps({"tab": 7, "theme": "ansi", "panes": {"a": {"b": 1, "c": "d"}, "e": 2}})
    )
    assert UiState.load(tmp_path) == UiState(theme="ansi", panes={"a": {"c": "d"}})
