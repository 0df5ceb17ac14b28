"""Generations over scripted providers: fail-over, the commit point, endings, and the row that remains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.config.settings import GatewaySettings
from core.domain.content import Media, Role, Text, Thought, ToolCall, Turn, Url
from core.domain.events import (
    Batch,
    Failed,
    Finished,
    FinishReason,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import Grant
from core.domain.requests import ChatRequest
from core.domain.streams import closing
from core.gateway.generation import GenerationService
from core.gateway.tired import TiredEndpoints
from tests.fakes import (
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    asking,
    caller,
    entry,
    failing,
    rate,
    saying,
    unreachable,
)

TWO = ("https://one.test", "https://two.test")


class World:
    def __init__(
        self, provider: FakeProvider, *accounts: str, settings: GatewaySettings | None = None, **more: Any
    ) -> None:
        self.clock = FakeClock()
        self.provider = provider
        self.pool = FakePool(*(entry(name) for name in accounts or ("a",)), clock=self.clock)
        self.recorder, self.events = FakeRecorder(), FakeEvents()
        self.chosen = settings or GatewaySettings(strategy="round-robin")
        self.service = GenerationService(
            self.pool, {"fake": provider}, self.recorder, self.events, self.clock, lambda: self.chosen, **more
        )

    async def stream(self, **fields: Any) -> list[StreamEvent]:
        stream = self.service.stream(asking(**fields), caller(stream=True))
        return [event async for batch in stream for event in batch]

    async def text(self) -> str:
        answer = await self.service.answer(asking(), caller())
        return "".join(part.text for part in answer.parts if isinstance(part, Text))

    async def fails(self) -> GatewayError:
        with pytest.raises(GatewayError) as caught:
            await self.service.answer(asking(), caller())
        return caught.value

    @property
    def outcomes(self) -> list[str]:
        return [attempt.outcome for attempt in self.recorder.last.attempts]


async def test_a_stream_starts_with_who_answers_and_ends_once() -> None:
    world = World(FakeProvider(saying("Hel", "lo"), dropped=("seed",)))
    events = await world.stream()
    assert events[0] == Started("m1", "a@test", "fake", "https://one.test", attempts=1, dropped=("seed",))
    assert [event for event in events if isinstance(event, Finished | Failed)] == [Finished()]
    assert isinstance(events[-1], Finished)


async def test_unary_is_the_collected_stream() -> None:
    assert await World(FakeProvider(saying("Hel", "lo"))).text() == "Hello"


@pytest.mark.parametrize(
    ("failure", "calls"),
    [
        (failing(), [("a", TWO[0]), ("a", TWO[1])]),
        (unreachable(), [("a", TWO[0]), ("a", TWO[1])]),
        (failing(cause=Cause.CAPACITY, kind=Kind.CAPACITY, status=503), [("a", TWO[0]), ("a", TWO[1])]),
        (rate(), [("a", TWO[0]), ("b", TWO[0])]),
        (failing(scope=Scope.ACCOUNT, cause=Cause.DENIED, status=403), [("a", TWO[0]), ("b", TWO[0])]),
    ],
)
async def test_the_scope_of_a_failure_decides_who_is_asked_next(
    failure: GatewayError, calls: list[tuple[str, str]]
) -> None:
    world = World(FakeProvider([failure], saying("ok"), endpoints=TWO), "a", "b")
    assert await world.text() == "ok"
    assert world.provider.calls == calls
    assert world.outcomes == [failure.failure.cause, "ok"]
    assert sum(world.pool.in_flight.values()) == 0


@pytest.mark.parametrize("scope", [Scope.REQUEST, Scope.MODEL, Scope.KEY])
async def test_a_failure_of_the_request_itself_is_final(scope: Scope) -> None:
    bad = failing(Kind.BAD_REQUEST, scope, Cause.NONE, 400, message="temperature is too hot")
    world = World(FakeProvider([bad], saying(), endpoints=TWO), "a", "b")
    error = await world.fails()
    assert (error.failure.kind, str(error)) == (Kind.BAD_REQUEST, "temperature is too hot")
    assert len(world.provider.calls) == 1


async def test_a_provider_that_is_refused_altogether_is_asked_once() -> None:
    outdated = failing(Kind.UNAVAILABLE, Scope.PROVIDER, Cause.OUTDATED, 400)
    world = World(FakeProvider([outdated], saying(), endpoints=TWO), "a", "b")
    assert (await world.fails()).failure.cause is Cause.OUTDATED
    assert len(world.provider.calls) == 1


THREE = (*TWO, "https://three.test")


@pytest.mark.parametrize(
    ("failure", "rest"),
    [
        (failing(Kind.FORBIDDEN, cause=Cause.DENIED, status=403, retry_after=60.0), 60.0),
        (failing(Kind.NOT_FOUND, cause=Cause.MISSING, status=404, retry_after=300.0), 300.0),
    ],
)
async def test_an_account_that_is_refused_leaves_the_last_call_to_another_and_rests(
    failure: GatewayError, rest: float
) -> None:
    world = World(FakeProvider([failure], [failure], saying("ok"), endpoints=THREE), "a", "b")
    assert await world.text() == "ok"
    assert world.provider.calls == [("a", THREE[0]), ("a", THREE[1]), ("b", THREE[2])]
    assert world.pool.view().entries[0].resting == {"m1": rest}
    assert await world.text() == "ok"
    assert world.provider.calls[3:] == [("b", THREE[0])]


async def test_an_account_alone_is_asked_at_every_endpoint() -> None:
    denied = failing(Kind.FORBIDDEN, cause=Cause.DENIED, status=403, message="no permission")
    world = World(FakeProvider([denied], endpoints=THREE), "a")
    assert str(await world.fails()) == "no permission"
    assert world.provider.calls == [("a", endpoint) for endpoint in THREE]


async def test_an_endpoint_that_failed_is_not_the_first_to_be_asked_for_the_next_account() -> None:
    world = World(FakeProvider([failing()], [failing()], saying("ok"), endpoints=THREE), "a", "b")
    assert await world.text() == "ok"
    assert world.provider.calls == [("a", THREE[0]), ("a", THREE[1]), ("b", THREE[2])]


async def test_a_refusal_among_other_failures_is_no_fault_of_the_account() -> None:
    missing = failing(Kind.NOT_FOUND, cause=Cause.MISSING, status=404, retry_after=300.0)
    world = World(FakeProvider([missing], [failing()], saying("ok"), endpoints=THREE), "a", "b")
    assert await world.text() == "ok"
    assert world.pool.view().entries[0].resting == {}


async def test_a_model_is_unknown_only_when_every_account_was_asked_for_it() -> None:
    missing = failing(Kind.NOT_FOUND, cause=Cause.MISSING, status=404, retry_after=300.0)
    world = World(FakeProvider([missing], endpoints=THREE), "a", "b", "c")
    failure = (await world.fails()).failure
    assert (failure.kind, failure.retry_after) == (Kind.UNAVAILABLE, 1.0)
    assert "others were not asked" in failure.public_message
    failure = (await world.fails()).failure
    assert (failure.kind, failure.params["code"]) == (Kind.NOT_FOUND, "model_not_found")
    assert {account for account, _ in world.provider.calls} == {"a", "b", "c"}
    calls = len(world.provider.calls)
    assert (await world.fails()).failure.kind is Kind.NOT_FOUND
    assert len(world.provider.calls) == calls


async def test_a_401_refreshes_the_token_once_on_the_same_account() -> None:
    auth = failing(Kind.UNAUTHENTICATED, Scope.ACCOUNT, Cause.AUTH, 401)
    world = World(FakeProvider([auth], saying("ok")), "a", "b")
    assert await world.text() == "ok"
    assert world.pool.grants == [("a", False), ("a", True)]
    assert world.provider.tokens == ["old", "fresh"]
    assert not world.pool.failures


async def test_a_second_401_leaves_the_account_and_never_reaches_the_client_as_one() -> None:
    auth = failing(Kind.UNAUTHENTICATED, Scope.ACCOUNT, Cause.AUTH, 401)
    world = World(FakeProvider([auth]), "a")
    error = await world.fails()
    assert error.failure.kind is Kind.UNAVAILABLE
    assert [account for account, _ in world.pool.failures] == ["a"]
    assert len(world.provider.calls) == 2


async def test_no_generation_makes_more_than_three_calls() -> None:
    world = World(FakeProvider([failing()], endpoints=TWO), *"abcdef")
    await world.fails()
    assert len(world.provider.calls) == 3
    assert world.recorder.last.status == 502


async def test_connections_that_fail_are_written_down_but_not_counted() -> None:
    world = World(FakeProvider([unreachable()], [unreachable()], [unreachable()], saying("ok"),
                               endpoints=("u1", "u2", "u3", "u4")))  # fmt: skip
    assert await world.text() == "ok"
    assert world.outcomes == ["connect"] * 3 + ["ok"]


async def test_an_unreachable_endpoint_is_left_alone_for_a_while() -> None:
    world = World(FakeProvider([unreachable()], saying("ok"), endpoints=TWO))
    await world.text()
    await world.text()
    assert [endpoint for _, endpoint in world.provider.calls] == [TWO[0], TWO[1], TWO[1]]
    world.clock.move(601)
    await world.text()
    assert world.provider.calls[-1][1] == TWO[0]


async def test_how_long_an_unreachable_endpoint_is_left_alone_may_change_meanwhile() -> None:
    world = World(FakeProvider([unreachable()], saying("ok"), endpoints=TWO))
    await world.text()
    world.chosen = GatewaySettings(bad_endpoint_s=5.0)
    world.clock.move(6)
    await world.text()
    assert world.provider.calls[-1][1] == TWO[0]


async def test_an_alias_is_sent_as_what_it_stands_for_and_keeps_its_name_for_the_client() -> None:
    names = {"gpt-*": "alias-m1"}  # which the provider resolves in its turn
    world = World(FakeProvider(saying("ok"), saying("ok")), aliases=lambda: names)
    events = await world.stream(model="gpt-4o")
    assert isinstance(events[0], Started)
    assert events[0].model == "m1"
    assert (world.recorder.last.asked, world.recorder.last.model) == ("gpt-4o", "m1")
    found = await world.service.explain("gpt-4o")
    assert (found.asked, found.model) == ("gpt-4o", "m1")
    names.clear()
    assert (await world.service.explain("gpt-4o")).model == "gpt-4o"


async def test_dead_endpoints_are_not_tried_again_for_every_account() -> None:
    world = World(FakeProvider([unreachable()], endpoints=TWO), *"abcdef")
    error = await world.fails()
    assert error.failure.cause is Cause.CONNECT
    assert len(world.provider.calls) == 2


async def test_after_content_nothing_is_tried_again() -> None:
    begun: Batch = [PartOpened(Text("")), PartDelta("Once upon")]
    world = World(FakeProvider([begun, failing()], saying("never")), "a", "b")
    events = await world.stream()
    assert len(world.provider.calls) == 1
    assert isinstance(events[-1], Failed)
    assert sum(isinstance(event, Finished | Failed) for event in events) == 1
    assert "never" not in repr(events)


async def test_a_thought_is_content() -> None:
    world = World(FakeProvider([[PartOpened(Thought("hm"))], failing()], saying("never")), "a", "b")
    events = await world.stream()
    assert isinstance(events[-1], Failed)
    assert len(world.provider.calls) == 1


async def test_usage_alone_is_not_content() -> None:
    world = World(FakeProvider([[UsageSeen(Usage(1, 0))], failing()], saying("ok"), endpoints=TWO))
    assert await world.text() == "ok"


async def test_an_answer_without_an_ending_fails_with_one() -> None:
    world = World(FakeProvider([[PartOpened(Text("half"))]]))
    events = await world.stream()
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.cause is Cause.CUT
    assert world.recorder.last.cause == "cut"


async def test_nothing_after_the_ending_is_passed_on() -> None:
    world = World(
        FakeProvider([[PartOpened(Text("a")), Finished(), PartDelta("b"), Finished()], [Finished()]])
    )
    events = await world.stream()
    assert sum(isinstance(event, Finished | Failed) for event in events) == 1
    assert "b" not in repr(events)


async def test_an_empty_answer_is_asked_for_again_and_then_taken() -> None:
    world = World(FakeProvider([[Finished()]], endpoints=TWO), "a")
    answer = await world.service.answer(asking(), caller())
    assert answer.parts == ()
    assert len(world.provider.calls) == 2
    assert answer.started.attempts == 2
    assert world.recorder.last.kind == "ok"
    assert not world.pool.failures


async def test_an_empty_answer_for_a_stated_reason_is_an_answer() -> None:
    world = World(FakeProvider([[Finished(FinishReason.CONTENT_FILTER)]], endpoints=TWO))
    answer = await world.service.answer(asking(), caller())
    assert answer.finish.reason is FinishReason.CONTENT_FILTER
    assert len(world.provider.calls) == 1


async def test_a_second_call_may_bring_what_the_first_did_not() -> None:
    world = World(FakeProvider([[Finished()]], saying("here"), endpoints=TWO))
    assert await world.text() == "here"


async def test_a_fault_in_a_provider_is_an_ending_too(caplog: pytest.LogCaptureFixture) -> None:
    world = World(FakeProvider([[PartOpened(Text("x"))], ValueError("bug with sk-secret inside")]))
    events = await world.stream()
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.kind is Kind.INTERNAL
    assert "sk-secret" not in events[-1].failure.public_message
    assert "should not" in caplog.text


async def test_when_all_rest_the_client_hears_the_true_wait() -> None:
    world = World(FakeProvider([rate(40)], [rate(25)]), "a", "b")
    failure = (await world.fails()).failure
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 25.0)
    calls = len(world.provider.calls)
    world.clock.move(5)
    failure = (await world.fails()).failure
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 20.0)
    assert len(world.provider.calls) == calls
    assert world.recorder.last.status == 429


async def test_a_reset_in_120_hours_is_told_as_such() -> None:
    quota = failing(Kind.QUOTA, Scope.ACCOUNT_MODEL, Cause.QUOTA, 429, 432_000.0)
    failure = (await World(FakeProvider([quota])).fails()).failure
    assert (failure.kind, failure.retry_after) == (Kind.QUOTA, 432_000.0)
    assert "120 h" in failure.public_message


async def test_a_limit_with_others_still_free_asks_for_a_short_wait() -> None:
    world = World(FakeProvider([rate(300)]), *"abcdef")
    failure = (await world.fails()).failure
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 1.0)


async def test_a_model_that_no_account_has_is_not_found() -> None:
    missing = failing(Kind.NOT_FOUND, Scope.ACCOUNT_MODEL, Cause.MISSING, 404)
    failure = (await World(FakeProvider([missing])).fails()).failure
    assert failure.kind is Kind.NOT_FOUND
    assert "m1" in failure.public_message


async def test_a_storm_of_429_costs_few_calls() -> None:
    """1,000 requests against 20 accounts that all answer 429: the accounts rest, nobody hammers."""
    world = World(FakeProvider([rate(600)]), *(f"acc{number}" for number in range(20)))
    results = await asyncio.gather(
        *(world.service.answer(asking(), caller(request_id=f"r{number}")) for number in range(1000)),
        return_exceptions=True,
    )
    assert all(isinstance(result, GatewayError) for result in results)
    assert len(world.provider.calls) <= 1200
    assert max(len(row.attempts) for row in world.recorder.rows) <= 3
    assert all(row.status == 429 for row in world.recorder.rows)


async def test_who_finds_no_place_waits_for_one() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *saying("ok")]), "a")
    tasks = [asyncio.create_task(world.text()) for _ in range(9)]
    await world.provider.until_open(4)
    assert world.provider.most_open == 4
    gate.set()
    assert await asyncio.gather(*tasks) == ["ok"] * 9
    assert world.provider.most_open == 4
    assert sum(world.pool.in_flight.values()) == 0


async def test_a_place_at_an_account_that_rests_by_then_is_no_use_and_the_wait_has_one_end() -> None:
    """a answers 429 while somebody waits for a or b: that one goes on waiting for b, but not for longer."""
    gates = asyncio.Event(), asyncio.Event()
    provider = FakeProvider([gates[0], rate(60)], [gates[1], *saying("ok")])
    world = World(provider, queue_s=30.0)
    world.pool = FakePool(entry("a", limit=1), entry("b", limit=1), clock=world.clock)
    world.service = GenerationService(
        world.pool, {"fake": provider}, world.recorder, world.events, world.clock, queue_s=30.0
    )
    first = [asyncio.create_task(world.text()) for _ in range(2)]
    await provider.until_open(2)
    late = asyncio.create_task(world.fails())
    await settled()
    world.clock.move(31)
    gates[0].set()
    assert (await late).failure.kind is Kind.RATE
    assert len(provider.calls) == 2
    gates[1].set()
    await asyncio.gather(*first, return_exceptions=True)
    assert sum(world.pool.in_flight.values()) == 0


async def settled() -> None:
    """Let every task go on to where it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_waits_too_long_for_a_place_gets_429() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *saying("ok")]), "a", queue_s=0.02)
    tasks = [asyncio.create_task(world.text()) for _ in range(4)]
    await world.provider.until_open(4)
    failure = (await world.fails()).failure
    assert failure.kind is Kind.RATE
    gate.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("when", ["before content", "after content"])
