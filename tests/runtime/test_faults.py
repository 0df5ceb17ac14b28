"""What an upstream refuses: what the client is told, what becomes of the account, what the log says."""

from __future__ import annotations

import pytest

from core.domain.accounts import AccountState

from .faults import Play

ONE = """
[[account]]
name = "ada"
"""
TWO = """
[[account]]
name = "ada"

[[account]]
name = "bob"
"""


# Whose fault it is decides who rests --------------------------------------------------------------


async def test_a_full_model_is_nobodys_fault(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "capacity"\ntimes = 1')
    assert (await faults.ask()).status == 200
    assert await faults.attempts() == ["capacity", "ok"]
    for name in ("ada", "bob"):
        assert await faults.rests(name) == {}


async def test_a_model_that_stays_full_is_a_503_to_come_back_to(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "capacity"')
    told = await faults.ask()
    assert told.short == (503, "overloaded")
    assert told.retry_after == "10"
    assert "overloaded at Google" in told.message
    assert await faults.rests("ada") == {}
    row = await faults.row()
    assert (row.status, row.kind, row.cause) == (503, "capacity", "capacity")


@pytest.mark.parametrize(
    ("answer", "code"),
    [("server", (502, "upstream_error")), ("page", (502, "upstream_error")), ("504", (504, "timeout"))],
)
async def test_a_broken_gateway_is_not_held_against_accounts(
    play: Play, answer: str, code: tuple[int, str]
) -> None:
    faults = await play(TWO + f'[[rule]]\nanswer = "{answer}"')
    assert (await faults.ask()).short == code
    assert set(await faults.attempts()) == {"server"}
    assert len(await faults.attempts()) <= 3
    assert await faults.rests("ada") == {}


async def test_another_address_is_asked_with_the_same_account_when_one_is_broken(play: Play) -> None:
    faults = await play("endpoints = 2" + ONE + '[[rule]]\nendpoint = 1\nanswer = "server"')
    assert (await faults.ask()).status == 200
    row = await faults.row()
    assert [one.outcome for one in row.attempts] == ["server", "ok"]
    assert len({one.endpoint for one in row.attempts}) == 2
    assert await faults.asked() == ["ada", "ada"]


# Limits -------------------------------------------------------------------------------------------


async def test_a_used_up_quota_moves_on_at_once_and_rests_until_its_reset(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "quota"\nreset = "1h16m3s"\ntimes = 1')
    assert (await faults.ask()).status == 200
    first, second = await faults.asked()
    assert first != second
    cause, seconds = (await faults.rests(first))["sandbox-chat"]
    assert cause == "quota"
    assert 4560 <= seconds <= 4570
    assert await faults.rests(second) == {}
    assert (await faults.ask("and again?")).status == 200
    assert await faults.asked() == [second]


async def test_a_quota_of_one_model_leaves_the_others_usable(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nmodel = "sandbox-thinking"\nanswer = "quota"\nreset = "5h"')
    assert (await faults.ask(model="sandbox-thinking")).short == (429, "insufficient_quota")
    assert (await faults.ask(model="gpt-oss-120b-medium")).status == 200


async def test_when_everybody_rests_the_client_hears_how_long_and_nobody_is_asked(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "quota"\nreset = "1h16m3s"')
    told = await faults.ask()
    assert told.short == (429, "insufficient_quota")
    assert 4560 <= int(told.retry_after or 0) <= 4570
    told = await faults.ask()
    assert told.short == (429, "insufficient_quota")
    assert 4550 <= int(told.retry_after or 0) <= 4570
    assert await faults.attempts() == []


@pytest.mark.parametrize(
    "shape",
    [
        'answer = "quota"\nreset = "90m"\ndetails = []',
        'answer = "quota"\nreset = "90m"\ndetails = ["RetryInfo"]',
        'answer = "quota"\nreset = "90m"\nform = "array"',
        'answer = "soft"\nheaders = { retry-after = "5400" }',
        'answer = "body"\nstatus = 429\ntype = "text/plain"\nbody = "Quota will reset after 1h30m0s."\n'
        'headers = { retry-after = "5400" }',
    ],
)
async def test_the_time_is_found_wherever_google_says_it(play: Play, shape: str) -> None:
    faults = await play(f"{ONE}[[rule]]\n{shape}")
    told = await faults.ask()
    assert told.short == (429, "insufficient_quota")
    assert 5390 <= int(told.retry_after or 0) <= 5410


async def test_too_fast_is_not_used_up(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nanswer = "rate"\nreset = "20s"')
    told = await faults.ask()
    assert told.short == (429, "rate_limit_exceeded")
    assert 19 <= int(told.retry_after or 0) <= 21
    cause, seconds = (await faults.rests("ada"))["sandbox-chat"]
    assert (cause, 18 <= seconds <= 21) == ("rate", True)


async def test_a_refusal_that_says_nothing_rests_shortly(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nanswer = "soft"')
    told = await faults.ask()
    assert told.short == (429, "rate_limit_exceeded")
    cause, seconds = (await faults.rests("ada"))["sandbox-chat"]
    assert cause == "soft"
    assert seconds <= 5


async def test_a_storm_of_short_limits_costs_few_calls_and_tells_a_short_time(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "acc"
        count = 20

        [[rule]]
        answer = "rate"
        reset = "700ms"
    """)
    told = await faults.ask()
    assert told.short == (429, "rate_limit_exceeded")
    assert told.retry_after in ("1", "2")
    assert len(await faults.attempts()) <= 3


# Accounts that may not ----------------------------------------------------------------------------


async def test_an_expired_token_is_renewed_once_and_nobody_notices(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nanswer = "auth"\ntimes = 1')
    assert (await faults.ask()).status == 200
    assert await faults.attempts() == ["auth", "ok"]
    assert (await faults.account("ada")).state is AccountState.READY


async def test_a_token_that_stays_refused_is_never_the_clients_401(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nanswer = "auth"')
    assert (await faults.ask()).short == (503, "unavailable")
    assert await faults.attempts() == ["auth", "auth"]
    assert (await faults.rests("ada"))[""][0] == "auth"


async def test_an_account_to_verify_is_left_out_and_shows_its_link(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "verify"\ntimes = 1')
    assert (await faults.ask()).status == 200
    assert await faults.attempts() == ["verification", "ok"]
    account = await faults.account((await faults.asked())[0])
    assert account.state is AccountState.VERIFY
    assert "/verify" in account.state_note
    assert (await faults.ask("again")).status == 200
    assert await faults.attempts() == ["ok"]


async def test_an_account_that_was_ended_is_never_asked_again(play: Play) -> None:
    faults = await play(ONE + '[[rule]]\nanswer = "terms"\ntimes = 1')
    assert (await faults.ask()).short == (403, "forbidden")
    account = await faults.account("ada")
    assert account.state is AccountState.ENDED
    assert "terms of service" in account.state_note
    assert "/appeal" in account.state_note
    await faults.services.accounts.enable(account.id, True)
    assert (await faults.ask()).status >= 400
    assert await faults.attempts() == []


@pytest.mark.parametrize("answer", ["ineligible", "disabled"])
async def test_a_project_that_may_not_rests_its_account_for_an_hour(play: Play, answer: str) -> None:
    faults = await play(TWO + f'[[rule]]\nanswer = "{answer}"\ntimes = 1')
    assert (await faults.ask()).status == 200
    assert await faults.attempts() == ["project", "ok"]
    cause, seconds = (await faults.rests((await faults.asked())[0]))[""]
    assert (cause, 3590 <= seconds <= 3601) == ("project", True)


async def test_what_one_account_lacks_another_may_have(play: Play) -> None:
    faults = await play("""
        [[account]]
        name = "ada"
        without = ["*-image"]

        [[account]]
        name = "bob"
    """)
    for prompt in ("a hill", "a lake", "a wood"):
        assert (await faults.draw(prompt)).status == 200
    assert (await faults.row()).email == "bob@sandbox.test"


# Requests that can't be served --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("too-long", (400, "context_length_exceeded")),
        ("bad-request", (400, None)),
        ("413", (413, "request_too_large")),
    ],
)
async def test_a_request_that_is_wrong_is_asked_once_and_rests_nobody(
    play: Play, answer: str, code: tuple[int, str | None]
) -> None:
    faults = await play(TWO + f'[[rule]]\nanswer = "{answer}"')
    assert (await faults.ask()).short == code
    assert len(await faults.attempts()) == 1
    for name in ("ada", "bob"):
        assert await faults.rests(name) == {}
        assert (await faults.account(name)).state is AccountState.READY


async def test_a_request_that_can_be_repaired_is_asked_once_more_with_the_same_account(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "max-output"\ntimes = 1')
    assert (await faults.ask(max_tokens=3000)).status == 200
    assert await faults.attempts() == ["none", "ok"]
    assert len(set(await faults.asked())) == 1
    assert await faults.rests((await faults.asked())[0]) == {}


async def test_a_repair_in_vain_is_not_tried_twice(play: Play) -> None:
    faults = await play(TWO + '[[rule]]\nanswer = "max-output"')
    told = await faults.ask(max_tokens=3000)
    assert told.status == 400
    assert "maxOutputTokens is out of range" in told.message
    assert len(await faults.attempts()) == 2


@pytest.mark.parametrize("form", ["body", "answer"])
async def test_an_outdated_version_is_the_operators_business(play: Play, form: str) -> None:
    faults = await play(TWO + f'[[rule]]\nanswer = "outdated"\nform = "{form}"')
    told = await faults.ask()
    assert told.short == (503, "unavailable")
    assert "antigravity.client_version" in told.message
    assert len(await faults.attempts()) == 1
    assert await faults.rests("ada") == {}
