"""The service `Records`: the request log and the log lines, for the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from core.domain.plan import RecordQuery, RequestRecord
from core.domain.ports import Clock
from core.domain.state import Level, LogSlice

from .log import RequestLog
from .ring import LogRing, clean

LONGEST_SLICE: Final = 20_000
PAUSE_S: Final = 0.1
"""Between two slices of a tail: ten a second are more than an eye needs."""


class RecordsService:
    """Implements `core.services.Records`."""

    def __init__(self, ring: LogRing, requests: RequestLog, clock: Clock) -> None:
        self._ring = ring
        self._requests = requests
        self._clock = clock

    async def requests(self, query: RecordQuery) -> list[RequestRecord]:
        return await self._requests.page(query)

    async def request(self, request_id: str) -> RequestRecord:
        return await self._requests.one(request_id)

    async def lines(self, after: int = 0, limit: int = 1000) -> LogSlice:
        return self._ring.since(after, min(limit, LONGEST_SLICE))

    async def tail(self, after: int = 0) -> AsyncIterator[LogSlice]:
        """Sleeps until there is a line; a number the ring has not given yet starts at its beginning."""
        if after > self._ring.last:
            after = 0
        while True:
            line = self._ring.listen()
            try:
                held = self._ring.since(after, LONGEST_SLICE)
                if not held.lines:
                    await line
                    continue
            finally:
                self._ring.leave(line)
            after = held.lines[-1].seq
            yield held
            await asyncio.sleep(PAUSE_S)

    async def log(self, level: Level, source: str, text: str) -> None:
        self._ring.append(self._clock.now(), level, clean(source), clean(text))
