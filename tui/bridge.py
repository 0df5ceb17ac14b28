"""The bridge: the one place of the screen that listens to the gateway.

It reads `services.events`, folds what replaces itself, and posts at most twenty `Heard` a second; it asks
for the owner's status when something may have changed it. It is quiet while nothing happens: no timer
runs. When the events end (the owner went away, an attached connection broke) it listens again after a
while, from the last number it has seen, and says that there is a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from core.domain.failure import GatewayError
from tui.messages import Heard, StatusSeen

if TYPE_CHECKING:
    from core.domain.state import Event
    from core.services import Services

INTERVAL = 0.05
"""Seconds between two posts, at least."""
BOUND = 500
"""Events that wait for a post, at most; beyond it the oldest go, and a gap is said."""
PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds before listening again: first, second, ... time without an event between."""
STATUS_TOPICS = frozenset({"account.changed", "server.state", "settings.changed"})
LATEST_TOPICS = STATUS_TOPICS | {"job.changed", "chat.changed"}
"""Topics of which only the last event about the same thing matters."""

Sleep = Callable[[float], Awaitable[object]]


class Folder:
    """Events that wait to be posted, folded."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._waiting: dict[object, Event] = {}
        self._gap = False

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.topic == "gap" or event.seq == 0:
                self._gap = True
                continue
            key: object = event.seq
            if event.topic in LATEST_TOPICS:
                key = (event.topic, str(event.facts.get("id", "")))
                self._waiting.pop(key, None)
            self._waiting[key] = event
        while len(self._waiting) > self._bound:
            self._waiting.pop(next(iter(self._waiting)))
            self._gap = True

    def miss(self) -> None:
        """Something was missed."""
        self._gap = True

    def take(self) -> Heard | None:
        """Everything that waits, oldest first; None if nothing does."""
        if not self._waiting and not self._gap:
            return None
        heard = Heard(tuple(self._waiting.values()), self._gap)
        self._waiting, self._gap = {}, False
        return heard


class GatewayBridge:
    """Listens for as long as `run` runs; cancel that to stop."""

    def __init__(
        self,
        services: Services,
        post: Callable[[Heard | StatusSeen], object],
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._services = services
        self._post = post
        self._sleep = sleep
        self._folder = Folder()
        self._news = asyncio.Event()
        self._last: int = -1

    async def run(self) -> None:
        """Read the status once, then post what happens, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._tell())

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async for batch in self._services.events.subscribe(self._last):
                    failures = 0
                    self._last = max((event.seq for event in batch), default=self._last)
                    self._folder.add(batch)
                    self._news.set()
            except GatewayError:
                pass  # the owner is not there; the status says so
            self._folder.miss()
            self._news.set()
            await self._sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    async def _tell(self) -> None:
        await self._tell_status()
        while True:
            await self._news.wait()
            self._news.clear()
            heard = self._folder.take()
            if heard is not None:
                self._post(heard)
                if heard.gap or heard.topics() & STATUS_TOPICS:
                    await self._tell_status()
                await self._sleep(INTERVAL)

    async def _tell_status(self) -> None:
        try:
            status = await self._services.owner.status()
        except GatewayError:
            status = None  # the next event, or the gap after a reconnect, asks again
        self._post(StatusSeen(status, self._services.attached))
