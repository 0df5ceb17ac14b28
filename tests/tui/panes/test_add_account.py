"""Adding an account when the gateway does not answer, and dialogs under other pages."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.accounts import LoginState
from core.domain.failure import Failure, GatewayError, Kind
from tests.tui.fake_services import FakeAccounts, FakeServices, account
from tui.screens.add_account import AddAccountScreen
from tui.screens.import_accounts import ImportAccountsScreen
from tui.screens.login import LoginScreen

from .conftest import Program, settled, until

GONE = GatewayError(Failure(Kind.UNAVAILABLE, "The gateway is gone."))


async def refuse(self: FakeAccounts) -> str:
    raise GONE


async def nobody(self: FakeAccounts) -> str:
    return ""


async def test_a_gateway_that_is_gone_is_told_in_the_dialog_and_enter_tries_again(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program("accounts") as pilot:
        await settled(pilot)
        with monkeypatch.context() as gone:
            gone.setattr(FakeAccounts, "acknowledged", refuse)
            await pilot.press("a")
            await until(pilot, lambda: isinstance(pilot.app.screen, AddAccountScreen))
            screen = pilot.app.screen
            assert isinstance(screen, AddAccountScreen)
            await until(pilot, lambda: "gateway is gone" in str(screen.error.render()))
        await pilot.press(*"1//sandbox-grace", "enter")
        await until(pilot, lambda: services.pool[-1].email == "grace@sandbox.test")


async def test_a_gateway_that_does_not_answer_leaves_the_dialog_alive(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def silent(self: FakeAccounts) -> str:
        asked.set()
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(FakeAccounts, "acknowledged", silent)
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press("a")
        await until(pilot, asked.is_set)
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_an_acknowledgement_that_fails_is_told_in_the_dialog(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeAccounts, "acknowledged", nobody)
    monkeypatch.setattr(FakeAccounts, "acknowledge", refuse)
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, AddAccountScreen))
        screen = pilot.app.screen
        assert isinstance(screen, AddAccountScreen)
        await until(pilot, lambda: screen.field.placeholder == "yes")
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: "gateway is gone" in str(screen.error.render()))
        assert screen.field.placeholder == "yes"


@pytest.mark.parametrize("key", ["l", "i"])
async def test_an_acknowledgement_that_fails_is_told_in_the_other_dialogs(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(FakeAccounts, "acknowledge", refuse)
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press(key)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        screen = pilot.app.screen
        assert isinstance(screen, LoginScreen | ImportAccountsScreen)
        screen.acknowledge("yes")
        await until(pilot, lambda: "gateway is gone" in str(screen.error.render()))


async def test_a_sign_in_that_ends_below_the_question_to_quit_takes_only_its_own_page_away(
    program: Program, services: FakeServices
) -> None:
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: services.login is not None)
        screen = pilot.app.screen
        assert isinstance(screen, LoginScreen)
        from tui.screens.confirm import ConfirmScreen

        pilot.app.push_screen(ConfirmScreen("Quit agtui?", "", yes="Quit", no="Stay"))
        await until(pilot, lambda: len(pilot.app.screen_stack) == 3)
        services.sign_in_moves(LoginState.DONE, account=account("grace"))
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
