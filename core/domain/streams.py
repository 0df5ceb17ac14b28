"""Exactly one ending, and unary as a collected stream.

`guard` stands between the gateway and a reply: whatever the upstream does, a client sees well-nested
parts and one ending. `collect` folds a guarded stream into an `Answer`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import msgspec

from .content import Part, Text, Thought, ToolCall
from .events import (
    Answer,
    Batch,
    Failed,
    Finished,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from .failure import Cause, Failure, GatewayError, Kind, Scope

T = TypeVar("T")

ENDINGS = (Finished, Failed)

NO_ENDING = Failure(
    Kind.UPSTREAM,
    "The answer stopped before its end. What has arrived is complete up to here; ask again to go on.",
    scope=Scope.ENDPOINT,
    cause=Cause.CUT,
)


class StreamGuard:
    """Lets through what the grammar allows: closes an open part before the next and before an ending,

    drops deltas outside a part and everything after the ending. `close()` supplies a missing ending.
    """

    def __init__(self) -> None:
        self._open = False
        self.ended = False

    def pass_on(self, batch: Batch) -> Batch:
        """The same batch, mended. Well-formed batches are returned as they are."""
        if self.ended:
            return []
        if self._open and len(batch) == 1 and type(batch[0]) is PartDelta:
            return batch  # nearly every batch of a stream
        out: Batch = []
        changed = False
        for event in batch:
            if self._open and type(event) is PartDelta:
                out.append(event)
                continue
            match event:
                case PartOpened():
                    if self._open:
                        out.append(PartClosed())
                        changed = True
                    self._open = True
                case PartDelta() | PartClosed():
                    if not self._open:
                        changed = True
                        continue
                    self._open = isinstance(event, PartDelta)
                case Finished() | Failed():
                    if self._open:
                        out.append(PartClosed())
                        self._open = False
                    out.append(event)
                    self.ended = True
                    return out
                case Started() | UsageSeen():
                    pass
            out.append(event)
        return out if changed else batch

    def close(self, failure: Failure = NO_ENDING) -> Batch:
        """What has to follow when the stream is over; empty if it ended properly."""
        return [] if self.ended else self.pass_on([Failed(failure)])


async def guard(batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
    """`batches` with exactly one ending, errors turned into `Failed`. Cancellation passes through."""
    keeper = StreamGuard()
    async with closing(batches):
        try:
            async for batch in batches:
                if sound := keeper.pass_on(batch):
                    yield sound
                if keeper.ended:
                    break
        except GatewayError as error:
            yield keeper.close(error.failure)
    if ending := keeper.close():
        yield ending


class closing(Generic[T]):
    """`stream`, closed at the end of the block however that is left: whoever stops reading stops the work.

    A class, for a generator as context manager costs as much as a read of the stream.
    """

    __slots__ = ("_stream",)

    def __init__(self, stream: AsyncIterator[T]) -> None:
        self._stream = stream

    async def __aenter__(self) -> AsyncIterator[T]:
        return self._stream

    async def __aexit__(self, *_: object) -> None:
        aclose = getattr(self._stream, "aclose", None)
        if aclose is not None:
            await aclose()


class Collector:
    """Folds stream events into parts. Feed it batches; `answer()` when it is over."""

    def __init__(self) -> None:
        self.started = Started(model="")
        self.parts: list[Part] = []
        self.usage = Usage()
        self.finish: Finished | None = None
        self.failure: Failure | None = None
        self._head: Part | None = None
        self._texts: list[str] = []
        self._signature = ""

    def feed(self, batch: Batch) -> None:
        for event in batch:
            if type(event) is PartDelta:
                self._texts.append(event.text)
                self._signature = event.signature or self._signature
            else:
                self._take(event)

    def _take(self, event: StreamEvent) -> None:
        """Anything but a delta."""
        match event:
            case Started():
                self.started = event
            case PartOpened(part=part):
                self._close()
                self._head = part
            case PartClosed(signature=signature):
                self._signature = signature or self._signature
                self._close()
            case UsageSeen(usage=usage):
                self.usage = usage
            case Finished():
                self._close()
                self.finish = event
            case Failed(failure=failure):
                self._close()
                self.failure = failure
            case PartDelta():
                pass

    def _close(self) -> None:
        head, text, signature = self._head, "".join(self._texts), self._signature
        self._head, self._texts, self._signature = None, [], ""
        match head:
            case None:
                return
            case Text():
                head = msgspec.structs.replace(
                    head, text=head.text + text, signature=signature or head.signature
                )
            case Thought():
                head = msgspec.structs.replace(
                    head, text=head.text + text, signature=signature or head.signature
                )
            case ToolCall():
                head = msgspec.structs.replace(
                    head, arguments=head.arguments + text, signature=signature or head.signature
                )
            case _:
                pass
        self.parts.append(head)

    def so_far(self) -> tuple[Part, ...]:
        """What has arrived, the open part included."""
        self._close()
        return tuple(self.parts)

    def answer(self) -> Answer:
        """The whole answer. Raises GatewayError if the stream failed or never ended."""
        if self.failure is not None:
            raise GatewayError(self.failure)
        if self.finish is None:
            raise GatewayError(NO_ENDING)
        self._close()
        return Answer(self.started, tuple(self.parts), self.usage, self.finish)


async def collect(batches: AsyncIterator[Batch]) -> Answer:
    """Read a stream to its end. Raises GatewayError with the failure that ended it."""
    collector = Collector()
    async for batch in batches:
        collector.feed(batch)
    return collector.answer()
