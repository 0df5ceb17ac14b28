"""Signing in with a browser, as a person at the accounts tab does it."""

from __future__ import annotations

from typing import Any

import msgspec
from textual.pilot import Pilot

from core.domain.accounts import AccountState, LoginState
from core.domain.failure import Cause, Failure, Kind
from tests.tui.fake_services import LINK, FakeServices, account
from tui.panes.accounts import AccountsPane
from tui.screens.login import LoginScreen, readable, time_left
from tui.widgets.qr_code import rows_of

from .conftest import Program, on_screen, settled, until


async def shown(pilot: Pilot[Any]) -> LoginScreen:
    """The screen, once it has a link."""
    await settled(pilot)
    await pilot.press("l")
    await until(pilot, lambda: isinstance(pilot.app.screen, LoginScreen))
    screen = pilot.app.screen
    assert isinstance(screen, LoginScreen)
    await until(pilot, lambda: "Waiting" in str(screen.progress.render()) or bool(screen.error.display))
    return screen


def text_of(screen: LoginScreen, selector: str) -> str:
    return str(screen.query_one(selector).render())  # type: ignore[attr-defined]


async def test_the_link_is_shown_whole_and_copied(program: Program, services: FakeServices) -> None:
    async with program("accounts", (80, 24)) as pilot:
        screen = await shown(pilot)
        assert text_of(screen, "#link") == readable(LINK)
        assert text_of(screen, "#progress") == "Waiting for the browser · 5:00 left · ^Y copies the link"
        strips = [screen.query_one("#link").render_line(row) for row in range(10)]
        styles = [segment.style for strip in strips for segment in strip if segment.text.strip()]
        assert styles
        assert all(style is not None and style.link == readable(LINK) for style in styles)
        copied: list[str] = []
        pilot.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await pilot.press("ctrl+y")
        assert copied == [readable(LINK)]
        assert services.hints == [""]


async def test_everything_is_in_sight_at_80x24(program: Program, services: FakeServices) -> None:
    async with program("accounts", (80, 24)) as pilot:
        screen = await shown(pilot)
        services.sign_in_moves(LoginState.WAITING, "A code works once, and for ten minutes. " * 3)
        await until(pilot, lambda: bool(screen.error.display))
        await pilot.pause()
        for selector in ("#say", "#link", "#how", "#paste", "#progress", "#error"):
            widget = screen.query_one(selector)
            assert widget.region.height
            assert screen.find_widget(widget).visible_region == widget.region, selector


async def test_a_browser_that_comes_back_closes_the_screen(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await shown(pilot)
        services.sign_in_moves(LoginState.EXCHANGING)
        await until(pilot, lambda: "A code has come" in text_of(screen, "#progress"))
        assert screen.field.disabled
        services.pool.append(account("grace"))
        services.sign_in_moves(LoginState.DONE, account=account("grace"))
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        pane = pilot.app.query_one(AccountsPane)
        await until(pilot, lambda: len(pane.table.rows) == 3)


async def test_a_bad_paste_is_told_beside_the_field_and_a_good_one_signs_in(
    program: Program, services: FakeServices
) -> None:
    async with program("accounts") as pilot:
        screen = await shown(pilot)
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: "no code in that address" in text_of(screen, "#error"))
        assert screen.field.value == "hello"
        screen.field.value = "http://localhost/?code=code-of-grace"
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert services.pool[-1].email == "grace@sandbox.test"


