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
    Step,
    asking,
    caller,
    entry,
    failing,
    saying,
)

THREE = ("https://one.test", "https://two.test", "https://three.test")


class Outage:
    """A gateway whose upstream fails every call."""

    def __init__(self, endpoints: tuple[str, ...] = THREE, accounts: int = 1) -> None:
        self._endpoints = endpoints
        self._providers = {"fake": FakeProvider()}
        self.clock = FakeClock()
        pool = FakePool(*(entry(f"acc{one}", limit=100) for one in range(accounts)), clock=self.clock)
        self._service = GenerationService(pool, self._providers, FakeRecorder(), FakeEvents(), self.clock)

    async def ask(self, *script: Step) -> int:
        """One generation alone: how many calls it makes."""
        self._providers["fake"] = provider = FakeProvider([*script], endpoints=self._endpoints)
        await asyncio.gather(self._service.answer(asking(), caller()), return_exceptions=True)
        return len(provider.calls)

    async def ask_in_vain_then(self, *script: Step) -> int:
        """The same, where the first call fails and what comes second is `script`."""
        self._providers["fake"] = provider = FakeProvider([failing()], [*script], endpoints=self._endpoints)
        await self._service.answer(asking(), caller())
        return len(provider.calls)

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


async def test_an_outage_that_goes_on_costs_little_more_than_what_is_asked_for() -> None:
    """One after the other, as one busy client asks: the purse is used up, then few are asked for twice."""
    outage = Outage()
    calls = [await outage.ask(failing()) for _ in range(1000)]
    assert max(calls) == 3
    assert calls[:20] == [3] * 20
    assert sum(calls) / 1000 <= 1.2
    assert 1.1 <= sum(calls[500:]) / 500 <= 1.16


async def test_a_person_who_asks_now_and_then_may_always_try_again() -> None:
    outage = Outage()
    for _ in range(100):
        outage.clock.move(20)
        assert await outage.ask(failing()) == 3


async def test_retries_that_lead_to_an_answer_cost_nothing() -> None:
    outage = Outage()
    for _ in range(200):
        assert await outage.ask_in_vain_then(*saying("ok")) == 2
    assert [await outage.ask(failing()) for _ in range(20)] == [3] * 20
