"""What a client writes never makes a record, an event or a plan large."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.failure import GatewayError, Kind
from core.domain.requests import ImageRequest
from core.gateway.generation import GenerationService
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, caller

LONG = "m" * 100_000
MANY = tuple(f"{number:04}{'y' * 1_000}" for number in range(1_000))


class World:
    def __init__(self) -> None:
        self.recorder, self.events, self.provider = FakeRecorder(), FakeEvents(), FakeProvider(dropped=MANY)
        self.service = GenerationService(
            FakePool(), {"fake": self.provider}, self.recorder, self.events, FakeClock()
        )


async def test_a_name_that_no_model_can_have_is_refused_before_anything_is_kept() -> None:
    world = World()
    calls = [
        world.service.answer(asking(model=LONG), caller()),
        world.service.count_tokens(asking(model=LONG), caller()),
        world.service.explain(LONG),
        anext(aiter(world.service.pictures(ImageRequest("A cat", LONG), caller()))),
    ]
    for call in calls:
        with pytest.raises(GatewayError) as caught:
            await call
        assert caught.value.failure.kind is Kind.BAD_REQUEST
        assert len(caught.value.failure.public_message) < 200
    assert world.recorder.rows == []
    assert world.events.seen == []
    assert world.provider.calls == []


async def test_many_fields_that_were_dropped_are_counted() -> None:
    world = World()
    answer = await world.service.answer(asking(), caller())
    for names in (
        answer.started.dropped,
        world.recorder.last.plan.dropped if world.recorder.last.plan else (),
    ):
        assert len(names) == 41
        assert names[0] == f"0000{'y' * 59}…"
        assert names[-1] == "960 more"
    assert len(msgspec.json.encode(world.recorder.last)) < 5_000
