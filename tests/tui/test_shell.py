"""The shell as a person uses it: tabs, rows that fit every size, news, and the start."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import Input, OptionList

from core.domain.failure import GatewayError, Kind
from core.domain.state import Event
from tests.tui.fake_services import FakeServices
from tests.tui.pilot import (
    FOOTER,
    NAMES,
    PLAIN_TABS,
    SIZES,
    PlainPane,
    opened,
    pane_of,
    plain_app,
    row,
    shown,
    wait_until,
)
from tui.app import EVERYWHERE
from tui.messages import Flash, GoTo, StatusSeen
from tui.panes.base import FooterKey
from tui.screens.confirm import ChoiceScreen
from tui.screens.onboarding import OnboardingScreen
from tui.shell import UnloadedPane
from tui.tabs import TABS, TabSpec
from tui.widgets.key_footer import fit
from tui.widgets.tab_bar import TAIL, lay_out

Opener = Callable[[], Awaitable[Any]]


async def test_only_the_first_tab_is_made_and_the_others_when_they_are_shown(
    home: Path, opener: Opener
) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        assert (await opened(pilot, app)).told == ["activated", "ready"]
        assert [pane.id for pane in app.shell.panes()] == ["chat"]
        await pilot.press("alt+3")
        await wait_until(pilot, lambda: app.shell.active == "history" and "ready" in pane_of(app).told)
        assert [pane.id for pane in app.shell.panes()] == ["chat", "history"]
        assert pane_of(app, "chat").told == ["activated", "ready", "deactivated"]
        await pilot.press("alt+1")
        await wait_until(pilot, lambda: pane_of(app, "chat").is_active)
        assert pane_of(app, "chat").told == ["activated", "ready", "deactivated", "activated"]


async def test_a_tab_can_be_reached_by_go_and_its_number_and_by_a_click(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: app.screen is not app.shell)
        await pilot.press("4")
        await wait_until(pilot, lambda: app.shell.active == "accounts")
        cell = app.shell.bar.cells()[1]
        await pilot.click("#tabs", offset=(cell.start + 2, 0))
        await wait_until(pilot, lambda: app.shell.active == "generate")


async def test_the_focus_comes_back_to_where_it_was(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        field = pane.query_one(Input)
        await wait_until(pilot, lambda: app.focused is field)
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: app.focused is not None and app.focused is not field)
        await pilot.press("alt+1")
        await wait_until(pilot, lambda: app.focused is field)


async def test_a_tab_that_works_out_of_sight_has_a_dot_until_it_is_done(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        pane.loses = "an answer is coming"
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: "1 chat •" in row(app, 0))
        pane.loses = ""
        await wait_until(pilot, lambda: "1 chat •" not in row(app, 0))


async def test_another_tab_can_send_the_person_here_with_something_to_show(
    home: Path, opener: Opener
) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        pane.post_message(GoTo("logs", "request-7"))
        await wait_until(pilot, lambda: app.shell.active == "logs" and "asked request-7" in pane_of(app).told)


async def test_a_tab_that_cannot_be_imported_says_so_and_the_others_work(home: Path, opener: Opener) -> None:
    tabs = (PLAIN_TABS[0], TabSpec("gone", "gone", "gone", "tests.tui.no_such_module:Pane"))
    app = plain_app(home, opener, tabs=tabs)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: isinstance(app.shell.pane, UnloadedPane))
        await wait_until(pilot, lambda: shown(app, "no_such_module"))
        await pilot.press("alt+1")
        await wait_until(pilot, lambda: app.shell.active == "chat")


async def test_events_of_the_gateway_reach_every_tab_that_was_made(
    home: Path, opener: Opener, world: FakeServices
) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: len(app.shell.panes()) == 2)
        world.published.put_nowait([Event(1, 0.0, "chat.changed", {"id": "c"})])
        await wait_until(pilot, lambda: all("chat.changed" in pane_of(app, t).told for t in NAMES[:2]))


def test_tabs_never_run_into_the_facts_and_never_lose_their_number() -> None:
    for width in range(12, 120):
        _, cells = lay_out(TABS, width, {"logs": "3"})
        assert [cell.number for cell in cells] == ["1", "2", "3", "4", "5"]
        assert cells[-1].end + TAIL <= width or not any(cell.title for cell in cells)
        assert all(left.end < right.start for left, right in pairwise(cells))


def test_the_footer_drops_whole_entries_and_keeps_the_two_that_find_all_others() -> None:
    for width in range(24, 120):
        entries = fit((*FOOTER, *EVERYWHERE), width)
        assert [entry.key.label for entry in entries][-2:] == ["commands", "help"]
        assert entries[-1].end <= width
    short = [entry.key.label for entry in fit((*FOOTER, *EVERYWHERE), 44)]
    assert short == ["send", "mark", "commands", "help"]


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_tabs_facts_and_the_keys_that_matter(
    home: Path, opener: Opener, size: tuple[int, int]
) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await wait_until(pilot, lambda: "SANDBOX" in row(app, 0))
        await wait_until(pilot, lambda: shown(app, "1 chat", "5 logs", ":8045", "2/2"))
        last = row(app, size[1] - 1)
        assert all(word in last for word in ("^P commands", "F1 help", "⏎ send", "^G go"))


async def test_a_terminal_that_grows_and_shrinks_stays_in_order(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        for width, height in ((40, 10), (200, 60), (100, 28), (90, 27), (80, 24)):
            await pilot.resize_terminal(width, height)
            await wait_until(pilot, lambda w=width: app.shell.size.width == w)  # type: ignore[misc]
            assert app.shell.has_class("-short") == (height < 28)
            await wait_until(pilot, lambda h=height: "F1 help" in row(app, h - 1))  # type: ignore[misc]


async def test_the_first_page_is_shown_once(tmp_path: Path, opener: Opener) -> None:
    app = plain_app(tmp_path, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, OnboardingScreen))
        await wait_until(pilot, lambda: shown(app, "simulated upstream", "http://127.0.0.1:8045/v1"))
        await pilot.press("a")
        await wait_until(pilot, lambda: app.shell.active == "accounts")
    again = plain_app(tmp_path, opener)
    async with again.run_test() as pilot:
        await opened(pilot, again)
        assert again.screen is again.shell


class Choice:
    def __init__(self, label: str, open: Opener) -> None:
        self.label, self.open = label, open


async def test_a_refused_start_is_said_in_words_and_another_way_is_offered(
    home: Path, opener: Opener
) -> None:
    async def refuse() -> Any:
        error = GatewayError.of(Kind.UNAVAILABLE, "Port 8045 is taken by process 42 (node).")
        error.choices = (Choice("Use port 8046", opener),)  # type: ignore[attr-defined]
        raise error

    app = plain_app(home, refuse)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await wait_until(pilot, lambda: shown(app, "process 42", "Use port 8046", "Try again", "Quit"))
        await pilot.press("enter")
        await opened(pilot, app)
        assert app.screen is app.shell


async def test_a_start_that_breaks_is_a_report_and_not_a_traceback(home: Path) -> None:
    async def broken() -> Any:
        raise KeyError("nobody")

    app = plain_app(home, broken)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await wait_until(pilot, lambda: shown(app, "KeyError"))
        assert len(list((home / "crashes").iterdir())) == 1
        await pilot.press("up", "enter")
        await wait_until(pilot, lambda: not app.is_running)
    assert app.return_code == 0


async def test_the_screen_is_there_before_the_gateway(home: Path, opener: Opener) -> None:
    go = asyncio.Event()

    async def slow() -> Any:
        await go.wait()
        return await opener()

    app = plain_app(home, slow)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_until(pilot, lambda: app.shell.pane is not None and "starting" in row(app, 0))
        await pilot.press(*"hello")
        await wait_until(pilot, lambda: pane_of(app).query_one(Input).value == "hello")
        go.set()
        await opened(pilot, app)
        await wait_until(pilot, lambda: ":8045" in row(app, 0))


def test_the_screen_needs_nothing_of_the_gateway_to_be_imported() -> None:
    probe = (
        "import sys, tui.app, tui.driver\n"
        "heavy = {'msgspec', 'httpx', 'sqlalchemy', 'starlette', 'PIL', 'tomlkit', 'markdown_it'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=True, timeout=15
    )
    assert done.stdout.strip() == "[]"


async def test_news_is_one_row_and_holds_no_control_characters(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        pane.post_message(Flash("one\x1b[31m\ntwo", "error"))
        await wait_until(pilot, lambda: "one two" in row(app, 28))
        assert "\x1b" not in row(app, 28)
        assert "F1 help" in row(app, 29)


@pytest.mark.parametrize("size", SIZES)
async def test_long_news_is_read_to_its_end_and_gives_its_rows_back(
    home: Path, opener: Opener, size: tuple[int, int]
) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=size) as pilot:
        pane = await opened(pilot, app)
        room = app.shell.body.size.height
        path = "/home/ada/.local/state/agtui/accounts.json.bad-20261120T124107Z"
        pane.post_message(Flash(f"The accounts file could not be read. It is kept as {path}", "warning", 60))
        await wait_until(pilot, lambda: shown(app, "accounts.json.bad-20261120T124107Z"))
        app.shell.flash_line.clear()
        await wait_until(pilot, lambda: app.shell.body.size.height == room and shown(app, "F1 help"))
        pane.post_message(Flash("x" * 2000, seconds=60))
        await wait_until(pilot, lambda: shown(app, "x…"))
        assert app.shell.flash_line.size.height == 3


@pytest.mark.parametrize("theme", ["ansi", "harbor-light"])
async def test_the_theme_of_the_settings_is_on_from_the_start(home: Path, opener: Opener, theme: str) -> None:
    app = plain_app(home, opener, theme=theme)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        assert app.theme == theme
        assert app.current_theme.name == theme


async def test_a_theme_that_does_not_exist_gives_way_and_is_said(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, theme="nowhere")
    async with app.run_test() as pilot:
        await opened(pilot, app)
        assert app.theme == "harbor"
        said = app.shell.flash_line.said
        assert said is not None
        assert "nowhere" in said.text


async def test_a_screenshot_is_a_private_file_whose_place_is_said(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("f8")
        await wait_until(pilot, lambda: app.shell.flash_line.said)
        (picture,) = (home / "screenshots").iterdir()
        assert picture.read_text().startswith("<svg")
        assert picture.stat().st_mode & 0o077 == 0


async def test_news_go_after_their_seconds_and_with_the_tab(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        pane.post_message(Flash("for a moment", "error", 0.05))
        await wait_until(pilot, lambda: app.shell.flash_line.said is not None)
        await wait_until(pilot, lambda: app.shell.flash_line.said is None)
        pane.post_message(Flash("for this tab", seconds=60))
        await wait_until(pilot, lambda: app.shell.flash_line.said is not None)
        await pilot.press("alt+2")
        await wait_until(pilot, lambda: app.shell.active == "generate")
        assert app.shell.flash_line.said is None


async def test_a_gateway_that_goes_and_comes_back_is_said_once_each(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        await opened(pilot, app)
        line = app.shell.flash_line
        for _ in range(2):
            app.post_message(StatusSeen(None, attached=True))
        await wait_until(pilot, lambda: line.said is not None and "tried again" in line.said.text)
        line.clear()
        app.post_message(StatusSeen(None, attached=True))
        await pilot.pause()
        assert line.said is None
        app.post_message(StatusSeen(app.status, attached=True))
        await wait_until(pilot, lambda: line.said is not None and "back" in line.said.text)
        assert app.shell.status_line.facts.gateway == "up"


class TwoPlaces(PlainPane):
    """A tab with a field and a list, each with a key of its own."""

    keys = var(
        (
            FooterKey("enter", "send", 90, where="Input"),
            FooterKey("enter", "open", 90, where="#rows"),
            FooterKey("1", "…4 level", 80),
            FooterKey("slash", "filter", 80),
            FooterKey("space", "pause", 80),
            FooterKey("f5", "reload", 80),
        )
    )

    def compose(self) -> ComposeResult:
        yield Input()
        with Vertical(id="rows"):
            yield OptionList("one")


async def test_the_footer_shows_the_keys_that_work_where_the_focus_is(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, tabs=(TabSpec("chat", "chat", "c", "tests.tui.test_shell:TwoPlaces"),))
    async with app.run_test(size=(100, 30)) as pilot:
        pane = await opened(pilot, app)
        await wait_until(pilot, lambda: row(app, 29).startswith(" ⏎ send  F5 reload  ^G go"))
        app.shell.set_focus(pane.query_one(OptionList))
        every = " ⏎ open  1…4 level  / filter  space pause  F5 reload  ^G go"
        await wait_until(pilot, lambda: row(app, 29).startswith(every))
        app.shell.set_focus(pane.query_one(Input))
        await pilot.press("escape")
        assert app.focused is None
        await wait_until(pilot, lambda: row(app, 29).startswith(" ⏎ send  F5 reload  ^G go"))


async def test_garbage_is_looked_for_once_when_a_long_chat_is_laid_out_and_nothing_runs(
    home: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.widgets.transcript import TranscriptView

    done: list[str] = []
    app = plain_app(home, opener)
    async with app.run_test() as pilot:
        pane = await opened(pilot, app)
        await pilot.pause()
        monkeypatch.setattr("tui.app.TIDY_SECONDS", 0.02)
        monkeypatch.setattr("tui.app.gc", SimpleNamespace(collect=lambda: done.append("collect"), freeze=int))
        pane.loses = "an answer is coming in"
        pane.post_message(TranscriptView.Settled())
        await pilot.pause(0.1)
        assert done == []
        pane.loses = ""
        await wait_until(pilot, lambda: done == ["collect"])
        pane.post_message(TranscriptView.Settled())
        await pilot.pause(0.1)
        assert done == ["collect"]
