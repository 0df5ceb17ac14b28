"""A request that is refused for its form is repaired: each repair once, on the same account."""

from __future__ import annotations

import pytest
from msgspec import structs

from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.requests import ImageRequest
from core.gateway.generation import GenerationService
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
)


def refusal(repair: str) -> GatewayError:
    error = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, None, f"wants {repair}")
    return GatewayError(structs.replace(error.failure, repair=repair))


class World:
    def __init__(self, *scripts: list[object], accounts: str = "ab") -> None:
        self.provider = FakeProvider(*scripts)  # pyright: ignore[reportArgumentType]
        self.pool = FakePool(*map(entry, accounts))
        self.recorder = FakeRecorder()
        self.service = GenerationService(
            self.pool, {"fake": self.provider}, self.recorder, FakeEvents(), FakeClock()
        )

    async def asks(self) -> None:
        await self.service.answer(asking(), caller())

    @property
    def repairs(self) -> list[tuple[str, ...]]:
        return [request.repairs for request in self.provider.requests]

    @property
    def accounts(self) -> list[str]:
        return [account for account, _ in self.provider.calls]


async def test_the_same_account_is_asked_again_with_the_repair(caplog: pytest.LogCaptureFixture) -> None:
    world = World([refusal("thoughts")], saying())
    await world.asks()
    assert world.repairs == [(), ("thoughts",)]
    assert len(set(world.accounts)) == 1
    assert world.pool.failures == []
    assert [attempt.status for attempt in world.recorder.last.attempts] == [400, None]
    assert "is repaired (thoughts): detail: wants thoughts" in caplog.text


async def test_each_repair_is_made_once_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    world = World([refusal("thoughts")], [refusal("pairing")], saying())
    await world.asks()
    assert world.repairs == [(), ("thoughts",), ("thoughts", "pairing")]
    again = World([refusal("thoughts")], [refusal("thoughts")], saying())
    with pytest.raises(GatewayError) as caught:
        await again.asks()
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert len(again.provider.calls) == 2


async def test_a_repair_is_not_forgotten_when_another_account_is_asked() -> None:
    world = World([refusal("thoughts")], [rate()], saying())
    await world.asks()
    assert world.repairs == [(), ("thoughts",), ("thoughts",)]
    assert len(set(world.accounts)) == 2


async def test_a_400_that_names_no_repair_is_final_and_cools_nobody() -> None:
    world = World([refusal("")], saying())
    with pytest.raises(GatewayError):
        await world.asks()
    assert len(world.provider.calls) == 1
    assert world.pool.failures == []


async def test_a_picture_is_repaired_and_says_what_it_lost() -> None:
    world = World([refusal("key:imageSize")], saying(), accounts="a")
    made = [
        event
        async for event in world.service.pictures(ImageRequest("kite", "p1"), caller())
        if event.index == 0
    ]
    assert world.repairs == [(), ("key:imageSize",)]
    started = getattr(made[-1], "started", None)
    assert started is not None
    assert started.dropped == ("imageSize",)
