"""Pictures as jobs: a queue that works in the background, and making pictures for somebody who waits.

Whoever makes pictures gets them kept in the library; where to and under which name is the shelf's choice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from msgspec import structs

from core.config.settings import LibrarySettings, StudioSettings
from core.domain.events import JobEvent, Made, NotMade, Phase
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.models import ModelInfo
from core.domain.ports import Clock, Publish, Shelf
from core.domain.requests import Caller, ImageRequest
from core.domain.streams import closing
from core.domain.works import Job, JobState
from core.wire.picture_bytes import raw_bytes

from .styles import styled

log = logging.getLogger("agtui.studio")

REMEMBERED: Final = 200
"""Jobs that are listed after they have ended."""

OWN_DOORS: Final = frozenset({"tui", "cli"})
STOPPED: Final = Failure(Kind.CANCELLED, "The job was cancelled.")


class Pictures(Protocol):
    """The part of `services.Generation` that the studio needs."""

    def pictures(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]: ...

    async def models(self) -> list[ModelInfo]: ...


class _Entry:
    """A job, its task while it runs, and those who watch."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.task: asyncio.Task[None] | None = None
        self.open_pictures = job.request.n
        self.watchers: set[asyncio.Queue[JobEvent | None]] = set()

    @property
    def over(self) -> bool:
        return self.job.state in ("done", "failed", "cancelled")


