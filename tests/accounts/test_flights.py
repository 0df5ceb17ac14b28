"""Single flights: shared, outliving who asked, closed with the room."""

from __future__ import annotations

import asyncio

import pytest

from core.accounts.flights import Flights


class Work:
    def __init__(self) -> None:
        self.begun = 0
        self.changed = asyncio.Event()
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.changed.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return number


async def begun(work: Work, times: int = 1) -> None:
    async with asyncio.timeout(5):
        while work.begun < times:
            work.changed.clear()
            await work.changed.wait()


async def test_who_wants_the_same_shares_one_flight() -> None:
    flights, work = Flights[int](), Work()
    joined = [asyncio.create_task(flights.join("a", work)) for _ in range(5)]
    other = asyncio.create_task(flights.join("b", work))
    await begun(work, 2)
    work.gate.set()
    assert await asyncio.gather(*joined) == [1] * 5
    assert await other == 2
    assert await flights.join("a", work) == 3


async def test_who_leaves_does_not_take_the_flight_along() -> None:
    flights, work = Flights[int](), Work()
    first, second = (asyncio.create_task(flights.join("a", work)) for _ in range(2))
    await begun(work)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.gate.set()
    assert (await second, work.begun) == (1, 1)


async def test_a_failure_reaches_all_and_is_not_kept() -> None:
    flights, work = Flights[int](), Work()
    work.error = ValueError("no")
    work.gate.set()
    joined = await asyncio.gather(*(flights.join("a", work) for _ in range(3)), return_exceptions=True)
    assert joined == [work.error] * 3
    work.error = None
    assert await flights.join("a", work) == 2


async def test_closing_ends_what_is_under_way() -> None:
    flights, work = Flights[int](), Work()
    joined = asyncio.create_task(flights.join("a", work))
    await begun(work)
    await flights.aclose()
    with pytest.raises(asyncio.CancelledError):
        await joined
