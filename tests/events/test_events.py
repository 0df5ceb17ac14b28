"""Events are numbered, kept for a while, and never hold up who publishes them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from core.domain.state import Event
from core.events import Bell, EventBus


class StillClock:
    def now(self) -> float:
        return 1000.0

    def monotonic(self) -> float:
        return 0.0


def bus(capacity: int = 2_000) -> EventBus:
    return EventBus(StillClock(), capacity)


async def take(events: AsyncIterator[list[Event]], count: int) -> list[Event]:
    got: list[Event] = []
    async with asyncio.timeout(5):
        while len(got) < count:
            got += await anext(events)
    return got


def numbers(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


async def test_a_subscriber_gets_what_comes_after_it_came() -> None:
    events = bus()
    events.publish("account.changed", id="a")
    follower = events.subscribe()
    events.publish("job.changed", id="j", phase="sent")
    events.publish("asset.added", id="p")
    got = await take(follower, 2)
    assert [(event.seq, event.topic) for event in got] == [(2, "job.changed"), (3, "asset.added")]
    assert got[0].facts == {"id": "j", "phase": "sent"}
    assert got[0].at == 1000.0


async def test_a_subscriber_that_waits_is_woken() -> None:
    events = bus()
    waiting = asyncio.ensure_future(take(events.subscribe(), 1))
    await asyncio.sleep(0)
    events.publish("chat.changed", id="c")
    assert (await waiting)[0].topic == "chat.changed"


async def test_who_comes_back_gets_what_it_missed() -> None:
    events = bus()
    for number in range(5):
        events.publish("job.changed", number=number)
    assert numbers(await take(events.subscribe(after=2), 3)) == [3, 4, 5]
    assert numbers(await take(events.subscribe(after=0), 5)) == [1, 2, 3, 4, 5]


async def test_a_slow_subscriber_is_told_of_the_gap_and_goes_on_with_what_is_left() -> None:
    events = bus(capacity=3)
    follower = events.subscribe()
    for _ in range(10):
        events.publish("job.changed")
    got = await take(follower, 4)
    assert (got[0].seq, got[0].topic, got[0].facts) == (0, "gap", {"after": 0, "oldest": 8})
    assert numbers(got[1:]) == [8, 9, 10]
    events.publish("job.changed")
    assert numbers(await take(follower, 1)) == [11]


async def test_a_number_of_an_earlier_run_gives_a_gap_and_the_whole_ring() -> None:
    events = bus()
    events.publish("job.changed")
    got = await take(events.subscribe(after=500), 2)
    assert [event.topic for event in got] == ["gap", "job.changed"]


async def test_no_event_is_called_lost_that_was_never_there() -> None:
    events = bus(capacity=3)
    for _ in range(3):
        events.publish("job.changed")
    assert numbers(await take(events.subscribe(after=0), 3)) == [1, 2, 3]


async def test_threads_publish_in_order_and_wake_the_loop() -> None:
    events = bus()
    follower = events.subscribe()
    threads = [
        threading.Thread(target=lambda: [events.publish("job.changed") for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert numbers(await take(follower, 800)) == list(range(1, 801))
    for thread in threads:
        thread.join()


async def test_a_subscriber_nobody_reads_holds_nothing() -> None:
    events = bus()
    ignored = [events.subscribe() for _ in range(100)]
    events.publish("job.changed")
    assert len(ignored) == 100
    assert numbers(await take(events.subscribe(after=0), 1)) == [1]


def test_a_loop_that_is_gone_does_not_disturb_the_publisher() -> None:
    events = bus()

    async def wait_and_leave() -> None:
        follower = events.subscribe()
        asyncio.ensure_future(anext(follower))  # noqa: RUF006
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(wait_and_leave())
    tasks = asyncio.all_tasks(loop)
    events.publish("job.changed")
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    events.publish("job.changed")
    assert events.last == 2


async def test_a_bell_that_rings_between_listening_and_waiting_is_heard() -> None:
    bell = Bell()
    heard = bell.listen()
    bell.ring()
    async with asyncio.timeout(5):
        await heard


async def test_who_leaves_is_not_rung_for() -> None:
    bell = Bell()
    heard = bell.listen()
    bell.leave(heard)
    bell.ring()
    await asyncio.sleep(0)
    assert heard.cancelled()