async def test_closing_a_stream_closes_the_call(when: str) -> None:
    forever = asyncio.Event()
    first: list[Any] = [] if when == "before content" else [[PartOpened(Text("so"))]]
    world = World(FakeProvider([*first, forever]))

    async def read() -> None:
        async with closing(world.service.stream(asking(), caller(stream=True))) as batches:
            async for _ in batches:
                pass

    task = asyncio.create_task(read())
    await world.provider.until_open(1)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (world.provider.open, world.provider.aborted) == (0, 1)
    assert sum(world.pool.in_flight.values()) == 0
    row = world.recorder.last
    assert (row.kind, row.status, world.outcomes) == ("cancelled", 499, ["cancelled"])
    assert not world.pool.failures


async def test_a_reader_who_stops_after_some_text_is_a_cancelled_request() -> None:
    world = World(FakeProvider(saying("one", "two", "three")))
    async with closing(world.service.stream(asking(), caller(stream=True))) as batches:
        async for batch in batches:
            if any(isinstance(event, PartDelta) for event in batch):
                break
    assert world.recorder.last.kind == "cancelled"
    assert world.provider.aborted == 1


async def test_a_request_leaves_one_row_with_everything() -> None:
    clock_steps: list[Any] = [0.25, *saying("Hello", usage=Usage(10, 5, 2, 0, 1))]
    provider = FakeProvider([rate(30)], clock_steps)
    world = World(provider, "a", "b")
    provider._clock = world.clock  # pyright: ignore[reportPrivateUsage]
    [event async for event in world.service.stream(asking(), caller(stream=True, key="local"))]
    (row,) = world.recorder.rows
    assert (row.id, row.door, row.client, row.key, row.stream) == ("req_1", "openai", "test", "local", True)
    assert (row.asked, row.model, row.provider, row.account, row.email) == (
        "m1",
        "m1",
        "fake",
        "b",
        "b@test",
    )
    assert (row.status, row.kind, row.usage) == (200, "ok", Usage(10, 5, 2, 0, 1))
    assert row.ttft_ms == pytest.approx(250, abs=1)
    assert row.duration_ms == pytest.approx(250, abs=1)
    assert [(one.account, one.outcome, one.status) for one in row.attempts] == [
        ("a", "rate", 429),
        ("b", "ok", None),
    ]
    assert row.plan
    assert len(row.plan.candidates) == 2
    assert world.events.topics() == ["request.started", "request.finished"]


