"""How an answer may fail to end: what the client still gets, who is asked again, what the log says."""

from __future__ import annotations

import json

import pytest

from .faults import Play, Told
from .test_faults import ONE, TWO

IMPATIENT = {
    "AGTUI_ANTIGRAVITY__ANSWER_TIMEOUT_S": "1",
    "AGTUI_ANTIGRAVITY__IDLE_TIMEOUT_S": "1",
}


def answered(told: Told) -> str:
    """The text of a streamed answer, as far as it came."""
    deltas = [json.loads(one) for one in told.events if one != "[DONE]"]
    return "".join(one["choices"][0]["delta"].get("content") or "" for one in deltas if one.get("choices"))


def ends_in_error(told: Told) -> bool:
    """Whether a stream says that it broke off, and doesn't end as if all were well."""
    return "[DONE]" not in told.events and "error" in json.loads(told.events[-1])


# Before the first word: nobody notices ------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ('"cut"\nchunks = 0', "cut"),
        ('"capacity"\nform = "stream"\nchunks = 0', "capacity"),
        ('"quota"\nform = "stream"\nchunks = 0', "quota"),
        ('"empty"', "empty"),
        ('"malformed"', "empty"),
    ],
)
async def test_what_fails_before_the_first_word_is_asked_of_somebody_else(
    play: Play, answer: str, outcome: str
) -> None:
    faults = await play(f"{TWO}[[rule]]\nanswer = {answer}\ntimes = 1")
    told = await faults.stream()
    assert told.status == 200
    assert told.events[-1] == "[DONE]"
    assert "SSH" in answered(told)
    assert await faults.attempts() == [outcome, "ok"]
    first, second = await faults.asked()
    assert first != second
    assert bool(await faults.rests(first)) is (outcome == "quota")


async def test_an_account_whose_connections_end_at_once_is_left_for_another(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\naccount = "ada"\nanswer = "close"')
    outcomes: list[list[str]] = []
    for number in range(8):
        assert (await faults.stream(f"question {number}")).status == 200
        assert (await faults.asked())[-1] == "bob"
        outcomes.append(await faults.attempts())
    assert ["cut", "ok"] in outcomes
    assert await faults.rests("ada") == {}


@pytest.mark.parametrize("answer", ['"silent"', '"hang"\nchunks = 0'])
async def test_an_upstream_that_says_nothing_is_left_for_another(play: Play, answer: str) -> None:
    faults = await play(f"{TWO}[[rule]]\nanswer = {answer}\ntimes = 1", **IMPATIENT)
    assert (await faults.stream()).status == 200
    assert await faults.attempts() == ["silent", "ok"]
    assert await faults.rests((await faults.asked())[0]) == {}


async def test_nobody_who_answers_is_an_error_with_its_status_and_not_a_broken_stream(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\nanswer = "close"')
    assert (await faults.stream()).short == (502, "upstream_error")
    assert set(await faults.attempts()) == {"cut"}
    told = await faults.ask()
    assert told.status == 502
    assert "Try again" in told.message


# After it: what came is kept, and nobody is asked again -------------------------------------------


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [('"cut"', "cut"), ('"capacity"\nform = "stream"', "capacity"), ('"server"\nform = "stream"', "server")],
)
async def test_what_breaks_off_later_keeps_what_came_and_says_so(
    play: Play, answer: str, outcome: str
) -> None:
    faults = await play(f"{TWO}[[rule]]\nanswer = {answer}\ntimes = 1")
    told = await faults.stream()
    assert told.status == 200
    assert answered(told)
    assert ends_in_error(told)
    assert await faults.attempts() == [outcome]
    assert (await faults.stream()).events[-1] == "[DONE]"


async def test_a_stream_that_falls_silent_ends_in_an_error(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\nanswer = "hang"\ntimes = 1', **IMPATIENT)
    told = await faults.stream()
    assert answered(told)
    assert ends_in_error(told)
    assert await faults.attempts() == ["silent"]
    assert await faults.rests((await faults.asked())[0]) == {}


async def test_a_quota_that_ends_in_the_middle_rests_its_account(play: Play) -> None:
    faults = await play(f'{ONE}[[rule]]\nanswer = "quota"\nform = "stream"\nreset = "2h"')
    assert ends_in_error(await faults.stream())
    cause, seconds = (await faults.rests("ada"))["sandbox-chat"]
    assert (cause, 7190 <= seconds <= 7201) == ("quota", True)


async def test_a_whole_answer_that_broke_off_is_an_error_and_not_half_an_answer(play: Play) -> None:
    faults = await play(f'{ONE}[[rule]]\nanswer = "cut"')
    assert (await faults.ask()).short == (502, "upstream_error")


# Endings that are none of these -------------------------------------------------------------------


async def test_an_answer_that_stays_empty_is_an_answer(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\nanswer = "empty"')
    told = await faults.ask()
    assert told.status == 200
    assert json.loads(told.text)["choices"][0]["finish_reason"] == "stop"
    assert set(await faults.attempts()) == {"empty"}
    for name in ("ada", "bob"):
        assert await faults.rests(name) == {}


async def test_what_the_filter_stops_is_said_and_not_tried_again(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\nanswer = "blocked"')
    told = await faults.ask()
    assert json.loads(told.text)["choices"][0]["finish_reason"] == "content_filter"
    assert await faults.attempts() == ["ok"]


async def test_a_call_that_stays_malformed_is_an_error(play: Play) -> None:
    faults = await play(f'{TWO}[[rule]]\nanswer = "malformed"')
    told = await faults.ask()
    assert told.short == (502, "upstream_error")
    assert "tool call" in told.message
    for name in ("ada", "bob"):
        assert await faults.rests(name) == {}


async def test_a_slow_upstream_is_only_slow(play: Play) -> None:
    faults = await play(f'{ONE}[[rule]]\nanswer = "ok"\ndelay = "300ms"')
    assert (await faults.ask()).status == 200
    assert ((await faults.row()).ttft_ms or 0) >= 300
