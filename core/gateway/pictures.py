"""Pictures: `n` generations side by side, each with its own attempts and its own success or failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from msgspec import Struct, structs

from core.domain.events import JobEvent, Made, NotMade, Partial, Phase, Started
from core.domain.failure import GatewayError
from core.domain.plan import Attempt
from core.domain.requests import Caller, ImageRequest
from core.domain.streams import closing

from .attempts import Search
from .book import Book
from .planner import Wanted
from .planning import Planning, in_short
from .upstreams import CONTENT, END, NOTHING, Asked, Upstreams


class _Over(Struct, frozen=True):
    """Picture `index` will say no more."""

    index: int


def weigh_event(event: JobEvent) -> int:
    match event:
        case Made():
            return CONTENT | END
        case Partial():
            return CONTENT
        case _:
            return NOTHING


async def make_pictures(
    upstreams: Upstreams,
    planning: Planning,
    book: Book,
    request: ImageRequest,
    caller: Caller,
    parallel: int,
) -> AsyncIterator[JobEvent]:
    """The events of all pictures as they come, at most `parallel` made at a time.

    Raises GatewayError before the first event if nobody could make a picture. Closing it stops all.
    """
    maker = _Maker(upstreams, planning, book, request, caller, parallel)
    async with closing(maker.events()) as events:
        async for event in events:
            yield event


class _Maker:
    def __init__(
        self,
        upstreams: Upstreams,
        planning: Planning,
        book: Book,
        request: ImageRequest,
        caller: Caller,
        parallel: int,
    ) -> None:
        self._up, self._planning, self._book = upstreams, planning, book
        self._request, self._caller = request, caller
        self._ready = structs.replace(request, model=planning.aliased(request.model))
        self._limit = asyncio.Semaphore(parallel)
        self._queue: asyncio.Queue[JobEvent | _Over] = asyncio.Queue()
        self._attempts: dict[int, tuple[Attempt, ...]] = {}

    def _wanted(self, index: int) -> Wanted:
        """Each picture is its own conversation, so that pictures spread over the accounts."""
        return Wanted(self._request.model, f"{self._caller.request_id}/{index}", "image", self._request.n)

    async def events(self) -> AsyncIterator[JobEvent]:
        plan = self._planning.plan(self._wanted(0))
        self._book.plan = structs.replace(plan, dropped=self._dropped)
        if failure := self._planning.possible(self._wanted(0)):
            raise GatewayError(failure)
        tasks = [asyncio.create_task(self._one(index)) for index in range(self._request.n)]
        failed: list[NotMade] = []
        open_pictures = len(tasks)
        try:
            while open_pictures:
                event = await self._queue.get()
                if isinstance(event, _Over):
                    open_pictures -= 1
                    continue
                if isinstance(event, NotMade):
                    failed.append(event)
                elif isinstance(event, Made | Partial):
                    self._book.first()
                if isinstance(event, Made):
                    self._book.pictures += 1
                    self._book.add_usage(event.usage)
                yield event
            if self._book.pictures:
                self._book.done()
            elif failed:
                self._book.fail(failed[0].failure)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._book.attempts = tuple(
                attempt for index in sorted(self._attempts) for attempt in self._attempts[index]
            )

    async def _one(self, index: int) -> None:
        """Make picture `index`; whatever happens is put into the queue."""
        wanted = self._wanted(index)
        put = self._queue.put_nowait
        put(Phase("queued", index))

        def call(asked: Asked) -> AsyncIterator[JobEvent]:
            grant = asked.granted(self._caller.request_id)
            return asked.provider.image(
                asked.repaired(self._ready), asked.candidate.model, grant, asked.endpoint, index
            )

        async with self._limit:
            search = Search(
                self._up,
                lambda: self._planning.plan(wanted),
                call,
                weigh_event,
                early=put,
                deadline=self._caller.deadline,
            )
            try:
                put(Phase("sent", index))
                async with closing(search.run()) as events:
                    async for event in events:
                        put(self._signed(event, search, index))
                        if isinstance(event, Made):
                            break
            except GatewayError as error:
                failure = error.failure
                if search.winner is None:
                    failure = self._planning.verdict(wanted, search.failure, search.queued_out, search.tried)
                last = search.attempts[-1].email if search.attempts else ""
                params = failure.params | {"mapped_model": search.plan.model, "email": last}
                put(NotMade(index, structs.replace(failure, params=params)))
            finally:
                self._attempts[index] = search.attempts
                self._book.winner = search.winner or self._book.winner
                put(_Over(index))

    @property
    def _dropped(self) -> tuple[str, ...]:
        """What was asked and no picture model can be told."""
        return in_short(tuple(sorted(self._request.extras)))

    def _signed(self, event: JobEvent, search: Search[JobEvent], index: int) -> JobEvent:
        """A picture or a preview with who made it."""
        winner = search.winner
        if winner is None or not isinstance(event, Made | Partial):
            return event
        started = Started(
            winner.candidate.model,
            winner.candidate.email,
            winner.candidate.provider,
            winner.endpoint,
            attempts=search.made,
            dropped=(*self._dropped, *filter(None, (name.partition(":")[2] for name in winner.repairs))),
            queue_ms=search.queue_ms,
            upstream_ms=search.upstream_ms,
        )
        return structs.replace(event, index=index, started=started)
