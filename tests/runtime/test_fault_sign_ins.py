"""Sign-ins that fail: tokens, projects and pages, and what is left of the account afterwards."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from core.domain.accounts import AccountState, Login, LoginState
from core.domain.failure import Cause, GatewayError

from .faults import Faults, Play
from .test_faults import ONE, TWO


async def test_a_revoked_sign_in_says_sign_in_again_is_kept_and_never_retried(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "ada"

        [[rule]]
        call = "refresh"
        answer = "invalid-grant"
    """)
    assert (await faults.ask()).short == (503, "unavailable")
    assert await faults.attempts() == ["invalid_grant"]
    account = await faults.account("ada")
    assert account.state is AccountState.NEEDS_LOGIN
    assert "Sign in again" in account.state_note
    assert (await faults.ask()).status == 503
    assert await faults.attempts() == []


async def test_one_revoked_sign_in_leaves_the_other_account_to_answer(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\ncall = "refresh"\naccount = "ada"\nanswer = "invalid-grant"')
    for question in ("one", "two", "three"):
        assert (await faults.ask(question)).status == 200
        assert (await faults.asked())[-1] == "bob"
    assert (await faults.account("bob")).state is AccountState.READY


@pytest.mark.parametrize("answer", ["invalid-client", "unauthorized-client"])
async def test_a_wrong_client_is_told_as_a_setting_and_marks_no_account(play: Play, answer: str) -> None:
    faults = await play(TWO + f'[[rule]]\ncall = "refresh"\nanswer = "{answer}"')
    told = await faults.ask()
    assert told.short == (503, "unavailable")
    assert "ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET" in told.message
    for name in ("ada", "bob"):
        assert (await faults.account(name)).state is AccountState.READY


@pytest.mark.parametrize("answer", ["503", "page", "close"])
async def test_trouble_of_the_sign_in_itself_is_waited_out(play: Play, answer: str) -> None:
    faults = await play(ONE + f'[[rule]]\ncall = "refresh"\nanswer = "{answer}"\ntimes = 1')
    assert (await faults.ask()).status == 200
    assert (await faults.account("ada")).state is AccountState.READY


async def test_an_account_gets_its_project_with_its_first_request(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "ada"
        project = "onboard"
        polls = 4
    """)
    assert (await faults.account("ada")).project == ""
    assert (await faults.ask()).status == 200
    assert (await faults.account("ada")).project.startswith("sandbox-river-")
    assert await faults.attempts() == ["ok"]


async def test_an_account_without_a_project_says_why_and_the_other_answers(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "ada"
        project = "none"

        [[account]]
        name = "bob"
    """)
    for question in ("one", "two", "three"):
        assert (await faults.ask(question)).status == 200
        assert (await faults.asked())[-1] == "bob"
    with pytest.raises(GatewayError) as refused:
        await faults.services.accounts.refresh_quota((await faults.account("ada")).id)
    assert refused.value.failure.cause is Cause.DENIED
    assert "not eligible for Antigravity in your location" in refused.value.failure.public_message


async def test_an_onboarding_that_never_ends_is_given_up(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "ada"
        project = "onboard"

        [[rule]]
        call = "onboard"
        answer = "pending"
    """)
    told = await faults.ask()
    assert told.status == 403
    assert "no project" in told.message


# The page -----------------------------------------------------------------------------------------


async def signed_in(faults: Faults, login: Login, **chosen: str) -> Login:
    """How a sign-in ends whose person follows the page, and comes back to this machine."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        address = httpx.URL(login.url).copy_merge_params(chosen)
        await browser.get(address)
    async with asyncio.timeout(10):
        return [state async for state in faults.services.accounts.login_watch(login.id)][-1]


async def test_who_refuses_on_the_page_is_told_that_nothing_was_changed(play: Play) -> None:
    faults = await play(ONE)
    before = await faults.services.accounts.list()
    done = await signed_in(faults, await faults.services.accounts.login_start(), play="refuse")
    assert done.state is LoginState.FAILED
    assert "refused in the browser" in done.error
    assert await faults.services.accounts.list() == before


async def test_a_page_may_refuse_by_script_and_agree_the_next_time(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\ncall = "consent"\naccount = "grace"\nanswer = "refuse"\ntimes = 1')
    start = faults.services.accounts.login_start
    assert (await signed_in(faults, await start(), account="grace")).state is LoginState.FAILED
    done = await signed_in(faults, await start(), account="grace")
    assert done.state is LoginState.DONE


async def test_a_code_that_comes_too_late_is_explained(play: Play) -> None:
    faults = await play(ONE)
    done = await signed_in(faults, await faults.services.accounts.login_start(), play="expired")
    assert done.state is LoginState.FAILED
    assert "a code works once, and for ten minutes" in done.error


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("invalid-scope", "Some requested scopes were invalid."),
        ("invalid-request", "Missing required parameter: code."),
        ("invalid-client", "ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET"),
    ],
)
async def test_what_google_says_to_a_code_is_passed_on(play: Play, answer: str, said: str) -> None:
    faults = await play(ONE + f'[[rule]]\ncall = "code"\nanswer = "{answer}"')
    done = await signed_in(faults, await faults.services.accounts.login_start(), account="grace")
    assert done.state is LoginState.FAILED
    assert said in done.error


async def test_a_sign_in_without_a_refresh_token_says_what_to_remove(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\ncall = "code"\nanswer = "no-refresh-token"')
    done = await signed_in(faults, await faults.services.accounts.login_start(), account="grace")
    assert done.state is LoginState.FAILED
    assert "myaccount.google.com/connections" in done.error


async def test_an_account_whose_name_can_not_be_asked_is_kept_under_another(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\ncall = "userinfo"\nanswer = "denied"')
    done = await signed_in(faults, await faults.services.accounts.login_start(), account="grace")
    assert done.account is not None
    assert done.account.email.startswith("unnamed-")
    assert done.account.state is AccountState.READY


async def test_signing_in_again_mends_an_account_and_keeps_what_it_was(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\ncall = "refresh"\nanswer = "invalid-grant"\ntimes = 1')
    assert (await faults.ask()).status == 503
    before = await faults.account("ada")
    assert before.state is AccountState.NEEDS_LOGIN
    login = await faults.services.accounts.login_start(hint=before.email)
    assert (await signed_in(faults, login, account="ada")).state is LoginState.DONE
    after = await faults.account("ada")
    assert (after.id, after.added_at, after.state) == (before.id, before.added_at, AccountState.READY)
    assert (await faults.ask()).status == 200
