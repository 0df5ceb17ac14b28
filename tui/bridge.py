"""The bridge: the one place of the screen that listens to the gateway.

It reads `services.events`, folds what replaces itself, and posts at most twenty `Heard` a second; it asks
for the owner's status when something may have changed it. It is quiet while nothing happens: no timer
runs. When the events end (the owner went away, an attached connection broke) it asks for the owner every
few seconds; once that answers it listens again, from the last number it has seen, and says that there is a
gap. Panes hear nothing in between, so that none asks a gateway that is not there.
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
"""Seconds before the owner is asked again: first, second, ... time."""
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
        self._owner: tuple[int, float] | None = None

    async def run(self) -> None:
        """Read the status once, then post what happens, until cancelled."""
        await self._tell_status()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._tell())

    async def _listen(self) -> None:
        while True:
            try:
                async for batch in self._services.events.subscribe(self._last):
                    self._last = max((event.seq for event in batch), default=self._last)
                    self._folder.add(batch)
                    self._news.set()
            except GatewayError:
                pass  # the owner is not there; the status says so
            await self._come_back()
            self._folder.miss()
            self._news.set()

    async def _come_back(self) -> None:
        """Wait until the owner answers. Another one counts its events from the start."""
        before = self._owner
        pauses = iter(PAUSES)
        await self._sleep(pause := next(pauses))
        while not await self._tell_status():
            await self._sleep(pause := next(pauses, pause))
        if before is not None and self._owner != before:
            self._last = -1

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            heard = self._folder.take()
            if heard is not None:
                self._post(heard)
                if heard.gap or heard.topics() & STATUS_TOPICS:
                    await self._tell_status()
                await self._sleep(INTERVAL)

    async def _tell_status(self) -> bool:
        """Post the owner's status; whether there is one."""
        try:
            status = await self._services.owner.status()
        except GatewayError:
            status = None  # whoever listens asks again when the events break off
        else:
            self._owner = (status.pid, status.started_at)
        self._post(StatusSeen(status, self._services.attached))
        return status is not None
