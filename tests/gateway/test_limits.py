"""What the holder of a client key may do: models, requests a minute, tokens a day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.domain.content import Text
from core.domain.events import Made, PartDelta, PartOpened, Usage
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.keys import Allowance
from core.domain.requests import Caller, ImageRequest
from core.domain.streams import closing
from core.gateway.client_keys import ClientKeys
from core.gateway.generation import GenerationService
from core.gateway.limits import Limits
from core.gateway.windows import Day, Minute
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, saying

NOON = 1_700_000_000.0 - 1_700_000_000.0 % 86_400 + 43_200


class World:
    """A gateway whose provider says something that costs ten tokens."""

    def __init__(
        self, home: Path, provider: FakeProvider | None = None, used: Mapping[str, int] | None = None
    ) -> None:
        self.clock = FakeClock(NOON)
        self.provider = provider or FakeProvider(saying("ok", usage=Usage(7, 3)))
        self.recorder, self.used, self.asked = FakeRecorder(), used or {}, list[float]()
        self.keys = ClientKeys(home / "keys.json", self.clock)
        self.limits = Limits(self.keys, self.recorder, self.clock, self._used_since)
        self.service = GenerationService(
            FakePool(clock=self.clock),
            {"fake": self.provider},
            self.limits,
            FakeEvents(),
            self.clock,
            aliases=lambda: {"mine": "m1"},
            limits=self.limits,
        )

    async def _used_since(self, since: float) -> Mapping[str, int]:
        self.asked.append(since)
        return self.used

    async def ask(self, key: str = "ci", model: str = "m1", request_id: str = "") -> None:
        request_id = request_id or f"req_{len(self.recorder.rows)}"
        await self.service.answer(asking(model=model), Caller(request_id, "openai", key=key))

    async def refused(self, *arguments: Any, **more: Any) -> Failure:
        with pytest.raises(GatewayError) as caught:
            await self.ask(*arguments, **more)
        return caught.value.failure

    @property
    def requests(self) -> Allowance:
        standing = self.limits.standing("ci")
        assert standing is not None
        assert standing.requests is not None
        return standing.requests

    @property
    def tokens(self) -> Allowance:
        standing = self.limits.standing("ci")
        assert standing is not None
        assert standing.tokens is not None
        return standing.tokens


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- who is held to what ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "local"])
async def test_the_local_key_and_our_own_doors_have_no_limits(world: World, key: str) -> None:
    for _ in range(50):
        await world.ask(key)
    assert world.limits.standing(key) is None
    assert not world.asked


async def test_a_key_without_rules_may_do_everything(world: World) -> None:
    world.keys.create("ci")
    for _ in range(50):
        await world.ask()
    assert world.limits.standing("ci") is None


async def test_a_key_that_was_revoked_meanwhile_gets_the_same_401(world: World) -> None:
    world.keys.create("ci", rpm=5)
    await world.ask()
    world.keys.revoke("ci")
    failure = await world.refused()
    assert failure.kind is Kind.UNAUTHENTICATED
    assert "Incorrect API key provided" in failure.public_message
    assert await world.service.models("ci") == []


# --- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "model", "allowed"),
    [
        (("m1",), "m1", True), (("m*",), "m1", True), (("*1",), "m1", True), (("a", "m1"), "m1", True),
        (("mine",), "mine", True), (("m1",), "mine", True), (("m1",), "alias-m1", True),
        (("m2",), "m1", False), (("m",), "m1", False), (("M1",), "m1", False), (("mine",), "m1", False),
        (("*2",), "m1", False), (("m*1*",), "m12", True),
    ],
)  # fmt: skip
async def test_a_model_is_allowed_by_any_name_it_has(
    world: World, models: tuple[str, ...], model: str, allowed: bool
) -> None:
    world.keys.create("ci", models)
    if allowed:
        await world.ask(model=model)
        return
    failure = await world.refused(model=model)
    assert failure.kind is Kind.FORBIDDEN
    assert model in failure.public_message
    assert models[0] in failure.public_message
    assert not world.provider.calls
    row = world.recorder.last
    assert (row.key, row.status, row.kind, row.asked) == ("ci", 403, "forbidden", model)


async def test_pictures_and_token_counts_are_held_to_models_too(world: World) -> None:
    world.keys.create("ci", ("m1",))
    with pytest.raises(GatewayError) as caught:
        [
            one
            async for one in world.service.pictures(ImageRequest("x", "p1"), Caller("r", "openai", key="ci"))
        ]
    assert caught.value.failure.kind is Kind.FORBIDDEN
    with pytest.raises(GatewayError) as caught:
        await world.service.count_tokens(asking(model="p1"), Caller("r", "openai", key="ci"))
    assert caught.value.failure.kind is Kind.FORBIDDEN
    assert await world.service.count_tokens(asking(), Caller("r", "openai", key="ci")) == 42
    assert not world.provider.requests


async def test_a_list_holds_what_the_key_may_use(world: World) -> None:
    world.keys.create("ci", ("p*",))
    world.keys.create("free")
    assert [model.id for model in await world.service.models("ci")] == ["p1"]
    for key in ("", "local", "free"):
        assert [model.id for model in await world.service.models(key)] == ["m1", "p1"]


# --- requests a minute -----------------------------------------------------------------------------


async def test_more_requests_than_a_minute_holds_are_told_when_to_come_back(world: World) -> None:
    world.keys.create("ci", rpm=3)
    for _ in range(3):
        await world.ask()
        world.clock.move(10)
    assert world.requests == Allowance(3, 3, 50.0)
    failure = await world.refused()
    assert (failure.kind, failure.retry_after) == (Kind.RATE, 30.0)
    assert "Limit 3, Used 3" in failure.public_message
    assert "try again in 30s." in failure.public_message
    assert world.recorder.last.status == 429
    world.clock.move(30)
    await world.ask()
    assert (await world.refused()).retry_after == 10.0, "any minute counts, not one of the clock's"


async def test_refusals_do_not_count(world: World) -> None:
    world.keys.create("ci", ("m1",), rpm=2)
    for _ in range(5):
        await world.refused(model="m2")
    await world.ask()
    await world.ask()
    for _ in range(5):
        await world.refused()
    world.clock.move(60)
    assert world.requests == Allowance(2, 0, 0.0)
    await world.ask()


async def test_the_generations_of_one_request_count_once(world: World) -> None:
    world.keys.create("ci", rpm=1)
    for suffix in ("", ".1", ".2"):
        await world.ask(request_id=f"req_a{suffix}")
    assert world.requests.used == 1
    for suffix in ("", ".1", ".2"):
        await world.refused(request_id=f"req_b{suffix}")
    assert len(world.provider.calls) == 3


async def test_a_request_for_several_pictures_counts_once(world: World) -> None:
    world.keys.create("ci", rpm=1)
    caller = Caller("req_a", "openai", key="ci")
    made = [one async for one in world.service.pictures(ImageRequest("x", "p1", n=2), caller)]
    assert sum(isinstance(event, Made) for event in made) == 2
    assert world.requests.used == 1
    with pytest.raises(GatewayError) as caught:
        [one async for one in world.service.pictures(ImageRequest("x", "p1"), Caller("b", "x", key="ci"))]
    assert caught.value.failure.kind is Kind.RATE


async def test_keys_do_not_share_their_minutes(world: World) -> None:
    world.keys.create("ci", rpm=1)
    world.keys.create("other", rpm=1)
    await world.ask("ci")
    await world.ask("other")
    await world.refused("ci")


def test_a_minute_is_any_sixty_seconds() -> None:
    minute = Minute()
    begun = [now for now in range(0, 600, 7) if minute.begin(str(now), 5, float(now)) == 0]
    for start in range(540):
        assert sum(start <= now < start + 60 for now in begun) <= 5
    assert len(begun) >= 45


# --- tokens a day ----------------------------------------------------------------------------------


async def test_the_tokens_of_a_day_are_those_that_answers_took(world: World) -> None:
    world.keys.create("ci", tokens_per_day=25)
    for used in (10, 20, 30):
        await world.ask()
        assert world.tokens.used == used
    assert world.tokens == Allowance(25, 30, 43_200.0)
    assert world.tokens.remaining == 0
    failure = await world.refused()
    assert (failure.kind, failure.retry_after) == (Kind.QUOTA, 43_200.0)
    assert "tokens per day (TPD): Limit 25" in failure.public_message
    assert "try again in 12h0m0s" in failure.public_message
    world.clock.move(43_199)
    await world.refused()
    world.clock.move(1)
    await world.ask()
    assert world.tokens.used == 10


async def test_pictures_take_tokens_too(world: World) -> None:
    world.keys.create("ci", tokens_per_day=100)
    await world.limits.restore()
    [one async for one in world.service.pictures(ImageRequest("x", "p1"), Caller("a", "x", key="ci"))]
    assert world.tokens.used == 105


async def test_what_was_used_before_a_restart_counts(tmp_path: Path) -> None:
    World(tmp_path).keys.create("ci", tokens_per_day=25)
    world = World(tmp_path, used={"ci": 20, "gone": 5})
    world.keys.open()
    await asyncio.gather(*(world.limits.restore() for _ in range(3)))
    assert world.asked == [NOON - 43_200], "of this day, once"
    assert world.tokens.used == 20
    await world.ask()
    assert (await world.refused()).kind is Kind.QUOTA


async def test_nobody_waits_for_records_that_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    world = World(tmp_path)
    world.keys.create("ci", tokens_per_day=25)
    monkeypatch.setattr("core.gateway.limits.RESTORE_S", 0.01)

    async def hang(_: float) -> Mapping[str, int]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(world.limits, "_used_since", hang)
    await world.ask()
    assert world.tokens.used == 10
    assert "are not counted" in caplog.text


async def test_hanging_up_early_does_not_make_an_answer_free(tmp_path: Path) -> None:
    script = [[PartOpened(Text("")), PartDelta("word " * 70)], [PartDelta("word " * 70)]]
    world = World(tmp_path, FakeProvider([*script, asyncio.Event()]))
    world.keys.create("ci", tokens_per_day=1000)
    caller = Caller("req_a", "openai", key="ci", stream=True)
    async with closing(world.service.stream(asking(), caller)) as batches:
        for _ in range(3):
            await anext(batches)
    assert world.recorder.last.kind == "cancelled"
    assert world.tokens.used == 200, "guessed from what was read"


@pytest.mark.parametrize(
    ("moves", "used"),
    [
        ((0.0,), 10),
        ((-600.0,), 10),  # set back before midnight: no second day
        ((600.0,), 10),
        ((86_400.0,), 0),
        ((-30 * 86_400.0,), 0),  # it had been far ahead: the later day was the mistake
        ((-600.0, 600.0), 10),
    ],
)
def test_a_clock_that_is_set_neither_frees_nor_jails(moves: tuple[float, ...], used: int) -> None:
    now = NOON - 43_200 + 60
    day = Day(10, now)
    for move in moves:
        now += move
        day.add(0, now)
    assert day.allowance(100, now).used == used
