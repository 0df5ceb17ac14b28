"""Answers whose model searches by calling a function: what the client sees, what the upstream is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.config.settings import GatewaySettings
from core.domain.content import Part, Role, Search, Source, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.events import (
    Batch,
    Failed,
    Finished,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.plan import Step
from core.domain.requests import ChatRequest, Tool, ToolChoice
from core.domain.streams import Collector, closing
from core.gateway.generation import GenerationService
from core.gateway.search_rounds import MOST_AT_ONCE
from core.gateway.search_tool import NAME
from tests.fakes import (
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    Script,
    asking,
    caller,
    entry,
    failing,
    rate,
    saying,
)

WEATHER = Tool("get_weather")
TIDES = Search(("tides",), (Source("https://tides.test", "Tides"),))


class Provider(FakeProvider):
    """`m1` takes functions and has no search, `s1` searches; neither does both at once."""

    def dropped(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        functions = any(tool.kind != "builtin" for tool in request.tools)
        return ("search",) if request.search and (functions or model != "s1") else ()

    @property
    def chats(self) -> list[ChatRequest]:
        return [one for one in self.requests if isinstance(one, ChatRequest)]


class World:
    def __init__(self, *scripts: Script, accounts: tuple[str, ...] = ("a",), **settings: Any) -> None:
        self.clock = FakeClock()
        self.provider = Provider(*scripts, clock=self.clock)
        models = (ModelInfo("m1", "fake"), ModelInfo("s1", "fake", search=True))
        self.pool = FakePool(*(entry(name, limit=2) for name in accounts), clock=self.clock, models=models)
        self.recorder = FakeRecorder()
        chosen = GatewaySettings(strategy="round-robin", search_model="s1", **settings)
        self.service = GenerationService(
            self.pool, {"fake": self.provider}, self.recorder, FakeEvents(), self.clock, lambda: chosen
        )

    async def stream(self, request: ChatRequest | None = None, key: str = "local") -> list[StreamEvent]:
        stream = self.service.stream(request or ask(), caller(stream=True, key=key))
        events = [event async for batch in stream for event in batch]
        assert sum(self.pool.in_flight.values()) == 0
        return events

    @property
    def asked(self) -> list[str]:
        return [request.model for request in self.provider.chats]


def ask(*tools: Tool, **fields: Any) -> ChatRequest:
    return asking(**{"search": True, "tools": tools or (WEATHER,), **fields})


def calling(*calls: ToolCall, before: tuple[Part, ...] = (), usage: Usage | None = None) -> Script:
    """An answer that ends in calls."""
    batch: Batch = []
    for part in (*before, *calls):
        batch += [PartOpened(part), PartClosed()]
    return [batch, [UsageSeen(usage or Usage(10, 2)), Finished()]]


def search(call_id: str = "g1", query: str = "tides") -> ToolCall:
    return ToolCall(call_id, NAME, f'{{"query":"{query}"}}', signature="sig")


def found(text: str = "High at noon.", what: Search = TIDES) -> Script:
    return [
        [PartOpened(Text("")), PartDelta(text)],
        [PartClosed(), PartOpened(what), PartClosed(), UsageSeen(Usage(100, 20)), Finished()],
    ]


def parts(events: list[StreamEvent]) -> tuple[Part, ...]:
    collector = Collector()
    collector.feed(events)
    return collector.so_far()


def result(request: ChatRequest) -> ToolResult:
    last = request.turns[-1].parts[-1]
    assert isinstance(last, ToolResult)
    return last


async def test_the_client_sees_one_answer_and_what_was_found_but_never_the_call() -> None:
    world = World(calling(search()), found(), saying("At ", "noon."))
    events = await world.stream()
    assert parts(events) == (Text("At noon."), TIDES)
    assert isinstance(events[0], Started)
    assert [event for event in events if isinstance(event, Started | Finished | Failed)] == [
        events[0],
        Finished(),
    ]
    assert world.asked == ["m1", "s1", "m1"]


async def test_search_and_functions_are_never_asked_together() -> None:
    world = World(calling(search()), found(), saying("ok"))
    await world.stream()
    first, side, second = world.provider.chats
    for request in (first, second):
        assert not request.search
        assert [tool.name for tool in request.tools] == ["get_weather", NAME]
    assert side.search
    assert not side.tools


async def test_the_result_goes_back_as_markdown_beside_its_signed_call() -> None:
    world = World(calling(search(), before=(Thought("hm", "t-sig"),)), found(), saying("ok"))
    await world.stream()
    again = world.provider.chats[2]
    assert again.turns[1] == Turn(Role.MODEL, (Thought("hm", "t-sig"), search()))
    assert result(again) == ToolResult(
        "g1",
        NAME,
        (
            Text(
                "## Search Results\n\nHigh at noon.\n\n### Sources\n- [Tides](https://tides.test)\n\n"
                '### Search Queries Used\n- "tides"\n'
            ),
        ),
    )


async def test_a_model_without_search_may_search_when_nothing_but_search_is_asked() -> None:
    world = World(calling(search()), found(), saying("ok"))
    events = await world.stream(asking(search=True))
    assert parts(events) == (Text("ok"), TIDES)


async def test_a_model_that_searches_by_itself_is_asked_once_and_plainly() -> None:
    world = World(found())
    events = await world.stream(asking(model="s1", search=True))
    assert parts(events) == (Text("High at noon."), TIDES)
    (only,) = world.provider.chats
    assert only.search
    assert not only.tools
    assert world.recorder.last.plan
    assert world.recorder.last.plan.steps == (Step("chat", "s1"),)


async def test_every_generation_is_a_step_with_attempts_of_its_own() -> None:
    world = World(calling(search()), [rate(5.0)], found(), saying("ok"), accounts=("a", "b"))
    events = await world.stream()
    row = world.recorder.last
    assert row.plan
    assert row.plan.steps == (Step("chat", "m1"), Step("search", "s1"), Step("tool", "m1"))
    assert [(one.step, one.outcome) for one in row.attempts] == [
        (0, "ok"),
        (1, Cause.RATE),
        (1, "ok"),
        (2, "ok"),
    ]
    assert (row.kind, row.plan.dropped) == ("ok", ())
    started = events[0]
    assert isinstance(started, Started)
    assert (started.attempts, started.dropped) == (4, ())


async def test_usage_counts_all_generations() -> None:
    world = World(calling(search(), usage=Usage(10, 2)), found(), saying("ok", usage=Usage(50, 5)))
    events = await world.stream()
    told = [event.usage for event in events if isinstance(event, UsageSeen)]
    assert told[-1] == world.recorder.last.usage == Usage(160, 27)


async def test_what_is_said_before_a_search_is_a_paragraph_of_its_own() -> None:
    world = World(calling(search(), before=(Text("Let me look."),)), found(), saying("At noon."))
    events = await world.stream()
    assert (
        "".join(part.text for part in parts(events) if isinstance(part, Text)) == "Let me look.\n\nAt noon."
    )


async def test_what_comes_before_a_search_is_shown_at_once() -> None:
    gate = asyncio.Event()
    world = World(calling(search(), before=(Thought("hm"),)), [gate, *found()], saying("ok"))
    stream = world.service.stream(ask(), caller(stream=True))
    async with closing(stream) as batches:
        seen: list[StreamEvent] = []
        while not any(isinstance(event, PartOpened) for event in seen):
            seen += await anext(batches)
        assert Thought("hm") in parts(seen)
        gate.set()


async def test_a_failed_search_is_told_to_the_model_and_the_answer_goes_on() -> None:
    refused = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, message="no such search")
    world = World(calling(search()), [refused], saying("I could not look it up."))
    events = await world.stream()
    assert parts(events) == (Text("I could not look it up."),)
    told = result(world.provider.chats[2])
    assert (told.is_error, told.parts) == (True, (Text("The search failed: no such search"),))
    assert world.recorder.last.kind == "ok"


async def test_a_call_without_sense_costs_no_search() -> None:
    world = World(calling(ToolCall("g1", NAME, '{"q":1}')), saying("ok"))
    assert parts(await world.stream()) == (Text("ok"),)
    assert result(world.provider.chats[1]).is_error


async def test_searches_of_one_answer_run_side_by_side_and_keep_their_order() -> None:
    other = Search(("moon",), (Source("https://moon.test", "Moon"),))
    world = World(
        calling(search("g1"), search("g2", "moon")),
        [both := asyncio.Event(), *found()],
        [both, *found("Full.", other)],
        saying("ok"),
    )
    answering = asyncio.create_task(world.stream())
    await world.provider.until_open(2)
    both.set()
    events = await answering
    results = [part for part in world.provider.chats[-1].turns[-1].parts if isinstance(part, ToolResult)]
    assert [one.call_id for one in results] == ["g1", "g2"]
    assert parts(events)[-1] == Search(("tides", "moon"), (*TIDES.sources, *other.sources))


async def test_more_searches_than_can_be_made_are_refused_one_by_one() -> None:
    calls = [search(f"g{n}") for n in range(MOST_AT_ONCE + 1)]
    world = World(calling(*calls), *(found() for _ in range(MOST_AT_ONCE)), saying("ok"), accounts=("a", "b"))
    await world.stream()
    results = world.provider.chats[-1].turns[-1].parts
    assert [isinstance(one, ToolResult) and one.is_error for one in results] == [False] * MOST_AT_ONCE + [
        True
    ]


async def test_after_enough_rounds_the_model_has_to_answer_without() -> None:
    world = World(
        calling(search("g1")), found(), calling(search("g2")), found(), saying("ok"), search_rounds=2
    )
    await world.stream()
    assert [tool.name for tool in world.provider.chats[2].tools] == ["get_weather", NAME]
    last = world.provider.chats[-1]
    assert [tool.name for tool in last.tools] == ["get_weather"]
    assert not last.search


async def test_a_model_that_never_stops_searching_is_a_failure_and_no_empty_answer() -> None:
    world = World(calling(search("g1")), found(), calling(search("g2")), search_rounds=1)
    with pytest.raises(GatewayError, match="kept on searching"):
        await world.stream()
    assert len(world.provider.chats) == 3
    assert world.recorder.last.kind == Kind.UPSTREAM


async def test_without_rounds_the_search_is_dropped_and_said_to_be() -> None:
    world = World(saying("ok"), search_rounds=0)
    events = await world.stream()
    assert isinstance(events[0], Started)
    assert events[0].dropped == ("search",)
    assert [tool.name for tool in world.provider.chats[0].tools] == ["get_weather"]


# --- functions of the client ------------------------------------------------------------------------

CALL = ToolCall("c1", "get_weather", '{"city":"Rome"}')


async def test_the_clients_function_passes_beside_a_search_of_the_same_answer() -> None:
    world = World(calling(search(), CALL), found())
    events = await world.stream()
    assert parts(events) == (CALL, TIDES)
    assert isinstance(events[-1], Finished)
    assert world.asked == ["m1", "s1"], "the model goes on when the client has answered"


async def test_both_results_stand_after_both_calls_when_the_client_comes_back() -> None:
    world = World(calling(search(), CALL), found(), saying("ok"))
    await world.stream()
    seen = (Turn(Role.MODEL, (CALL,)), Turn(Role.USER, (ToolResult("c1", "get_weather", (Text("sun"),)),)))
    first = ask()
    await world.stream(ask(turns=(*first.turns, *seen)))
    turns = world.provider.chats[-1].turns
    assert turns[1] == Turn(Role.MODEL, (search(), CALL))
    answered = [part.call_id for turn in turns[2:] for part in turn.parts if isinstance(part, ToolResult)]
    assert answered == ["g1", "c1"]


async def test_a_search_before_a_function_is_remembered_through_all_later_turns() -> None:
    world = World(calling(search()), found(), calling(CALL), saying("ok"))
    assert parts(await world.stream()) == (CALL, TIDES)
    seen = (
        Turn(Role.MODEL, (CALL,)),
        Turn(Role.USER, (ToolResult("c1", "get_weather", (Text("sun"),)),)),
        Turn.of(Role.MODEL, "Sunny."),
        Turn.of(Role.USER, "and tomorrow?"),
    )
    await world.stream(ask(turns=(*ask().turns, *seen), search=False))
    turns = world.provider.chats[-1].turns
    assert [part for turn in turns[1:4] for part in turn.parts] == [
        search(),
        ToolResult("g1", NAME, result_parts(turns[2])),
        CALL,
    ]
    assert turns[-1] == seen[-1]
    await world.stream(ask(turns=(*ask().turns, *seen)), key="somebody-else")
    assert world.provider.chats[-1].turns == (*ask().turns, *seen)


def result_parts(turn: Turn) -> tuple[Any, ...]:
    (only,) = turn.parts
    assert isinstance(only, ToolResult)
    return only.parts


async def test_a_forced_function_is_not_kept_from_its_call_by_a_search() -> None:
    world = World(calling(CALL))
    events = await world.stream(ask(tool_choice=ToolChoice("any", ("get_weather",))))
    assert parts(events) == (CALL,)
    assert isinstance(events[0], Started)
    assert events[0].dropped == ("search",)


# --- failures and hanging up ------------------------------------------------------------------------


async def test_a_failure_before_anything_is_shown_can_still_be_told_as_such() -> None:
    limit = [rate(90.0)]
    world = World(calling(search()), found(), limit)
    with pytest.raises(GatewayError) as caught:
        await world.stream()
    assert caught.value.failure.kind is Kind.RATE
    assert caught.value.failure.retry_after == pytest.approx(90.0)
    assert world.recorder.last.status == 429


async def test_a_failure_after_something_was_shown_ends_the_stream_with_what_was_found() -> None:
    world = World(calling(search(), before=(Text("Let me look."),)), found(), [rate(90.0)])
    events = await world.stream()
    assert parts(events) == (Text("Let me look."), TIDES)
    assert isinstance(events[-1], Failed)
    assert sum(isinstance(event, Failed | Finished) for event in events) == 1


async def test_an_answer_that_is_cut_while_it_searches_is_not_taken_for_whole() -> None:
    cut = failing(cause=Cause.CUT, status=None)
    world = World([[PartOpened(search()), PartClosed()], cut])
    with pytest.raises(GatewayError, match="scripted failure"):
        await world.stream()


async def test_hanging_up_while_a_search_runs_stops_it_and_is_written_down() -> None:
    world = World(calling(search(), before=(Thought("hm"),)), [asyncio.Event()])
    task = asyncio.create_task(world.stream())
    async with asyncio.timeout(5):
        while len(world.provider.calls) < 2:
            world.provider.changed.clear()
            await world.provider.changed.wait()
    await world.provider.until_open(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (world.provider.open, world.provider.aborted) == (0, 1)
    assert sum(world.pool.in_flight.values()) == 0
    row = world.recorder.last
    assert [(one.step, one.outcome) for one in row.attempts] == [(0, "ok"), (1, "cancelled")]
    assert row.kind == Kind.CANCELLED


async def test_a_search_that_takes_too_long_is_a_failed_search() -> None:
    world = World(calling(search()), [asyncio.Event()], saying("ok"), search_timeout_s=0.05)
    assert parts(await world.stream()) == (Text("ok"),)
    (told,) = result(world.provider.chats[2]).parts
    assert isinstance(told, Text)
    assert "gateway.search_timeout_s" in told.text


# --- a search by itself -----------------------------------------------------------------------------


async def test_a_search_by_itself_gives_text_sources_and_markdown() -> None:
    world = World(found())
    answer = await world.service.search("tides", caller(family="cli", path="agtui search"))
    assert (answer.query, answer.text, answer.found) == ("tides", "High at noon.", TIDES)
    assert answer.markdown.startswith("## Search Results\n\nHigh at noon.\n\n### Sources\n")
    assert (answer.started.model, answer.started.account) == ("s1", "a@test")
    row = world.recorder.last
    assert (row.kind, row.door, row.asked, row.usage) == ("ok", "cli", "s1", Usage(100, 20))


async def test_a_model_that_can_not_search_is_refused_with_those_that_can() -> None:
    world = World(found())
    with pytest.raises(GatewayError, match=r"`m1` can't search the web\. These can: s1") as caught:
        await world.service.search("tides", caller(), model="m1")
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert not world.provider.calls


async def test_another_model_searches_where_nobody_has_the_one_of_the_settings() -> None:
    missing = failing(Kind.NOT_FOUND, Scope.MODEL, Cause.MISSING, 404)
    world = World([missing], found())
    world.service = GenerationService(
        world.pool,
        {"fake": world.provider},
        world.recorder,
        FakeEvents(),
        world.clock,
        lambda: GatewaySettings(search_model="s0"),
    )
    world.provider.dropped = lambda request, model: ()  # type: ignore[method-assign]
    assert (await world.service.search("tides", caller())).text == "High at noon."
    assert world.asked == ["s0", "s1"]


async def test_a_search_that_nobody_can_make_says_when_somebody_can() -> None:
    world = World([rate(90.0)])
    with pytest.raises(GatewayError) as caught:
        await world.service.search("tides", caller())
    assert caught.value.failure.kind is Kind.RATE
    assert caught.value.failure.retry_after == pytest.approx(90.0)
    assert world.recorder.last.status == 429


async def test_an_empty_search_is_refused_before_anybody_is_asked() -> None:
    world = World(found())
    with pytest.raises(GatewayError, match="nothing to search for"):
        await world.service.search(" ", caller())
    assert not world.provider.calls
