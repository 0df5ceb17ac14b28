"""The parts of streaming by themselves: what a cancelled task remembers, and when heartbeats end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.domain.content import Text
from core.domain.events import Batch, Failed, PartDelta, PartOpened
from core.domain.failure import GatewayError, Kind
from core.server.disconnect import InterruptedRequest, Watch
from core.server.exchange import BodyBudget, Exchange
from core.server.streaming import stream

SILENCE_S = 0.01


def nobody_leaves(told: object) -> None:
    """A client that stays."""


async def nothing_comes() -> Any:
    await asyncio.Event().wait()


async def test_after_an_interruption_the_task_counts_as_not_cancelled() -> None:
    watch = Watch(nobody_leaves)

    async def serve() -> int:
        this = asyncio.current_task()
        assert this is not None
        try:
            async with watch:
                watch.interrupt("gone")
                await asyncio.Event().wait()
        except InterruptedRequest:
            return this.cancelling()
        return -1

    assert await asyncio.create_task(serve()) == 0


async def test_a_cancellation_from_outside_is_not_taken_for_the_clients() -> None:
    watch = Watch(nobody_leaves)

    async def serve() -> None:
        async with watch:
            await asyncio.Event().wait()

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    serving.cancel()
    watch.interrupt("gone")
    with pytest.raises(asyncio.CancelledError):
        await serving


class Wire:
    """Takes what is sent; a heartbeat stays under way until `let_go`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.beating, self.let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            return
        text = message["body"].decode()
        if text == "beat":
            self.beating.set()
            await self.let_go.wait()
        self.sent.append(text if message["more_body"] else f"{text}.")


class Words:
    """A reply in plain words."""

    content_type = "text/plain"

    def frames(self, batch: Sequence[object]) -> bytes:
        return b"".join(b"failed" if isinstance(event, Failed) else b"word " for event in batch)

    def body(self, answer: Any) -> bytes:
        raise NotImplementedError

    def heartbeat(self) -> bytes:
        return b"beat"


def exchange(wire: Wire) -> Exchange:
    scope: dict[str, Any] = {"method": "POST", "path": "/", "headers": [], "client": None}
    return Exchange(scope, nothing_comes, wire, "r1", BodyBudget(1))


@pytest.mark.parametrize("ending", ["finished", "failed", "stopping"])
async def test_the_end_waits_for_a_heartbeat_that_is_being_written(ending: str) -> None:
    wire, watch, silence = Wire(), Watch(nobody_leaves), asyncio.Event()

    async def batches() -> AsyncIterator[Batch]:
        yield [PartOpened(Text(""))]
        await silence.wait()
        if ending == "failed":
            raise GatewayError.of(Kind.UPSTREAM, "it broke")

    sending = asyncio.create_task(
        stream(exchange(wire), watch, batches(), Words(), lambda started: [], SILENCE_S)
    )
    await asyncio.wait_for(wire.beating.wait(), 5)
    if ending == "stopping":
        watch.interrupt("stopping")
    silence.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not sending.done()
    wire.let_go.set()
    await sending
    assert wire.sent == ["word ", "beat", "." if ending == "finished" else "failed."]


@pytest.mark.parametrize("why", ["gone", "cancelled"])
async def test_no_heartbeat_is_sent_to_who_has_left(why: str) -> None:
    wire, watch = Wire(), Watch(nobody_leaves)
    wire.let_go.set()

    async def batches() -> AsyncIterator[Batch]:
        yield [PartDelta("a")]
        await asyncio.Event().wait()

    sending = asyncio.create_task(
        stream(exchange(wire), watch, batches(), Words(), lambda started: [], SILENCE_S)
    )
    await asyncio.wait_for(wire.beating.wait(), 5)
    if why == "gone":
        watch.interrupt("gone")
    else:
        sending.cancel()
    with pytest.raises((InterruptedRequest, asyncio.CancelledError)):
        await sending
    before = len(wire.sent)
    wire.beating.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wire.beating.wait(), 10 * SILENCE_S)
    assert len(wire.sent) == before