async def test_a_failure_in_the_middle_keeps_the_status_that_was_told() -> None:
    script: list[Any] = [[PartOpened(Text("x"))], failing()]
    world = World(FakeProvider(script))
    await world.stream()
    assert (world.recorder.last.status, world.recorder.last.kind) == (200, "upstream")
    await world.fails()
    assert world.recorder.last.status == 502


async def test_several_answers_are_not_one_stream() -> None:
    world = World(FakeProvider())
    with pytest.raises(GatewayError) as caught:
        await world.service.answer(asking(n=2), caller())
    assert caught.value.failure.params["param"] == "n"


async def test_links_are_refused_before_anybody_is_asked() -> None:
    world = World(FakeProvider())
    turn = Turn(Role.USER, (Media("image/png", Url("http://169.254.169.254/latest")),))
    with pytest.raises(GatewayError) as caught:
        await world.service.answer(asking(turns=(turn,)), caller())
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert not world.provider.calls


async def test_a_deadline_ends_the_search() -> None:
    provider = FakeProvider([10.0, failing()], endpoints=TWO)
    world = World(provider, "a", "b")
    provider._clock = world.clock  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(GatewayError):
        await world.service.answer(asking(), caller(deadline=world.clock.monotonic() + 5))
    assert len(provider.calls) == 1


