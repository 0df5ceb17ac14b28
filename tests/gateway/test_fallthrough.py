"""The fall-through table row by row, from an answer on the wire to who is asked next.

The real provider stands before a scripted network; calls are counted by account and host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from core.config.settings import GatewaySettings
from core.domain.content import text_of
from core.domain.failure import Failure, GatewayError, Kind, Scope
from core.domain.ports import Call
from core.gateway.fallthrough import Onward, onward
from core.gateway.generation import GenerationService
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.settings import AntigravitySettings
from core.transport import troubles
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeRecorder, asking, caller, entry
from tests.providers.test_client import OneReply, event

ONE, TWO, THREE = "https://one.test", "https://two.test", "https://three.test"
MODEL = "gemini-3-pro-high"
Answer = tuple[int, str] | str
OK, REFUSED, RESET, CUT, EMPTY = "ok", "refused", "reset", "cut", "empty"


def error(status: int, message: str = "", reason: str = "", delay: str = "") -> Answer:
    details: list[dict[str, Any]] = []
    if reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason})
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    body = {"code": status, "message": message, "details": details}
    return status, json.dumps({"error": body})


class Network:
    """Answers by host, or by (account, host); what is not scripted is a good answer."""

    def __init__(self, script: Mapping[Any, Answer]) -> None:
        self.script = dict(script)
        self.calls: list[tuple[str, str]] = []

    async def send(self, call: Call) -> OneReply:
        host = call.url.partition("/v1internal")[0]
        self.calls.append((call.pool, host))
        match self.script.get((call.pool, host), self.script.get(host, OK)):
            case (status, body):
                return OneReply(str(body).encode(), status=int(status), kind="application/json")
            case "refused":
                raise troubles.unreachable(call.url, ConnectionRefusedError())
            case "reset":
                raise troubles.no_head(call.url, ConnectionResetError())
            case "cut":
                return OneReply(trouble=troubles.cut(call.url))
            case "empty":
                return OneReply(event("", "STOP"))
            case _:
                return OneReply(event("Hello", "STOP"))

    async def read(self, call: Call, limit: int = 0) -> Any:
        raise NotImplementedError

    async def aclose(self) -> None: ...


class World:
    def __init__(self, script: Mapping[Any, Answer], *accounts: str) -> None:
        self.network, self.clock = Network(script), FakeClock()
        settings = AntigravitySettings(endpoints=(ONE, TWO, THREE))
        provider = AntigravityProvider(lambda: settings, self.network, self.clock)
        entries = [entry(name, provider="antigravity") for name in accounts]
        self.pool, self.recorder = FakePool(*entries, clock=self.clock), FakeRecorder()
        chosen = GatewaySettings(strategy="round-robin", attempts=8)
        self.service = GenerationService(
            self.pool, {"antigravity": provider}, self.recorder, FakeEvents(), self.clock, lambda: chosen
        )

    async def ask(self, model: str = MODEL) -> list[tuple[str, str]]:
        """One request; the calls that it made."""
        before = len(self.network.calls)
        answer = await self.service.answer(asking(model=model), caller())
        assert text_of(answer.parts) == "Hello"
        return self.network.calls[before:]

    async def fail(self) -> Failure:
        with pytest.raises(GatewayError) as caught:
            await self.service.answer(asking(model=MODEL), caller())
        return caught.value.failure


NEXT_HOST = [("a", ONE), ("a", TWO)]
NEXT_ACCOUNT = [("a", ONE), ("b", ONE)]


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (REFUSED, NEXT_HOST),
        (RESET, NEXT_HOST),
        (CUT, NEXT_HOST),
        (EMPTY, NEXT_HOST),
        (error(408), NEXT_HOST),
        (error(500, "Internal error encountered."), NEXT_HOST),
        ((502, "<html>502</html>"), NEXT_HOST),
        (error(504, "Deadline expired"), NEXT_HOST),
        (error(503, "No capacity available", "MODEL_CAPACITY_EXHAUSTED"), NEXT_HOST),
        (error(529, "overloaded"), NEXT_HOST),
        (error(404, "Requested entity was not found."), NEXT_HOST),
        (error(403, "The caller does not have permission"), NEXT_HOST),
    ],
)
async def test_what_may_be_the_hosts_fault_is_asked_at_the_next_host(
    answer: Answer, calls: list[tuple[str, str]]
) -> None:
    world = World({ONE: answer}, "a", "b")
    assert await world.ask() == calls
    assert world.pool.view().entries[0].resting == {}


@pytest.mark.parametrize(
    "answer",
    [
        error(403, "Verify your account to continue.", "VALIDATION_REQUIRED"),
        error(403, "Disabled for violation of Terms of Service."),
        error(403, "You are not eligible for this service."),
        error(429, "Your quota will reset after 2h.", "QUOTA_EXHAUSTED", "7200s"),
        error(429, "Too many requests", "RATE_LIMIT_EXCEEDED", "3.9s"),
        error(429, "Resource has been exhausted (e.g. check quota)."),
    ],
)
async def test_what_is_about_the_account_is_asked_of_the_next_account(answer: Answer) -> None:
    world = World({("a", host): answer for host in (ONE, TWO, THREE)}, "a", "b")
    assert await world.ask() == NEXT_ACCOUNT


async def test_a_bare_429_is_asked_at_the_next_host_where_no_other_account_is_free() -> None:
    bare = error(429, "Resource has been exhausted (e.g. check quota).")
    assert await World({ONE: bare}, "a").ask() == NEXT_HOST
    told = error(429, "Too many requests", "RATE_LIMIT_EXCEEDED", "3.9s")
    world = World({ONE: told}, "a")
    await world.fail()
    assert world.network.calls == [("a", ONE)]


async def test_a_401_is_asked_once_more_at_the_same_host_with_a_fresh_token() -> None:
    world = World({("a", ONE): error(401, "Request had invalid authentication credentials.")}, "a", "b")
    assert await world.ask() == [("a", ONE), ("a", ONE), ("b", ONE)]
    assert world.pool.grants[:2] == [("a", False), ("a", True)]


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "Unknown name"),
        error(413, "Payload"),
        error(400, "Prompt is too long: 300000 tokens"),
        error(400, "This version of Antigravity is no longer supported."),
    ],
)
async def test_what_nobody_can_answer_costs_one_call_and_rests_nobody(answer: Answer) -> None:
    world = World(dict.fromkeys((ONE, TWO, THREE), answer), "a", "b")
    await world.fail()
    assert world.network.calls == [("a", ONE)]
    assert all(one.resting == {} for one in world.pool.view().entries)


async def test_an_outdated_version_tells_which_setting_to_raise() -> None:
    world = World({ONE: error(400, "This version of Antigravity is no longer supported.")}, "a")
    assert "antigravity.client_version" in (await world.fail()).public_message


async def test_every_host_is_asked_before_the_next_account() -> None:
    down = error(500)
    world = World({("a", ONE): down, ("a", TWO): down, ("a", THREE): down}, "a", "b")
    calls = await world.ask()
    assert calls == [("a", ONE), ("a", TWO), ("a", THREE), ("b", ONE)]


# --- memory of bad hosts ---------------------------------------------------------------------------


async def test_a_dead_host_and_one_that_refuses_everything_cost_one_request_only() -> None:
    world = World({ONE: REFUSED, TWO: error(404, "Requested entity was not found.")}, "a")
    assert await world.ask() == [("a", ONE), ("a", TWO), ("a", THREE)]
    assert [attempt.outcome for attempt in world.recorder.last.attempts] == ["connect", "missing", "ok"]
    assert await world.ask() == [("a", THREE)]
    assert world.pool.view().entries[0].resting == {}
    world.clock.move(601)
    assert (await world.ask())[0] == ("a", ONE)


async def test_a_host_that_answers_others_is_not_passed_over_for_lacking_a_model() -> None:
    world = World({}, "a")
    await world.ask()
    world.network.script[ONE] = error(404, "Requested entity was not found.")
    assert await world.ask() == NEXT_HOST
    assert await world.ask() == NEXT_HOST


async def test_a_host_that_is_back_is_used_again_at_once() -> None:
    world = World(dict.fromkeys((ONE, TWO, THREE), REFUSED), "a")
    await world.fail()
    world.network.script.clear()
    assert await world.ask() == [("a", ONE)]
    assert await world.ask() == [("a", ONE)]


async def test_the_plan_says_which_hosts_are_left_alone_and_why() -> None:
    world = World({ONE: REFUSED, TWO: error(403, "The caller does not have permission")}, "a")
    await world.ask()
    plan = await world.service.explain(MODEL)
    assert plan.endpoints == (THREE,)
    assert plan.notes == (
        f"{ONE} could not be reached; it is left alone for 10 min",
        f"{TWO} refuses what others answer; it is left alone for 10 min",
    )


def test_every_scope_has_its_rule() -> None:
    for scope in Scope:
        assert isinstance(onward(Failure(Kind.UPSTREAM, "", scope)), Onward)
