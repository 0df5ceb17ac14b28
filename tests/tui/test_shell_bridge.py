"""What the gateway says reaches the screen: folded, bounded, and again after a break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from msgspec.structs import replace

from core.domain.failure import GatewayError, Kind
from core.domain.state import Event, Listener, Status
from tui.bridge import BOUND, Folder, GatewayBridge
from tui.messages import Heard, StatusSeen
from tui.widgets.status_line import Facts, pieces


def event(seq: int, topic: str = "request.finished", **facts: Any) -> Event:
    return Event(seq, 0.0, topic, facts)


def status(**changes: Any) -> Status:
    door = Listener("gateway", "http://127.0.0.1:8045", "127.0.0.1", 8045)
    fields: dict[str, Any] = {"listeners": (door,), "accounts_ready": 1, "accounts": 2, **changes}
    return Status(1, "0.1.0", 0.0, "/home", "auto", True, **fields)


class World:
    """An owner whose events come in runs: each subscription gets the next run and then ends or waits."""

    attached = False

    def __init__(self, *runs: list[list[Event]], broken: bool = False) -> None:
        self.runs = list(runs)
        self.broken = broken
        self.asked_after: list[int] = []
        self.events = self.owner = self

    async def subscribe(self, after: int = -1) -> AsyncIterator[list[Event]]:
        self.asked_after.append(after)
        if not self.runs:
            await asyncio.Event().wait()
        for batch in self.runs.pop(0):
            yield batch
        if self.broken:
            raise GatewayError.of(Kind.UNAVAILABLE, "The owner is gone.")

    async def status(self) -> Status:
        if self.broken:
            raise GatewayError.of(Kind.UNAVAILABLE, "The owner is gone.")
        return status()


async def listen(world: World, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """Run a bridge over `world` until what it has posted is enough."""
    posted: list[Any] = []
    done = asyncio.Event()

    def post(message: Any) -> None:
        posted.append(message)
        if enough(posted):
            done.set()

    async def no_pause(seconds: float) -> None:
        await asyncio.sleep(0)

    running = asyncio.ensure_future(GatewayBridge(world, post, sleep=no_pause).run())  # type: ignore[arg-type]
    try:
        await asyncio.wait_for(done.wait(), 5)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return posted


def heard(posted: list[Any]) -> list[Heard]:
    return [message for message in posted if isinstance(message, Heard)]


def test_of_events_that_replace_each_other_the_last_one_stays() -> None:
    folder = Folder()
    folder.add([event(1, "account.changed", id="a"), event(2), event(3, "account.changed", id="b")])
    folder.add([event(4, "account.changed", id="a"), event(5)])
    message = folder.take()
    assert message is not None
    assert [each.seq for each in message.events] == [2, 3, 4, 5]
    assert folder.take() is None


def test_a_flood_is_bounded_and_says_that_something_is_missing() -> None:
    folder = Folder()
    folder.add(event(number) for number in range(1, BOUND + 11))
    message = folder.take()
    assert message is not None
    assert (len(message.events), message.gap) == (BOUND, True)
    assert message.events[-1].seq == BOUND + 10


def test_a_gap_marker_is_passed_on_as_a_gap() -> None:
    folder = Folder()
    folder.add([Event(0, 0.0, "gap")])
    message = folder.take()
    assert message is not None
    assert (message.events, message.gap) == ((), True)


async def test_the_status_comes_first_and_again_when_an_account_changes() -> None:
    world = World([[event(1, "account.changed", id="a")]])
    posted = await listen(world, lambda posted: sum(isinstance(p, StatusSeen) for p in posted) >= 2)
    assert isinstance(posted[0], StatusSeen)
    assert posted[0].status == status()
    assert heard(posted)[0].events[0].seq == 1


async def test_after_a_break_it_listens_on_from_the_last_number_and_says_that_there_is_a_gap() -> None:
    world = World([[event(7)]], [[event(9)]])
    posted = await listen(
        world, lambda posted: any(m.events and m.events[-1].seq == 9 for m in heard(posted))
    )
    assert world.asked_after[:2] == [-1, 7]
    assert any(message.gap for message in heard(posted))


async def test_an_owner_that_cannot_be_reached_is_said() -> None:
    posted = await listen(World([], broken=True), lambda posted: len(posted) >= 1)
    assert isinstance(posted[0], StatusSeen)
    assert posted[0].status is None


class Restarted(World):
    """An owner that is gone for three questions, and then another one, which counts from one."""

    attached = True
    silent = 3
    pid = 1

    async def subscribe(self, after: int = -1) -> AsyncIterator[list[Event]]:
        self.asked_after.append(after)
        if len(self.asked_after) == 1:
            yield [event(500)]
            self.pid, self.broken = 2, True
            raise GatewayError.of(Kind.UNAVAILABLE, "The owner is gone.")
        yield [event(1, "account.changed", id="b")]
        await asyncio.Event().wait()

    async def status(self) -> Status:
        if self.broken and self.silent:
            self.silent -= 1
            raise GatewayError.of(Kind.UNAVAILABLE, "The owner is gone.")
        return replace(status(), pid=self.pid)


async def test_an_owner_that_was_started_anew_is_heard_from_its_first_event_and_panes_are_told_once() -> None:
    world = Restarted()
    posted = await listen(
        world, lambda posted: any(m.events and m.events[-1].seq == 1 for m in heard(posted))
    )
    assert world.asked_after == [-1, -1]
    seen = [message.status for message in posted if isinstance(message, StatusSeen)]
    assert seen.count(None) == 3
    assert seen[-1] is not None
    assert sum(message.gap for message in heard(posted)) == 1
    lost = next(n for n, m in enumerate(posted) if isinstance(m, StatusSeen) and m.status is None)
    back = next(n for n, m in enumerate(posted) if isinstance(m, Heard) and m.gap)
    assert not any(isinstance(message, Heard) and message.gap for message in posted[lost:back])


def test_the_facts_say_port_accounts_and_sandbox() -> None:
    facts = Facts.of(status(), attached=True)
    assert [fact.text for fact in pieces(facts, narrow=False)] == [
        "●",
        ":8045",
        "1/2 acc",
        "attached",
        " SANDBOX ",
    ]
    assert [fact.text for fact in pieces(facts, narrow=True)] == ["●", ":8045", "1/2", "att", " SANDBOX "]


def test_accounts_that_are_all_tired_are_shown_as_trouble() -> None:
    kinds = [fact.kind for fact in pieces(Facts.of(status(accounts_ready=0), attached=False), narrow=True)]
    assert kinds == ["up", "port", "down", "sandbox"]


def test_a_lost_gateway_keeps_its_port_and_loses_its_light() -> None:
    facts = Facts.of(status(), attached=False).lost()
    assert [(fact.kind, fact.text) for fact in pieces(facts, narrow=True)][:2] == [
        ("down", "○"),
        ("port", ":8045"),
    ]


def test_a_program_without_a_door_says_off() -> None:
    assert pieces(Facts.of(status(listeners=()), attached=False), narrow=False)[0].text == "○ off"