async def test_a_sign_in_that_failed_leads_to_the_next_account() -> None:
    world = World(FakeProvider(saying("ok")), "a", "b")
    gone = failing(Kind.UNAVAILABLE, Scope.ACCOUNT, Cause.INVALID_GRANT, 400)
    world.pool.grant_error = lambda account, fresh: gone if account == "a" else None
    assert await world.text() == "ok"
    assert world.outcomes == ["invalid_grant", "ok"]


async def test_tool_calls_survive_the_way() -> None:
    call = ToolCall("c1", "f")
    script: list[Any] = [[PartOpened(call), PartDelta('{"a":'), PartDelta("1}"), Finished()]]
    answer = await World(FakeProvider(script)).service.answer(asking(), caller())
    assert answer.parts == (ToolCall("c1", "f", '{"a":1}'),)


async def test_tokens_are_counted_with_the_same_fail_over() -> None:
    world = World(FakeProvider([rate()], []), "a", "b")
    assert await world.service.count_tokens(asking(), caller()) == 42
    assert world.outcomes == ["rate", "ok"]


async def test_tokens_that_nobody_can_count_are_guessed() -> None:
    world = World(FakeProvider([failing()]), "a")
    assert await world.service.count_tokens(asking("x" * 350), caller()) == 100
    for kind in (Kind.BAD_REQUEST, Kind.TOO_LONG):
        wrong = World(FakeProvider([failing(kind, Scope.REQUEST, Cause.NONE, 400)]), "a")
        with pytest.raises(GatewayError):
            await wrong.service.count_tokens(asking(), caller())