class StudioService:
    """`services.Studio` over generations and the shelf. `close` stops what runs."""

    def __init__(
        self,
        generation: Pictures,
        shelf: Shelf,
        publish: Publish,
        clock: Clock,
        new_id: Callable[[], str],
        settings: Callable[[], StudioSettings] = StudioSettings,
        library: Callable[[], LibrarySettings] = LibrarySettings,
    ) -> None:
        self._generation, self._shelf = generation, shelf
        self._publish, self._clock, self._new_id = publish, clock, new_id
        self._settings, self._library = settings, library
        self._entries: dict[str, _Entry] = {}
        self._closed = False

    async def submit(self, request: ImageRequest) -> Job:
        if not request.prompt.strip():
            raise GatewayError.of(Kind.BAD_REQUEST, "Say what the picture should show.")
        if self._closed:
            raise GatewayError.of(Kind.UNAVAILABLE, "agtui is being stopped; the picture was not begun.")
        job = Job(self._new_id(), self._complete(request), "queued", self._clock.now())
        self._entries[job.id] = _Entry(job)
        self._announce(job)
        self._start_next()
        self._forget()
        return job

    async def cancel(self, job_id: str) -> None:
        entry = self._entry(job_id)
        if entry.over:
            return
        if entry.task is not None:
            entry.task.cancel()
            await asyncio.wait([entry.task])
        if not entry.over:  # it waited for its turn, or its task was cancelled before its first step
            self._end(entry, "cancelled", "cancelled", STOPPED)

    async def jobs(self, limit: int = 50) -> list[Job]:
        return [entry.job for entry in reversed(self._entries.values())][:limit]

    def watch(self, job_id: str) -> AsyncIterator[JobEvent]:
        return self._watch(job_id)

    async def _watch(self, job_id: str) -> AsyncIterator[JobEvent]:
        entry = self._entry(job_id)
        queue: asyncio.Queue[JobEvent | None] = asyncio.Queue()
        if entry.over:
            return
        entry.watchers.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            entry.watchers.discard(queue)

    def make(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        return self._make(self._complete(request), caller)

    async def close(self) -> None:
        """Cancel every job and wait until it has ended."""
        self._closed = True
        tasks = [entry.task for entry in self._entries.values() if entry.task and not entry.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for entry in self._entries.values():
            if not entry.over:
                self._end(entry, "cancelled", "cancelled", STOPPED)

    def _complete(self, request: ImageRequest) -> ImageRequest:
        return request if request.model else structs.replace(request, model=self._settings().model)

    def _entry(self, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"There is no job {job_id}.")
        return entry

    async def _make(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        asked = structs.replace(request, prompt=styled(request.prompt, request.style, request.quality))
        keep = caller.family in OWN_DOORS or self._library().keep_api_pictures
        known = {model.id: model for model in await self._generation.models()}
        async with closing(self._generation.pictures(asked, caller)) as events:
            async for event in events:
                if isinstance(event, Made) and keep:
                    yield Phase("saving", event.index)
                    yield await self._kept(event, request, caller, known)
                else:
                    yield event

    async def _kept(
        self, made: Made, request: ImageRequest, caller: Caller, known: dict[str, ModelInfo]
    ) -> Made:
        """`made` as it is on the shelf; a picture that can't be kept is still handed over."""
        started = made.started
        model = started.model if started else request.model
        try:
            asset = await self._shelf.keep_picture(
                await raw_bytes(made.media),
                made.media.mime,
                request,
                model=model,
                account=started.account if started else "",
                request_id=caller.request_id,
                sandbox=bool((info := known.get(model)) and info.sandbox),
            )
        except GatewayError as error:
            log.warning("a picture of request %s could not be kept: %s", caller.request_id, error)
            return structs.replace(made, not_kept=error.failure)
        return structs.replace(made, asset=asset)

    def _start_next(self) -> None:
        """Start queued jobs, oldest first, while fewer pictures are being made than may be."""
        if self._closed:
            return
        limit = max(1, self._settings().parallel)
        running = sum(
            entry.open_pictures for entry in self._entries.values() if entry.task and not entry.over
        )
        for entry in self._entries.values():
            if running >= limit:
                return
            if entry.task is None and not entry.over:
                running += entry.open_pictures
                entry.job = structs.replace(
                    entry.job, state="running", started_at=self._clock.now(), phase="sent"
                )
                entry.task = asyncio.create_task(self._run(entry))
                self._announce(entry.job)

    async def _run(self, entry: _Entry) -> None:
        caller = Caller(self._new_id(), "tui", "studio", path="studio")
        failures: list[Failure] = []
        state: JobState = "failed"
        try:
            async with closing(self._make(entry.job.request, caller)) as events:
                async for event in events:
                    if isinstance(event, NotMade):
                        failures.append(event.failure)
                    elif isinstance(event, Made) and event.not_kept is not None:
                        failures.append(event.not_kept)
                    self._take(entry, event)
            made = len(entry.job.assets)
            state = "done" if made or not failures else "failed"
        except GatewayError as error:
            failures.append(error.failure)
            self._tell(entry, NotMade(-1, error.failure))
        except asyncio.CancelledError:
            state = "cancelled"
            failures = [STOPPED]
        finally:
            phase = "cancelled" if state == "cancelled" else "done"
            self._end(entry, state, phase, failures[0] if failures else None)

    def _take(self, entry: _Entry, event: JobEvent) -> None:
        job = entry.job
        match event:
            case Phase(name=name):
                job = structs.replace(job, phase=name)
            case Made(asset=asset):
                entry.open_pictures -= 1
                if asset is not None:
                    job = structs.replace(job, assets=(*job.assets, asset))
            case NotMade():
                entry.open_pictures -= 1
            case _:
                pass
        entry.job = job
        self._tell(entry, event)
        self._announce(job)
        self._start_next()

    def _end(self, entry: _Entry, state: JobState, phase: str, failure: Failure | None) -> None:
        entry.job = structs.replace(
            entry.job, state=state, phase=phase, ended_at=self._clock.now(), failure=failure
        )
        self._tell(entry, Phase(phase))
        for queue in entry.watchers:
            queue.put_nowait(None)
        self._announce(entry.job)
        self._start_next()

    def _tell(self, entry: _Entry, event: JobEvent) -> None:
        for queue in entry.watchers:
            queue.put_nowait(event)

    def _announce(self, job: Job) -> None:
        self._publish(
            "job.changed", id=job.id, state=job.state, phase=job.phase, made=len(job.assets), n=job.request.n
        )

    def _forget(self) -> None:
        ended = [job_id for job_id, entry in self._entries.items() if entry.over]
        for job_id in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._entries[job_id]
