"""Sticky conversations: they stay with whoever served them, and leave only who can not."""

from __future__ import annotations

import asyncio

from core.config.settings import GatewaySettings
from core.domain.plan import Candidate, Plan
from core.gateway.generation import GenerationService
from core.gateway.homes import Homes
from tests.fakes import (
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    asking,
    caller,
    entry,
    rate,
    saying,
)

NOBODY_BUSY = Plan("m1", "m1")


class World:
    def __init__(self, provider: FakeProvider) -> None:
        self.clock, self.provider = FakeClock(), provider
        self.pool = FakePool(entry("a"), entry("b"), entry("c"), clock=self.clock)
        self.service = GenerationService(
            self.pool, {"fake": provider}, FakeRecorder(), FakeEvents(), self.clock, GatewaySettings
        )

    async def ask(self, conversation: str = "tea") -> str:
        """The account that answers."""
        await self.service.answer(asking(conversation=conversation), caller())
        return self.provider.calls[-1][0]


async def test_a_conversation_stays_where_a_rest_has_led_it() -> None:
    world = World(FakeProvider(saying(), [rate(20)], saying()))
    first = await world.ask()
    second = await world.ask()
    assert second != first
    world.clock.move(30)
    assert [await world.ask() for _ in range(3)] == [second] * 3
    assert (await world.service.explain("m1", "tea")).candidates[0].account == second


async def test_a_home_that_is_only_busy_is_kept() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider(saying(), *([gate, *saying()] for _ in range(4)), saying()))
    home = await world.ask()
    busy = [asyncio.create_task(world.ask()) for _ in range(4)]
    await world.provider.until_open(4)
    assert await world.ask() != home
    gate.set()
    await asyncio.gather(*busy)
    assert await world.ask() == home


def test_the_oldest_conversations_are_forgotten() -> None:
    homes = Homes(most=3)
    for name in "abcd":
        homes.served(name, f"account of {name}", NOBODY_BUSY)
    assert [homes.of(name) for name in "abcd"] == ["", "account of b", "account of c", "account of d"]
    homes.served("b", "another", NOBODY_BUSY)
    homes.served("e", "one", NOBODY_BUSY)
    assert (homes.of("b"), homes.of("c")) == ("another", "")


def test_what_has_no_conversation_has_no_home() -> None:
    homes = Homes()
    homes.served("", "a", NOBODY_BUSY)
    assert homes.of("") == ""


def test_a_home_that_rests_is_left() -> None:
    homes = Homes()
    resting = Plan("m1", "m1", (Candidate("a", "a@test", "fake", "m1", "rests for 9 s"),))
    homes.served("tea", "a", NOBODY_BUSY)
    homes.served("tea", "b", resting)
    assert homes.of("tea") == "b"
