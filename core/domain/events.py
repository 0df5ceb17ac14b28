"""What comes back: the events of a chat stream, and of a picture or video job.

A stream is a sequence of batches; a batch is what one socket read held. One part is open at a time:
`PartOpened`, any number of `PartDelta`, `PartClosed`. It ends with exactly one of `Finished` and
`Failed`; `UsageSeen` may come anywhere and the last one counts.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from .content import Media, Part
from .failure import Failure
from .works import Asset


class FinishReason(StrEnum):
    """Why the model stopped. Whether tools were called is seen from the parts, never from this."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


class Usage(Struct, frozen=True):
    """Tokens. `input` includes cached ones, `output` includes thoughts."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    thoughts: int = 0


class Started(Struct, frozen=True, tag="started"):
    """The gateway has committed to an answer: who gives it. Not content.

    `queue_ms` were spent on finding an account with a free place, `upstream_ms` from the call that gives
    the answer to its first content.
    """

    model: str
    account: str = ""
    provider: str = ""
    endpoint: str = ""
    attempts: int = 1
    dropped: tuple[str, ...] = ()
    queue_ms: float = 0.0
    upstream_ms: float = 0.0


class PartOpened(Struct, frozen=True, tag="part_opened"):
    """A part begins. `part` holds what is known of it; deltas add to its text or arguments.

    Media, Search, Opaque and Refusal arrive whole: opened and closed with nothing between.
    """

    part: Part


class PartDelta(Struct, frozen=True, tag="part_delta", gc=False):
    """More text of the open part (arguments, for a tool call), or its signature."""

    text: str = ""
    signature: str = ""


class PartClosed(Struct, frozen=True, tag="part_closed"):
    """The open part is complete. A signature that came last rides here."""

    signature: str = ""


class UsageSeen(Struct, frozen=True, tag="usage"):
    usage: Usage


class Finished(Struct, frozen=True, tag="finished"):
    reason: FinishReason = FinishReason.STOP
    message: str = ""


class Failed(Struct, frozen=True, tag="failed"):
    failure: Failure


StreamEvent = Started | PartOpened | PartDelta | PartClosed | UsageSeen | Finished | Failed
Batch = list[StreamEvent]


class Answer(Struct, frozen=True):
    """A whole answer: what `collect` makes of a stream."""

    started: Started
    parts: tuple[Part, ...]
    usage: Usage = Usage()
    finish: Finished = Finished()


class Phase(Struct, frozen=True, tag="phase"):
    """A job goes on. `name` is `queued`, `sent`, `drawing`, `saving`, `done` or `cancelled`.

    `index` is the picture it speaks of, counted from 0; -1 is the whole job.
    """

    name: str
    index: int = -1
    note: str = ""


class Partial(Struct, frozen=True, tag="partial"):
    """A preview of picture `index`."""

    index: int
    media: Media
    started: Started | None = None


class Made(Struct, frozen=True, tag="made"):
    """Picture `index` is there. `asset` once the library has it; `not_kept` is why it could not."""

    index: int
    media: Media
    asset: Asset | None = None
    started: Started | None = None
    usage: Usage = Usage()
    text: str = ""
    not_kept: Failure | None = None


class NotMade(Struct, frozen=True, tag="not_made"):
    """Picture `index` failed; the others go on. -1: the whole job."""

    index: int
    failure: Failure


JobEvent = Phase | Partial | Made | NotMade
