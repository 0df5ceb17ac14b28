"""What happens, numbered: a ring of the last events and any number of subscribers.

The ring is the only buffer. A subscriber is a place in it and nothing more, so a slow one can neither
hold up a publisher nor grow: it misses what the ring has let go of and is told so by a `gap`.
Events carry facts, never content or secrets; who needs more asks the service concerned.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from core.domain.ports import Clock
from core.domain.state import Event

CAPACITY: Final = 2_000
"""Events that are kept for who comes back (the size ima2 promises its clients)."""


class Bell:
    """Wakes coroutines of any loop from any thread. Nobody waiting costs the ringer one comparison."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        """Wake everyone who waits now. Never blocks and never raises."""
        if not self._waiting:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future, loop in waiting.items():
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:
                continue  # its loop has been closed, so nobody waits there any more

    def listen(self) -> asyncio.Future[None]:
        """A future that the next ring completes. Listen first, then look whether there is anything to
        wait for: a ring between the two is not lost."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            self._waiting[future] = loop
        return future

    def leave(self, future: asyncio.Future[None]) -> None:
        """Stop waiting."""
        future.cancel()
        with self._lock:
            self._waiting.pop(future, None)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class EventBus:
    """Implements the service `Events` and the port `Publish` (its method `publish`)."""

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._ring: deque[Event] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._last = 0
        self._bell = Bell()

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._last

    def publish(self, topic: str, /, **facts: object) -> None:
        """Add an event, from any thread. Never blocks and never raises."""
        at = self._clock.now()
        with self._lock:
            self._last += 1
            self._ring.append(Event(self._last, at, topic, facts))
        self._bell.ring()

    def since(self, after: int) -> list[Event]:
        """The events with a number above `after`, led by a `gap` if some of them are gone.

        A number that has not been given yet comes from an earlier run of the program: that is a gap,
        too, and everything the ring holds.
        """
        with self._lock:
            last, held = self._last, len(self._ring)
            oldest = last - held + 1
            if after == last:
                return []
            lost = after > last or after < oldest - 1
            start = 0 if lost else after - oldest + 1
            events = [self._ring[index] for index in range(start, held)]
        if lost:
            events.insert(0, Event(0, self._clock.now(), "gap", {"after": after, "oldest": oldest}))
        return events

    def subscribe(self, after: int = -1) -> AsyncIterator[list[Event]]:
        """Events from this call on, or from after number `after` as far as the ring goes.

        Yields what has come since the last batch. Ends only by being closed.
        """
        return self._follow(self._last if after < 0 else after)

    async def _follow(self, after: int) -> AsyncIterator[list[Event]]:
        while True:
            ring = self._bell.listen()
            try:
                events = self.since(after)
                if not events:
                    await ring
                    continue
            finally:
                self._bell.leave(ring)
            after = events[-1].seq
            yield events
