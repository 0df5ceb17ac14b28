"""Pictures side by side: each with its own attempts, success and failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.config.settings import GatewaySettings
from core.domain.content import AssetRef, Base64Text, Media
from core.domain.events import Finished, JobEvent, Made, NotMade, Phase, Usage
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.requests import ImageRequest
from core.domain.streams import closing
from core.domain.works import Asset
from core.gateway.generation import GenerationService
from tests.fakes import (
    PNG,
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    FakeShelf,
    caller,
    entry,
    failing,
    rate,
    unreachable,
)

MADE: Any = [[Finished()]]


class World:
    def __init__(self, provider: FakeProvider, *accounts: str, parallel: int = 2) -> None:
        self.clock, self.provider, self.shelf = FakeClock(), provider, FakeShelf()
        self.pool = FakePool(*(entry(name) for name in accounts or ("a",)), clock=self.clock)
        self.recorder = FakeRecorder()
        self.service = GenerationService(
            self.pool, {"fake": provider}, self.recorder, FakeEvents(), self.clock,
            GatewaySettings, self.shelf, lambda: parallel,
        )  # fmt: skip

    async def make(self, n: int = 1, **fields: Any) -> list[JobEvent]:
        request = ImageRequest("a kite", fields.pop("model", "p1"), n, **fields)
        return [event async for event in self.service.pictures(request, caller())]


def phases(events: list[JobEvent], index: int = 0) -> list[str]:
    return [event.name for event in events if isinstance(event, Phase) and event.index == index]


async def test_a_picture_goes_through_its_phases() -> None:
    world = World(FakeProvider(MADE))
    events = await world.make()
    assert phases(events) == ["queued", "sent", "drawing"]
    made = events[-1]
    assert isinstance(made, Made)
    assert made.media == Media("image/png", Base64Text(PNG))
    assert made.started
    assert (made.started.account, made.started.model) == ("a@test", "p1")


async def test_one_request_is_one_row() -> None:
    world = World(FakeProvider(MADE))
    await world.make(3)
    (row,) = world.recorder.rows
    assert (row.pictures, row.kind, row.usage) == (3, "ok", Usage(15, 300))
    assert [attempt.outcome for attempt in row.attempts] == ["ok"] * 3
    assert row.plan
    assert len(row.plan.steps) == 3


async def test_no_more_are_made_at_a_time_than_may_be() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *MADE]), "a", "b", parallel=2)
    making = asyncio.create_task(world.make(5))
    await world.provider.until_open(2)
    gate.set()
    events = await making
    assert world.provider.most_open == 2
    assert sum(isinstance(event, Made) for event in events) == 5


async def test_pictures_spread_over_the_accounts() -> None:
    world = World(FakeProvider(MADE), *"abcd")
    await world.make(10)
    assert len({account for account, _ in world.provider.calls}) >= 3


async def test_a_picture_fails_over_and_fails_alone() -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, message="not that")
    world = World(FakeProvider([rate()], [bad], MADE), "a", "b", "c", parallel=1)
    events = await world.make(3)
    failed = [event for event in events if isinstance(event, NotMade)]
    assert [event.index for event in failed] == [0]
    assert failed[0].failure.public_message == "not that"
    assert sorted(event.index for event in events if isinstance(event, Made)) == [1, 2]
    assert world.recorder.last.kind == "ok"


async def test_when_all_fail_the_row_says_so() -> None:
    world = World(FakeProvider([rate(40)]))
    events = await world.make(2)
    assert sum(isinstance(event, NotMade) for event in events) == 2
    assert (world.recorder.last.kind, world.recorder.last.status) == ("rate", 429)


async def test_nobody_to_ask_is_an_error_before_the_first_event() -> None:
    world = World(FakeProvider(MADE))
    with pytest.raises(GatewayError) as caught:
        await world.make(model="m1")
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert world.recorder.last.status == 400


async def test_closing_stops_every_picture() -> None:
    world = World(FakeProvider([asyncio.Event()]), parallel=4)
    stream = world.service.pictures(ImageRequest("a kite", "p1", 3), caller())

    async def read() -> None:
        async with closing(stream) as events:
            async for _ in events:
                pass

    task = asyncio.create_task(read())
    await world.provider.until_open(3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (world.provider.open, world.provider.aborted) == (0, 3)
    assert world.recorder.last.kind == "cancelled"
    assert sum(world.pool.in_flight.values()) == 0


async def test_references_from_the_library_are_filled_in() -> None:
    world = World(FakeProvider(MADE))
    world.shelf.assets["pic1"] = (Asset("pic1", "image", "/x", "image/png", 1, 1, 3, "p", "m", 0.0), b"raw")
    await world.make(references=(Media("image/png", AssetRef("pic1"), "reference"),))
    (asked,) = world.provider.requests
    assert isinstance(asked, ImageRequest)
    assert asked.references == (Media("image/png", b"raw", "reference"),)


async def test_an_unreachable_upstream_is_told_as_such() -> None:
    world = World(FakeProvider([unreachable()]))
    (failed,) = [event for event in await world.make() if isinstance(event, NotMade)]
    assert failed.failure.cause is Cause.CONNECT
