"""Several answers to one streamed request (`n`): their chunks as they come, each under its choice's index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from core.domain.events import Answer, Failed, Finished, Started, StreamEvent, Usage, UsageSeen
from core.wire.sse import EVENT_STREAM

from .parts import total
from .reply import ChatReply

Tagged = tuple[int, StreamEvent]
"""An event, and the choice it belongs to."""


class ChoicesReply:
    """Speaks for all choices; `replies` are those of the single ones, in order.

    A batch holds tagged events. When the last choice has ended, usage and `[DONE]` follow once; a choice that
    fails ends the answer.
    """

    def __init__(self, replies: Sequence[ChatReply]) -> None:
        self._replies = replies
        self._usages = [Usage()] * len(replies)
        self._open = set(range(len(replies)))
        self._failed = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM

    def heartbeat(self) -> bytes:
        return self._replies[0].heartbeat()

    def frames(self, batch: Sequence[object]) -> bytes:
        out: list[bytes] = []
        for item in batch:
            if self._failed or not self._open:
                break
            index, event = cast(Tagged, item) if isinstance(item, tuple) else (0, cast(StreamEvent, item))
            if isinstance(event, Started):
                continue
            out.append(self._replies[index].frames([event]))
            match event:
                case UsageSeen(usage=usage):
                    self._usages[index] = usage
                case Failed():
                    self._failed = True
                case Finished():
                    self._open.discard(index)
                    if not self._open:
                        out.append(self._replies[0].last_words(total(self._usages)))
                case _:
                    pass
        return b"".join(out)

    def body(self, answer: Answer) -> bytes:
        return self._replies[0].body(answer)
