"""One row a request: what is written down while it runs, and handed to the recorder at its end."""

from __future__ import annotations

from typing import Literal

from core.domain.events import Batch, Failed, Finished, PartDelta, Usage, UsageSeen
from core.domain.failure import HTTP_STATUS, Cause, Failure, Kind
from core.domain.plan import Attempt, Plan, RequestRecord
from core.domain.ports import Clock, Publish, Recorder
from core.domain.requests import Caller

from .upstreams import Asked

BookKind = Literal["chat", "image", "search", "tokens"]

GONE = Failure(Kind.CANCELLED, "The client went away.", cause=Cause.NONE)


class Book:
    """Keeps the facts of one request; `close` makes the row and announces the end, once."""

    def __init__(
        self,
        clock: Clock,
        recorder: Recorder,
        publish: Publish,
        caller: Caller,
        model: str,
        kind: BookKind,
    ) -> None:
        self._clock, self._recorder, self._publish = clock, recorder, publish
        self._caller, self._asked, self._kind = caller, model, kind
        self._at, self._began = clock.now(), clock.monotonic()
        self._ttft: float | None = None
        self._failure: Failure | None = None
        self._ended = self._closed = self._begun = False
        self.usage = Usage()
        self.pictures = 0
        self.plan: Plan | None = None
        self.attempts: tuple[Attempt, ...] = ()
        self.winner: Asked | None = None
        publish(
            "request.started",
            id=caller.request_id,
            door=caller.family,
            client=caller.client,
            path=caller.path,
            model=model,
            kind=kind,
        )

    def first(self) -> None:
        """The first content is there."""
        if self._ttft is None:
            self._ttft = (self._clock.monotonic() - self._began) * 1000

    def began(self) -> None:
        """The client has been told that it worked: a later failure no longer changes its HTTP status."""
        self._begun = self._caller.stream

    def see(self, batch: Batch) -> None:
        for event in batch:
            kind = type(event)
            if kind is PartDelta:
                continue
            if isinstance(event, UsageSeen):
                self.usage = event.usage
            elif isinstance(event, Finished):
                self._ended = True
            elif isinstance(event, Failed):
                self.fail(event.failure)

    def add_usage(self, usage: Usage) -> None:
        mine = self.usage
        self.usage = Usage(
            mine.input + usage.input,
            mine.output + usage.output,
            mine.cache_read + usage.cache_read,
            mine.cache_write + usage.cache_write,
            mine.thoughts + usage.thoughts,
        )

    def done(self) -> None:
        self._ended = True

    def fail(self, failure: Failure) -> None:
        if not self._ended:
            self._ended, self._failure = True, failure

    def cancel(self) -> None:
        self.fail(GONE)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if not self._ended:
            self.cancel()
        row = self._row()
        self._recorder.record(row)
        self._publish(
            "request.finished",
            id=row.id,
            door=row.door,
            kind=row.kind,
            status=row.status,
            model=row.model,
            account=row.account,
            duration_ms=row.duration_ms,
            input_tokens=row.usage.input,
            output_tokens=row.usage.output,
        )

    def _row(self) -> RequestRecord:
        failure, caller, winner = self._failure, self._caller, self.winner
        last = self.attempts[-1] if self.attempts else None
        status = 200 if failure is None or self._begun else HTTP_STATUS[failure.kind]
        if failure is GONE:
            status = HTTP_STATUS[Kind.CANCELLED]
        return RequestRecord(
            id=caller.request_id,
            at=self._at,
            door=caller.family,
            client=caller.client,
            key=caller.key,
            path=caller.path,
            stream=caller.stream,
            asked=self._asked,
            model=winner.candidate.model if winner else self.plan.model if self.plan else self._asked,
            provider=winner.candidate.provider if winner else "",
            account=winner.candidate.account if winner else last.account if last else "",
            email=winner.candidate.email if winner else last.email if last else "",
            endpoint=winner.endpoint if winner else last.endpoint if last else "",
            status=status,
            kind=failure.kind if failure else "ok",
            cause=str(failure.cause) if failure and failure.cause is not Cause.NONE else "",
            message=(failure.detail or failure.public_message) if failure else "",
            ttft_ms=self._ttft,
            duration_ms=(self._clock.monotonic() - self._began) * 1000,
            usage=self.usage,
            pictures=self.pictures,
            attempts=self.attempts,
            plan=self.plan,
            sandbox=bool(self.plan and self.plan.sandbox),
            replays=caller.replays,
        )
