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
    """A gateway whose upstream fails every call."""

    def __init__(self, endpoints: tuple[str, ...] = THREE, accounts: int = 1) -> None:
        self._endpoints = endpoints
        self._providers = {"fake": FakeProvider()}
        clock = FakeClock()
        pool = FakePool(*(entry(f"acc{one}", limit=100) for one in range(accounts)), clock=clock)
        self._service = GenerationService(pool, self._providers, FakeRecorder(), FakeEvents(), clock)

    async def strike(self, asked: int) -> tuple[int, int]:
        """`asked` generations at once: how many were on a retry at one time, and how many calls they made."""
        first, again = asyncio.Event(), asyncio.Event()
        provider = FakeProvider(
            *([first, failing()] for _ in range(asked)), [again, failing()], endpoints=self._endpoints
        )
        self._providers["fake"] = provider
        tasks = [asyncio.create_task(self._service.answer(asking(), caller())) for _ in range(asked)]
        await provider.until_open(asked)
        first.set()
        await quiet(provider)
        retrying = provider.open
        again.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return retrying, len(provider.calls)


async def quiet(provider: FakeProvider) -> None:
    """Until no generation has made a call for a while."""
    before = -1
    while before != len(provider.calls):
        before = len(provider.calls)
        for _ in range(50):
            await asyncio.sleep(0)


async def test_in_an_outage_one_in_five_asks_another_endpoint() -> None:
    assert await Outage().strike(60) == (12, 84)


async def test_in_an_outage_one_in_five_asks_another_account() -> None:
    assert await Outage(THREE[:1], accounts=3).strike(60) == (12, 84)


async def test_three_at_a_time_may_always_try_again() -> None:
    assert await Outage().strike(3) == (3, 9)
    assert await Outage().strike(4) == (3, 10)


async def test_after_an_outage_the_budget_is_what_it_was() -> None:
    outage = Outage()
    await outage.strike(60)
    assert await outage.strike(4) == (3, 10)
