"""The service `Records`: the request log and the log lines, for the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from core.domain.bodies import Bodies
from core.domain.plan import RecordQuery, RequestRecord
from core.domain.ports import Clock
from core.domain.state import Level, LogLine, LogSlice

from .bodies import BodyLog
from .log import RequestLog
from .ring import LogRing, clean

LONGEST_SLICE: Final = 20_000
WRITTEN_AT_ONCE: Final = 500
"""Lines read in one go: those of requests are written out then, which takes 20 us each."""
PAUSE_S: Final = 0.1
"""Between two slices of a tail: ten a second are more than an eye needs."""


class RecordsService:
    """Implements `core.services.Records`."""

    def __init__(self, ring: LogRing, requests: RequestLog, bodies: BodyLog, clock: Clock) -> None:
        self._ring = ring
        self._requests = requests
        self._bodies = bodies
        self._clock = clock

    async def requests(self, query: RecordQuery) -> list[RequestRecord]:
        return await self._requests.page(query)

    async def request(self, request_id: str) -> RequestRecord:
        return await self._requests.one(request_id)

    async def bodies(self, request_id: str) -> Bodies:
        return await self._bodies.find(request_id)

    async def purge_bodies(self) -> int:
        return await self._bodies.purge()

    async def lines(self, after: int = 0, limit: int = 1000) -> LogSlice:
        return await self._since(after, min(limit, LONGEST_SLICE))

    async def tail(self, after: int = 0) -> AsyncIterator[LogSlice]:
        """Sleeps until there is a line; a number the ring has not given yet starts at its beginning."""
        if after > self._ring.last:
            after = 0
        while True:
            line = self._ring.listen()
            try:
                held = await self._since(after, LONGEST_SLICE)
                if not held.lines:
                    await line
                    continue
            finally:
                self._ring.leave(line)
            after = held.lines[-1].seq
            yield held
            await asyncio.sleep(PAUSE_S)

    async def _since(self, after: int, limit: int) -> LogSlice:
        """`LogRing.since` in portions, between which others get their turn."""
        lines: list[LogLine] = []
        while True:
            held = self._ring.since(after, min(WRITTEN_AT_ONCE, limit - len(lines)))
            lines += held.lines
            if len(held.lines) < WRITTEN_AT_ONCE or len(lines) >= limit:
                return LogSlice(tuple(lines), held.first, held.last)
            after = held.lines[-1].seq
            await asyncio.sleep(0)

    async def log(self, level: Level, source: str, text: str) -> None:
        self._ring.append(self._clock.now(), level, clean(source), clean(text))
