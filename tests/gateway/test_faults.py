"""Whatever upstreams do, a stream ends once, costs few calls, and gives everything back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.settings import GatewaySettings
from core.domain.content import Base64Text, Media, Refusal, Text, Thought, ToolCall
from core.domain.events import (
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.ports import Clock
from core.gateway.generation import GenerationService
from core.server.app import build_app
from core.studio.jobs import StudioService
from tests.fakes import (
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    FakeShelf,
    Ids,
    Script,
    asking,
    caller,
    entry,
)

EVENTS = st.one_of(
    st.builds(
        PartOpened, st.sampled_from([Text(""), Text("a"), Thought("b"), ToolCall("c", "f"), Refusal("r")])
    ),
    st.just(PartOpened(Media("image/png", Base64Text("AAAA")))),
    st.builds(PartDelta, st.sampled_from(["", "x", "{}"]), st.sampled_from(["", "sig"])),
    st.just(PartClosed()),
    st.just(UsageSeen(Usage(1, 1))),
    st.builds(Finished, st.sampled_from(FinishReason)),
    st.just(Failed(Failure(Kind.UPSTREAM, "never the provider's to say"))),
    st.just(Started("not-the-provider's-either")),
)
FAILURES = st.builds(
    lambda kind, scope, cause, wait: GatewayError(Failure(kind, "scripted", scope, cause, wait)),
    st.sampled_from(Kind),
    st.sampled_from(Scope),
    st.sampled_from(Cause),
    st.sampled_from([None, 0.0, 5.0, 100_000.0]),
)
BUGS = st.sampled_from([ValueError("bug"), RuntimeError("bug"), KeyError("bug")])
SCRIPTS = st.lists(
    st.lists(st.lists(EVENTS, max_size=3) | FAILURES | BUGS, max_size=5), min_size=1, max_size=4
)


class World:
    def __init__(self, scripts: list[Any], accounts: int, endpoints: int) -> None:
        self.clock = FakeClock()
        played: list[Script] = [list(script) for script in scripts]
        urls = tuple(f"https://{number}.test" for number in range(endpoints))
        self.provider = FakeProvider(*played, endpoints=urls)
        self.pool = FakePool(*(entry(f"acc{number}") for number in range(accounts)), clock=self.clock)
        self.recorder, self.events = FakeRecorder(), FakeEvents()
        self.service = GenerationService(
            self.pool, {"fake": self.provider}, self.recorder, self.events, self.clock,
            lambda: GatewaySettings(strategy="round-robin"),
        )  # fmt: skip

    def check(self) -> None:
        (row,) = self.recorder.rows
        unsent = ("connect", "invalid_grant", "config")
        assert sum(attempt.outcome not in unsent for attempt in row.attempts) <= 3
        assert len(row.attempts) <= 8
        assert len(row.attempts) == len(self.provider.calls)
        assert self.provider.open == 0
        assert sum(self.pool.in_flight.values()) == 0
        assert self.events.topics() == ["request.started", "request.finished"]


@settings(max_examples=200, deadline=None)
@given(SCRIPTS, st.integers(1, 3), st.integers(1, 3))
def test_every_stream_ends_exactly_once(scripts: list[Any], accounts: int, endpoints: int) -> None:
    world = World(scripts, accounts, endpoints)

    async def read() -> list[StreamEvent]:
        stream = world.service.stream(asking(), caller(stream=True))
        return [event async for batch in stream for event in batch]

    try:
        events = asyncio.run(read())
    except GatewayError as refusal:
        kind = refusal.failure.kind
        events = []
        assert kind is not Kind.UNAUTHENTICATED
    if events:
        assert isinstance(events[0], Started)
        assert events[0].account.endswith("@test")
        assert sum(isinstance(event, Finished | Failed) for event in events) == 1
        assert isinstance(events[-1], Finished | Failed)
        opened = False
        for event in events:
            if isinstance(event, PartOpened):
                assert not opened
                opened = True
            elif isinstance(event, PartDelta):
                assert opened
            elif isinstance(event, PartClosed | Finished | Failed):
                assert opened or not isinstance(event, PartClosed)
                assert not opened or isinstance(event, PartClosed)
                opened = False
    world.check()


class AnyKey:
    def matches(self, presented: str) -> str | None:
        return "local"


def gateway(world: World, clock: Clock) -> Any:
    studio = StudioService(world.service, FakeShelf(), world.events, clock, Ids())
    return build_app(world.service, studio, AnyKey(), clock)


@settings(max_examples=200, deadline=None)
@given(SCRIPTS, st.booleans())
def test_every_http_answer_is_whole_and_says_once_how_it_ended(scripts: list[Any], streaming: bool) -> None:
    world = World(scripts, 2, 2)
    status, body = asyncio.run(post(gateway(world, world.clock), streaming))
    if status != 200:
        error = json.loads(body)["error"]
        assert set(error) == {"message", "type", "param", "code"}
    elif streaming:
        frames = body.decode().split("\n\n")
        assert frames.pop() == ""
        assert all(frame.startswith("data: ") for frame in frames)
        errors = [frame for frame in frames if frame.startswith('data: {"error"')]
        assert len(errors) + frames.count("data: [DONE]") == 1
        assert frames[-1] in (*errors, "data: [DONE]")
    else:
        assert json.loads(body)["choices"][0]["finish_reason"]
    world.check()


async def post(app: Any, streaming: bool) -> tuple[int, bytes]:
    """One request straight into the application; its status and whole body."""
    asked = json.dumps({"model": "m1", "messages": [], "stream": streaming}).encode()
    waiting: list[Any] = [{"type": "http.request", "body": asked}]
    sent: list[Any] = []

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"x-api-key", b"k"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    assert not sent[-1].get("more_body")
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)
