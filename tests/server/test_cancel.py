"""A client that goes away, a client that reads too slowly, a server that stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.domain.content import Text
from core.domain.events import Batch, Finished, PartDelta, PartOpened
from tests.fakes import FakePool, FakeProvider, entry, saying

from .conftest import Start, World
from .raw import get, post, wire

CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "m1", "messages": [{"role": "user", "content": "hello"}]}
STREAM = ASK | {"stream": True}


def hanging(*first: Batch) -> FakeProvider:
    return FakeProvider([*first, asyncio.Event()])


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Poll until something is so; there is no event for it to wait for."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("when", ["unary", "stream before content", "stream after content", "pictures"])
async def test_a_client_that_leaves_ends_the_upstream_call_within_100_ms(start: Start, when: str) -> None:
    content: list[Batch] = [[PartOpened(Text("so"))]] if when == "stream after content" else []
    world = await start(hanging(*content))
    for _ in range(5):
        async with wire(world.listener.port) as line:
            if when == "pictures":
                await line.send(post("/v1/images/generations", {"prompt": "kite", "model": "p1"}))
            else:
                await line.send(post(CHAT, STREAM if when.startswith("stream") else ASK))
            await world.provider.until_open(1)
            if content:
                await line.until(b'"so"')
            line.drop()
            left = time.monotonic()
            await world.provider.until_open(0)
            assert time.monotonic() - left < 0.1
    await until(lambda: len(world.recorder.rows) == 5)
    assert {row.kind for row in world.recorder.rows} == {"cancelled"}
    assert sum(world.pool.in_flight.values()) == 0


async def test_a_client_that_leaves_after_a_long_question_is_noticed(start: Start) -> None:
    """So much that reading was held up until the application took it."""
    world = await start(hanging())
    long = {"role": "user", "content": "x" * 1_000_000}
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, ASK | {"messages": [long]}))
        await world.provider.until_open(1)
        line.drop()
        await until(lambda: not world.provider.open)


async def test_many_aborts_leak_nothing(start: Start) -> None:
    world = await start(hanging([PartOpened(Text("so"))]), FakePool(entry("a", limit=1000)))
    before = len(asyncio.all_tasks())
    for _ in range(10):
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(_abort(world, STREAM if number % 2 else ASK))
    await world.provider.until_open(0)
    await until(lambda: world.listener.connections == 0)
    await until(lambda: len(asyncio.all_tasks()) <= before)
    assert sum(world.pool.in_flight.values()) == 0
    assert world.app.in_flight == 0
    assert len(world.recorder.rows) == 200


async def _abort(world: World, body: Any) -> None:
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, body))
        await until(lambda: world.provider.open)
        line.drop()


async def test_a_client_that_leaves_while_sending_is_forgotten(start: Start) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, ASK)[:-5])
        await until(lambda: world.app.in_flight == 1)
        line.drop()
        await until(lambda: world.app.in_flight == 0)
    assert not world.provider.calls


async def test_a_pipelined_request_is_answered_after_the_first(start: Start) -> None:
    world = await start(FakeProvider(saying("one")))
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, ASK) + get("/health", "Connection: close"))
        seen = await line.rest()
    assert seen.count(b"HTTP/1.1 200 OK") == 2
    assert seen.index(b"chat.completion") < seen.index(b'"status":"ok"')


async def test_a_slow_reader_holds_back_the_upstream(start: Start) -> None:
    """The provider is asked for more only as fast as the client reads: nothing piles up in between."""
    given = 0

    class Endless(FakeProvider):
        async def chat(self, *args: Any, **more: Any) -> Any:
            nonlocal given
            yield [PartOpened(Text(""))]
            for _ in range(2000):
                given += 1
                yield [PartDelta("x" * 16384)]
                await asyncio.sleep(0)
            yield [Finished()]

    world = await start(Endless())
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, STREAM, "Connection: close"))
        await line.until(b"assistant")
        seen = -1
        while seen != given:
            seen = given
            await asyncio.sleep(0.1)
        assert given < 1000
        await line.rest(10)
    assert given >= 1000


async def test_stopping_lets_an_answer_finish(start: Start) -> None:
    gate = asyncio.Event()
    world = await start(FakeProvider([[PartOpened(Text("a"))], gate, [Finished()]]))
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, STREAM))
        await line.until(b'"a"')
        stopping = asyncio.create_task(world.listener.close(5))
        await until(lambda: world.app.draining)
        gate.set()
        seen = await line.rest()
        await stopping
    assert b"[DONE]" in seen


async def test_stopping_gives_every_open_answer_its_ending(start: Start) -> None:
    world = await start(hanging([PartOpened(Text("a"))]), FakePool(entry("a", limit=100)))
    lines = [await asyncio.open_connection("127.0.0.1", world.listener.port) for _ in range(50)]
    for number, (reader, writer) in enumerate(lines):
        writer.write(post(CHAT, STREAM if number else ASK))
        if number:
            await reader.readuntil(b'"a"')
    began = time.monotonic()
    await world.listener.close(0.05)
    assert time.monotonic() - began < 1.5
    for number, (reader, writer) in enumerate(lines):
        seen = await reader.read()
        assert seen.count(b"The gateway is being stopped") == 1, number
        assert b"[DONE]" not in seen
        assert seen.startswith(b"HTTP/1.1 503") is (number == 0)
        writer.close()
    assert world.provider.open == 0
    assert world.listener.connections == 0


async def test_stopping_with_nothing_open_is_quick_and_may_be_repeated(start: Start) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(get("/health"))
        await line.until(b'"ok"')
        began = time.monotonic()
        await world.listener.close(30)
        await world.listener.close(30)
        assert time.monotonic() - began < 0.2
        assert await line.rest() != b"x"


async def test_while_stopping_health_says_so(start: Start) -> None:
    world = await start()
    world.app.drain()
    answer = await world.client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
