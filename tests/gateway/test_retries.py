"""The retry budget: in an outage few generations ask twice, and a person alone always may."""

from __future__ import annotations

import asyncio

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
)

THREE = ("https://one.test", "https://two.test", "https://three.test")


class Outage:
    """The upstream fails each of `asked` generations: first calls at `first`, all others at `again`."""

    def __init__(self, asked: int, endpoints: tuple[str, ...] = THREE, accounts: int = 1) -> None:
        self.first, self.again = asyncio.Event(), asyncio.Event()
        self.asked = asked
        first = [[self.first, failing()] for _ in range(asked)]
        self.provider = FakeProvider(*first, [self.again, failing()], endpoints=endpoints)
        clock = FakeClock()
        pool = FakePool(*(entry(f"acc{one}", limit=asked) for one in range(accounts)), clock=clock)
        self.service = GenerationService(pool, {"fake": self.provider}, FakeRecorder(), FakeEvents(), clock)

    async def calls(self) -> tuple[int, int]:
        """How many generations were on a retry at one time, and how many calls were made in all."""
        tasks = [
            asyncio.create_task(self.service.answer(asking(), caller(request_id=f"r{one}")))
            for one in range(self.asked)
        ]
        await self.provider.until_open(self.asked)
        self.first.set()
        await self.quiet()
        retrying = self.provider.open
        self.again.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return retrying, len(self.provider.calls)

    async def quiet(self) -> None:
        """Until no generation has made a call for a while."""
        before = -1
        while before != len(self.provider.calls):
            before = len(self.provider.calls)
            for _ in range(50):
                await asyncio.sleep(0)


async def test_in_an_outage_one_in_five_asks_another_endpoint() -> None:
    assert await Outage(60).calls() == (12, 84)


async def test_in_an_outage_one_in_five_asks_another_account() -> None:
    assert await Outage(60, THREE[:1], accounts=3).calls() == (12, 84)


async def test_three_at_a_time_may_always_try_again() -> None:
    assert await Outage(3).calls() == (3, 9)
    assert await Outage(4).calls() == (3, 10)


async def test_after_an_outage_there_are_second_chances_again() -> None:
    outage = Outage(60)
    await outage.calls()
    before = len(outage.provider.calls)
    await asyncio.gather(outage.service.answer(asking(), caller()), return_exceptions=True)
    assert len(outage.provider.calls) == before + 3