async def test_explaining_reserves_and_records_nothing() -> None:
    world = World(FakeProvider(), "a", "b")
    found = await world.service.explain("m1", "tea")
    assert [one.account for one in found.candidates]
    assert not world.recorder.rows
    assert sum(world.pool.in_flight.values()) == 0


async def test_no_account_is_503_with_what_to_do() -> None:
    world = World(FakeProvider())
    world.pool._entries.clear()  # pyright: ignore[reportPrivateUsage]
    failure = (await world.fails()).failure
    assert failure.kind is Kind.UNAVAILABLE
    assert world.recorder.last.status == 503


class SlowToClose(FakeProvider):
    """Its streams say one word, and their end has to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = asyncio.Event()

    async def chat(
        self, request: ChatRequest, model: str, grant: Grant, endpoint: str
    ) -> AsyncIterator[Batch]:
        try:
            yield [PartOpened(Text("so"))]
            await asyncio.Event().wait()
        finally:
            self.ending.set()
            await asyncio.Event().wait()


async def test_a_place_is_given_back_even_if_closing_the_call_is_interrupted() -> None:
    provider = SlowToClose()
    world = World(provider, "a")

    async def read() -> None:
        async with closing(world.service.stream(asking(), caller(stream=True))) as batches:
            await anext(batches)
            await anext(batches)

    task = asyncio.create_task(read())
    await provider.ending.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sum(world.pool.in_flight.values()) == 0


async def test_a_refused_project_is_exchanged_once_on_the_same_account() -> None:
    refused = failing(Kind.FORBIDDEN, Scope.ACCOUNT, Cause.PROJECT, 403, 3600.0)
    world = World(FakeProvider([refused], saying()), "a", "b")
    world.pool.other_project = "another"
    assert await world.text() == "ok"
    assert [account for account, _ in world.provider.calls] == ["a", "a"]
    assert world.pool.failures == []


async def test_an_account_without_another_project_rests_and_the_next_one_answers() -> None:
    refused = failing(Kind.FORBIDDEN, Scope.ACCOUNT, Cause.PROJECT, 403, 3600.0)
    world = World(FakeProvider([refused], saying()), "a", "b")
    assert await world.text() == "ok"
    assert [account for account, _ in world.provider.calls] == ["a", "b"]
    assert [(name, failure.cause) for name, failure in world.pool.failures] == [("a", Cause.PROJECT)]


async def test_an_overloaded_endpoint_comes_last_for_that_model_until_it_has_rested() -> None:
    overloaded = failing(Kind.CAPACITY, cause=Cause.CAPACITY, status=503)
    world = World(FakeProvider([overloaded], saying(), endpoints=TWO))
    for seconds, asked in ((0.0, [0, 1]), (0.5, [1]), (0.6, [0])):
        world.clock.move(seconds)
        before = len(world.provider.calls)
        await world.text()
        assert [TWO.index(where) for _, where in world.provider.calls[before:]] == asked
    world.clock.move(60)
    await world.text()
    assert world.provider.calls[-1][1] == TWO[0]


def test_an_endpoint_that_stays_overloaded_comes_last_longer_and_longer() -> None:
    clock = FakeClock()
    tired = TiredEndpoints(clock)
    for rest in (1.0, 2.0, 4.0, 8.0, 8.0):
        for _ in range(5):
            tired.note(TWO[0], "m1")
        assert tired.last(TWO, "other") == TWO
        clock.move(rest - 0.1)
        assert tired.last(TWO, "m1") == TWO[::-1]
        clock.move(0.2)
        assert tired.last(TWO, "m1") == TWO


async def test_with_every_endpoint_overloaded_all_of_them_are_asked() -> None:
    overloaded = failing(Kind.CAPACITY, cause=Cause.CAPACITY, status=503)
    world = World(FakeProvider([overloaded], endpoints=TWO))
    for _ in range(2):
        assert (await world.fails()).failure.kind is Kind.CAPACITY
    assert [where for _, where in world.provider.calls] == [*TWO, *TWO]
    assert world.pool.view().entries[0].resting == {}