async def test_a_refused_code_leaves_the_field_for_another(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await shown(pilot)
        services.sign_in_moves(LoginState.WAITING, "A code works once. Open the link again.")
        await until(pilot, lambda: "A code works once" in text_of(screen, "#error"))
        assert not screen.field.disabled
        assert "Waiting" in text_of(screen, "#progress")


async def test_one_that_expired_can_be_started_again(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        screen = await shown(pilot)
        services.sign_in_moves(LoginState.EXPIRED, "Nobody confirmed it in time.")
        await until(pilot, lambda: "enter to start again" in text_of(screen, "#progress"))
        assert "in time" in text_of(screen, "#error")
        await pilot.press("enter")
        await until(pilot, lambda: len(services.hints) == 2)
        await until(pilot, lambda: not screen.error.display)


async def test_leaving_cancels_it(program: Program, services: FakeServices) -> None:
    async with program("accounts") as pilot:
        await shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert services.login is not None
        assert services.login.state is LoginState.CANCELLED


async def test_a_missing_client_is_named_and_enter_tries_again(
    program: Program, services: FakeServices
) -> None:
    services.fail_next = Failure(Kind.UNAVAILABLE, "Set ANTIGRAVITY_CLIENT_ID.", cause=Cause.CONFIG)
    async with program("accounts") as pilot:
        screen = await shown(pilot)
        assert "ANTIGRAVITY_CLIENT_ID" in text_of(screen, "#error")
        assert "enter to start again" in text_of(screen, "#progress")
        await pilot.pause()
        assert not on_screen(pilot, "Open this link")
        assert not on_screen(pilot, "paste")
        assert not on_screen(pilot, "oauth-callback")
        await pilot.press("enter")
        await until(pilot, lambda: "Waiting" in text_of(screen, "#progress"))
        await until(pilot, lambda: on_screen(pilot, "Open this link", "oauth-callback"))


async def test_the_notice_is_acknowledged_before_there_is_a_link(
    program: Program, services: FakeServices
) -> None:
    services.fail_next = Failure(
        Kind.FORBIDDEN, "Acknowledge it first.", params={"code": "ACKNOWLEDGEMENT_REQUIRED"}
    )
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: pilot.app.screen.has_class("-noticing"))
        screen = pilot.app.screen
        assert isinstance(screen, LoginScreen)
        assert "suspended accounts" in text_of(screen, "#say")
        assert services.hints == []
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: "Type yes" in text_of(screen, "#error"))
        screen.field.value = ""
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: "Waiting" in text_of(screen, "#progress"))
        assert not screen.error.display


async def test_an_account_that_needs_it_is_signed_in_again_by_name(
    program: Program, services: FakeServices
) -> None:
    services.pool[0] = msgspec.structs.replace(services.pool[0], state=AccountState.NEEDS_LOGIN)
    async with program("accounts") as pilot:
        pane = pilot.app.query_one(AccountsPane)
        await settled(pilot)
        assert "Press l to sign in again" in str(pane.details.render())
        await pilot.press("enter")
        await until(pilot, lambda: services.hints == ["ada@sandbox.test"])
        assert isinstance(pilot.app.screen, LoginScreen)
        await pilot.press("escape")


async def test_a_qr_code_is_there_only_where_it_fits_whole(program: Program) -> None:
    for size, fits in (((80, 24), False), ((100, 40), False), ((160, 48), True)):
        async with program("accounts", size) as pilot:
            screen = await shown(pilot)
            await pilot.pause()
            region = screen.qr.region
            assert bool(region) is fits
            if fits:
                assert region.size == screen.qr.needs
                assert screen.find_widget(screen.qr).visible_region == region
                assert screen.find_widget(screen.field).visible_region == screen.field.region
            await pilot.press("escape")


def test_a_code_holds_its_text() -> None:
    import segno

    rows = rows_of("agtui")
    modules = [
        list(row) for row in segno.make_qr("agtui", error="L", boost_error=False).matrix_iter(border=2)
    ]
    read = [[cell in lit for cell in row] for row in rows for lit in ("▀█", "▄█")]
    assert [[int(dark) for dark in row] for row in read][: len(modules)] == modules
    assert rows_of("x" * 5000) == []


def test_the_time_left_is_minutes_and_seconds() -> None:
    assert [time_left(seconds) for seconds in (300, 245.4, 9, 0, -3)] == [
        "5:00",
        "4:05",
        "0:09",
        "0:00",
        "0:00",
    ]
