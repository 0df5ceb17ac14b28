"""Places: who waits gets the next one that comes free, in the order of coming."""

from __future__ import annotations

import asyncio

import pytest

from core.gateway.slots import Release, Slots
from tests.fakes import FakePool, entry


class Queue:
    """Accounts with one place each, all taken; `first` gives each back."""

    def __init__(self, *accounts: str) -> None:
        self.pool = FakePool(*(entry(name, limit=1) for name in accounts))
        self.slots = Slots(self.pool)
        self.first: dict[str, Release] = {}
        for name in accounts:
            release = self.slots.take(name, "m1", self.slots.ticket())
            assert release is not None
            self.first[name] = release
        self.got: list[tuple[str, str]] = []
        self.held: dict[str, Release] = {}

    def queue(self, who: str, *accounts: str, seconds: float = 10.0) -> asyncio.Task[bool]:
        ticket = self.slots.ticket()

        async def wait() -> bool:
            place = await self.slots.wait(dict.fromkeys(accounts, "m1"), ticket, seconds)
            if place is None:
                return False
            self.got.append((who, place[0]))
            self.held[who] = place[1]
            return True

        return asyncio.create_task(wait())


async def soon() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_place_goes_to_the_first_who_waits_for_that_account() -> None:
    queue = Queue("a", "b")
    waiting = [queue.queue("for b", "b"), queue.queue("for a", "a"), queue.queue("for both", "a", "b")]
    await soon()
    queue.first["a"]()
    await soon()
    assert queue.got == [("for a", "a")]
    queue.first["b"]()
    queue.held["for a"]()
    assert await asyncio.gather(*waiting) == [True] * 3
    assert queue.got[1:] == [("for b", "b"), ("for both", "a")]


async def test_a_newcomer_does_not_get_past_those_who_wait() -> None:
    queue = Queue("a", "b")
    waiting = queue.queue("early", "a")
    await soon()
    queue.pool.in_flight["a"] = 0  # room that nobody has announced
    assert queue.slots.take("a", "m1", queue.slots.ticket()) is None
    assert await waiting
    assert queue.got == [("early", "a")]


async def test_a_newcomer_may_have_what_nobody_waits_for() -> None:
    queue = Queue("a", "b")
    waiting = queue.queue("early", "a")
    await soon()
    queue.first["b"]()
    assert queue.slots.take("b", "m1", queue.slots.ticket()) is not None
    queue.first["a"]()
    assert await waiting


async def test_who_came_first_keeps_the_turn_when_waiting_again() -> None:
    queue = Queue("a", "b")
    early = queue.slots.ticket()
    late = queue.queue("late", "a")
    await soon()
    again = asyncio.create_task(queue.slots.wait({"a": "m1"}, early, 10.0))
    await soon()
    queue.first["a"]()
    place = await again
    assert place is not None
    assert queue.got == []
    place[1]()
    assert await late


async def test_a_place_that_comes_to_somebody_who_left_goes_on() -> None:
    queue = Queue("a")
    gone, next_one = queue.queue("gone", "a"), queue.queue("next", "a")
    await soon()
    queue.first["a"]()
    gone.cancel()  # it holds the place by then, and has not seen it
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await next_one
    queue.held["next"]()
    assert queue.pool.in_flight["a"] == 0


async def test_who_left_the_queue_gets_no_place() -> None:
    queue = Queue("a")
    gone, next_one = queue.queue("gone", "a"), queue.queue("next", "a")
    await soon()
    gone.cancel()
    await soon()
    queue.first["a"]()
    assert await next_one
    assert queue.got == [("next", "a")]


async def test_who_waited_long_enough_leaves_the_queue() -> None:
    queue = Queue("a")
    assert not await queue.queue("impatient", "a", seconds=0.01)
    queue.first["a"]()
    assert queue.pool.in_flight["a"] == 0


async def test_all_places_that_come_free_at_once_are_handed_out() -> None:
    queue = Queue("a")
    waiting = [queue.queue(str(number), "a") for number in range(3)]
    await soon()
    queue.pool.in_flight["a"] = -2  # two more places than before
    queue.first["a"]()
    assert await asyncio.gather(*waiting) == [True] * 3


async def test_giving_back_twice_does_nothing() -> None:
    queue = Queue("a")
    waiting = queue.queue("next", "a")
    await soon()
    queue.first["a"]()
    queue.first["a"]()
    assert await waiting
    assert queue.pool.in_flight["a"] == 1
