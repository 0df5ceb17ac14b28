"""What every protocol's generation routes do alike: headers, errors, heartbeats, one ending, back-pressure,
and a client that leaves."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec import Struct

from core.domain.content import Text, Thought
from core.domain.events import Finished, PartClosed, PartDelta, PartOpened, UsageSeen
from core.domain.events import Usage as Tokens
from core.domain.failure import Cause, Kind, Scope
from tests.fakes import FakeClock, FakePool, FakeProvider, Script, entry, failing, rate, saying

from .conftest import Start, World
from .raw import post, wire

MOST_BUFFERED: Final = 1024 * 1024

MESSAGES: Final = [{"role": "user", "content": "hello"}]
ITEMS: Final = [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]
CONTENTS: Final = [{"role": "user", "parts": [{"text": "hello"}]}]


class Asked(Struct, frozen=True):
    """A family's way to ask, and to end. `good` and `bad` find the endings of a stream, each of which may
    be there at most once, and only one of them; `hides` is a setting or a field that hides thoughts."""

    name: str
    path: str
    body: dict[str, Any]
    streamed: tuple[str, dict[str, Any]]
    message: Callable[[Any], str]
    good: str
    bad: str

    def post(self, stream: bool) -> tuple[str, dict[str, Any]]:
        return self.streamed if stream else (self.path, self.body)


def family(
    name: str,
    path: str,
    body: dict[str, Any],
    good: str,
    bad: str,
    streamed: tuple[str, dict[str, Any]] | None = None,
) -> Asked:
    def message(answer: Any) -> str:
        return answer["error"]["message"]

    return Asked(name, path, body, streamed or (path, body | {"stream": True}), message, good, bad)


_GEMINI: Final = "/v1beta/models/m1:"
_CHUNK_ERROR: Final = r'"error":\s*\{'

FAMILIES: Final = [
    family(
        "chat",
        "/v1/chat/completions",
        {"model": "m1", "messages": MESSAGES},
        r"data: \[DONE\]",
        _CHUNK_ERROR,
    ),
    family(
        "completions", "/v1/completions", {"model": "m1", "prompt": "hello"}, r"data: \[DONE\]", _CHUNK_ERROR
    ),
    family(
        "responses",
        "/v1/responses",
        {"model": "m1", "input": ITEMS},
        "event: response.completed",
        "event: response.failed",
    ),
    family(
        "anthropic",
        "/v1/messages",
        {"model": "m1", "max_tokens": 100, "messages": MESSAGES},
        "event: message_stop",
        "event: error",
    ),
    family(
        "gemini sse",
        _GEMINI + "generateContent",
        {"contents": CONTENTS},
        '"finishReason"',
        _CHUNK_ERROR,
        (_GEMINI + "streamGenerateContent?alt=sse", {"contents": CONTENTS}),
    ),
    family(
        "gemini array",
        _GEMINI + "generateContent",
        {"contents": CONTENTS},
        '"finishReason"',
        _CHUNK_ERROR,
        (_GEMINI + "streamGenerateContent", {"contents": CONTENTS}),
    ),
    family(
        "cursor",
        "/cursor/chat/completions",
        {"model": "m1", "messages": MESSAGES},
        r"data: \[DONE\]",
        _CHUNK_ERROR,
    ),
]

every_family = pytest.mark.parametrize("asked", FAMILIES, ids=lambda one: one.name)
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


def timings(header: str) -> dict[str, float]:
    """`queue;dur=0.1, first;dur=2` as numbers by name."""
    found = re.findall(r"(\w+);dur=([\d.]+)", header)
    assert header == ", ".join(f"{name};dur={value}" for name, value in found)
    return {name: float(value) for name, value in found}


# --- headers ----------------------------------------------------------------------------------------


@every_family
@both_ways
async def test_headers_tell_id_account_losses_and_times(start: Start, asked: Asked, stream: bool) -> None:
    world = await start(FakeProvider(dropped=("seed", "logit_bias")), FakePool(entry("ada")))
    path, body = asked.post(stream)
    answer = await world.client.post(path, json=body, headers={"x-request-id": "mine-1"})
    assert answer.status_code == 200, answer.text
    headers = answer.headers
    assert headers["x-request-id"] == "mine-1"
    assert headers["x-agtui-request"] == world.recorder.last.id
    assert headers["x-agtui-account"] == "a***@test"
    assert headers["x-agtui-dropped"] == "seed, logit_bias"
    assert headers["x-mapped-model"] == "m1"
    assert set(timings(headers["server-timing"])) == {"queue", "upstream", "first" if stream else "total"}


@every_family
@both_ways
async def test_times_say_what_was_waited_for(start: Start, asked: Asked, stream: bool) -> None:
    """The first client holds the only place; the second waits for it, and then for its upstream."""
    first, second, clock = asyncio.Event(), asyncio.Event(), FakeClock()
    provider = FakeProvider([first, *saying("one")], [second, 2.0, *saying("two")], clock=clock)
    world = await start(provider, FakePool(entry("ada", limit=1)), clock)
    path, body = asked.post(stream)
    before = asyncio.create_task(world.client.post(path, json=body))
    await provider.until_open(1)
    after = asyncio.create_task(world.client.post(path, json=body))
    await until(lambda: world.app.in_flight == 2)
    clock.move(3.0)
    first.set()
    await before
    await until(lambda: len(provider.calls) == 2)
    second.set()
    told = timings((await after).headers["server-timing"])
    assert (told["queue"], told["upstream"]) == (3000.0, 2000.0)
    assert told["first" if stream else "total"] == 5000.0


# --- errors before the first byte -------------------------------------------------------------------


@every_family
@both_ways
@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, message="it is wrong"), 400),
        (rate(30), 429),
        (failing(Kind.UPSTREAM, message="it broke"), 502),
    ],
    ids=["400", "429", "502"],
)
async def test_a_failure_before_the_first_byte_is_plain_http_in_the_familys_words(
    start: Start, asked: Asked, stream: bool, failure: Any, status: int
) -> None:
    world = await start(FakeProvider([failure]), FakePool(entry("ada")))
    path, body = asked.post(stream)
    answer = await world.client.post(path, json=body, headers={"x-request-id": "mine-2"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert asked.message(answer.json())
    assert answer.headers["x-request-id"] == "mine-2"
    assert answer.headers["x-agtui-account"] == "a***@test"
    assert set(timings(answer.headers["server-timing"])) == {"total"}


@every_family
@both_ways
async def test_a_body_that_is_no_json_is_a_400_in_the_familys_words(
    start: Start, asked: Asked, stream: bool
) -> None:
    world = await start()
    headers = {"content-type": "application/json"}
    answer = await world.client.post(asked.post(stream)[0], content=b'{"model":', headers=headers)
    assert answer.status_code == 400
    assert asked.message(answer.json())
    assert not world.provider.calls


# --- silence ----------------------------------------------------------------------------------------


async def _beats(world: World, asked: Asked, gate: asyncio.Event, body: dict[str, Any]) -> str:
    """The stream of an answer that goes on once a second has held several heartbeats."""
    seen = ""
    async with world.client.stream("POST", asked.streamed[0], json=body) as answer:
        assert answer.status_code == 200
        reads = 0
        async for text in answer.aiter_text():
            seen += text
            reads += 1
            if reads >= 4:
                gate.set()
    return seen


@every_family
async def test_silence_before_the_first_word_is_filled(start: Start, asked: Asked) -> None:
    gate = asyncio.Event()
    world = await start(FakeProvider([gate, *saying("late")]), heartbeat_s=0.02)
    seen = await _beats(world, asked, gate, asked.streamed[1])
    _ended_once(asked, seen, well=True)
    assert "late" in seen


@every_family
async def test_thoughts_that_are_hidden_are_silence_too(start: Start, asked: Asked) -> None:
    """Whatever the model thinks and the client is not shown, it is told that somebody is there."""
    gate = asyncio.Event()

    class Thinking(FakeProvider):
        async def chat(self, *args: Any, **more: Any) -> Any:
            yield [PartOpened(Thought(""))]
            while not gate.is_set():
                yield [PartDelta("hmm ")]
                await asyncio.sleep(0.002)
            yield [PartClosed(), PartOpened(Text("done")), PartClosed(), UsageSeen(Tokens(1, 1)), Finished()]

    world = await start(Thinking(), heartbeat_s=0.02, cursor_reasoning="hide")
    seen = await _beats(world, asked, gate, asked.streamed[1])
    _ended_once(asked, seen, well=True)


# --- endings ----------------------------------------------------------------------------------------


def _ended_once(asked: Asked, seen: str, *, well: bool) -> None:
    good, bad = len(re.findall(asked.good, seen)), len(re.findall(asked.bad, seen))
    assert (good, bad) == ((1, 0) if well else (0, 1)), seen
    if asked.name == "gemini array":
        json.loads(seen)


BROKEN: Final[dict[str, Script]] = {
    "cut": [[PartOpened(Text("Once"))]],
    "hang": [
        [PartOpened(Text("Once"))],
        failing(Kind.TIMEOUT, Scope.ENDPOINT, Cause.SILENT, None, message="it says nothing any more"),
    ],
    "error": [[PartOpened(Text("Once"))], failing(message="it broke off")],
    "fault": [[PartOpened(Text("Once"))], RuntimeError("a mistake of ours")],
}


@every_family
@pytest.mark.parametrize("how", BROKEN)
async def test_an_answer_that_breaks_off_has_exactly_one_ending(start: Start, asked: Asked, how: str) -> None:
    world = await start(FakeProvider(BROKEN[how]), FakePool(entry("a")))
    answer = await world.client.post(asked.streamed[0], json=asked.streamed[1])
    assert answer.status_code == 200
    assert "Once" in answer.text
    _ended_once(asked, answer.text, well=False)
    assert "a mistake of ours" not in answer.text


@every_family
@pytest.mark.parametrize("how", BROKEN)
async def test_a_whole_answer_that_breaks_off_is_a_plain_error(start: Start, asked: Asked, how: str) -> None:
    world = await start(FakeProvider(BROKEN[how]), FakePool(entry("a")))
    answer = await world.client.post(asked.path, json=asked.body)
    assert answer.status_code >= 500
    assert asked.message(answer.json())


@every_family
async def test_a_server_that_stops_ends_a_stream_once(start: Start, asked: Asked) -> None:
    world = await start(FakeProvider([[PartOpened(Text("Once"))], asyncio.Event()]))
    async with wire(world.listener.port) as line:
        await line.send(post(*asked.streamed))
        await line.until(b"Once")
        stopping = asyncio.create_task(world.listener.close(0.05))
        seen = (await line.rest()).decode()
        await stopping
    assert len(re.findall(asked.bad, seen)) == 1
    assert not re.findall(asked.good, seen)


# --- slow readers and those who leave ---------------------------------------------------------------


@every_family
async def test_what_waits_for_a_slow_reader_is_bounded(start: Start, asked: Asked) -> None:
    given = 0
    piece = "x" * 16384

    class Endless(FakeProvider):
        async def chat(self, *args: Any, **more: Any) -> Any:
            nonlocal given
            yield [PartOpened(Text("Once"))]
            for _number in range(4000):
                given += len(piece)
                yield [PartDelta(piece)]
                await asyncio.sleep(0)
            yield [Finished()]

    world = await start(Endless())
    _, writer = await asyncio.open_connection("127.0.0.1", world.listener.port, limit=1024)
    writer.write(post(*asked.streamed))
    await until(lambda: given > 0)
    (protocol,) = world.listener._state.connections  # pyright: ignore[reportPrivateUsage]
    waiting, seen = 0, -1
    while seen != given:
        seen = given
        await asyncio.sleep(0.1)
        waiting = max(waiting, protocol.transport.get_write_buffer_size())
    assert given < 4000 * len(piece)
    assert waiting <= MOST_BUFFERED
    writer.transport.abort()
    await until(lambda: world.app.in_flight == 0)


@every_family
@pytest.mark.parametrize("when", ["unary", "stream before content", "stream after content"])
async def test_a_client_that_leaves_ends_its_upstream_call(start: Start, asked: Asked, when: str) -> None:
    content: Script = [[PartOpened(Text("Once"))]] if when == "stream after content" else []
    world = await start(FakeProvider([*content, asyncio.Event()]))
    async with wire(world.listener.port) as line:
        await line.send(post(*asked.post(when != "unary")))
        await world.provider.until_open(1)
        if content:
            await line.until(b"Once")
        line.drop()
        await world.provider.until_open(0)
    await until(lambda: len(world.recorder.rows) == 1)
    assert world.recorder.last.kind == "cancelled"
    assert sum(world.pool.in_flight.values()) == 0
