"""Importing accounts from the accounts tab, as a person does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from core.domain.accounts import ImportStep
from core.domain.failure import Failure, Kind
from tests.tui.fake_services import FakeServices
from tui.panes.accounts import AccountsPane
from tui.screens.import_accounts import ImportAccountsScreen, summary

from .conftest import Program, settled, until


async def dialog(pilot: Pilot[Any], path: str) -> ImportAccountsScreen:
    """The dialog with a path typed and enter pressed."""
    await settled(pilot)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, ImportAccountsScreen))
    await pilot.press(*path, "enter")
    screen = pilot.app.screen
    assert isinstance(screen, ImportAccountsScreen)
    return screen


def text(screen: ImportAccountsScreen, part: str) -> str:
    return str(screen.query_one(part).render())  # type: ignore[attr-defined]


async def test_a_path_is_shown_before_anything_is_imported(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "~/x")
        await until(pilot, lambda: len(screen.rows.rows) == 4)
        assert [row.cells[1].text for row in screen.rows.rows] == [
            "add",
            "add",
            "replace token",
            "skip: unreadable",
        ]
        assert (
            text(screen, "#sum")
            == "2 to add · 1 with another token (r takes it) · 1 left alone. Enter imports."
        )
        await pilot.press("j")
        await until(pilot, lambda: "will be switched off" in text(screen, "#note"))
        assert len(services.pool) == 2
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert len(services.pool) == 2


async def test_enter_imports_and_the_list_shows_it(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "x")
        await until(pilot, lambda: screen.rows.has_focus)
        await pilot.press("r")
        assert "1 to replace" in text(screen, "#sum")
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        pane = pilot.app.query_one(AccountsPane)
        await until(pilot, lambda: len(pane.table.rows) == 4)
        assert services.pool[-1].email == "edsger@sandbox.test"


async def test_the_owner_gets_an_absolute_path(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "some/../file.json")
        await until(pilot, lambda: screen.rows.has_focus)
        assert screen._path == str(Path.cwd() / "file.json")


async def test_what_is_wrong_with_a_file_stands_below_the_field(program: Program) -> None:
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "broken.json")
        await until(pilot, lambda: "not valid JSON" in text(screen, "#error"))
        assert screen.field.value == "broken.json"
        assert not screen.rows.display
        await pilot.press("x")
        assert len(pilot.app.screen_stack) == 2


async def test_the_notice_comes_first_where_it_was_not_read(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "x")
        await until(pilot, lambda: screen.rows.has_focus)
        services.fail_next = Failure(Kind.FORBIDDEN, "Not yet.", params={"code": "ACKNOWLEDGEMENT_REQUIRED"})
        await pilot.press("enter")
        await until(pilot, lambda: "suspended accounts" in text(screen, "#say"))
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: "Type yes" in text(screen, "#error"))
        assert len(services.pool) == 2
        await pilot.press("backspace", "backspace", *"yes", "enter")
        await until(pilot, lambda: len(services.pool) == 4)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_nothing_to_import_says_so(program: Program, services: FakeServices) -> None:
    services.importable = services.importable[3:]
    async with program("accounts") as pilot:
        screen = await dialog(pilot, "x")
        await until(pilot, lambda: screen.rows.has_focus)
        await pilot.press("enter")
        await until(pilot, lambda: "nothing to import" in text(screen, "#error"))


def test_the_summary_counts_what_enter_would_do(tmp_path: Path) -> None:
    rows = FakeServices(tmp_path).importable
    assert summary(rows[3:], False) == "0 to add · 1 left alone."
    other = tuple(row for row in rows if row.step is ImportStep.REPLACE)
    assert summary(other, False) == "0 to add · 1 with another token (r takes it)."
    assert summary(other, True) == "0 to add · 1 to replace. Enter imports."
