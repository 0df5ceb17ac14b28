"""What was made: chats as trees of turns, pictures, and the jobs that make them. Times are unix seconds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .content import Part, Role
from .failure import Failure
from .requests import ImageRequest


class Note(Struct, frozen=True):
    """What a model turn cost and who gave it."""

    model: str = ""
    account: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0
    seconds: float = 0.0
    ttft_seconds: float | None = None


class ChatTurn(Struct, frozen=True):
    """A turn of a stored chat. `parent` is empty for a first turn; siblings are other tries."""

    id: str
    parent: str
    role: Role
    parts: tuple[Part, ...]
    at: float
    state: Literal["complete", "stopped", "failed"] = "complete"
    note: Note = Note()
    failure: Failure | None = None


class ChatSummary(Struct, frozen=True):
    id: str
    title: str
    model: str
    created_at: float
    updated_at: float
    turns: int = 0
    tokens: int = 0
    preview: str = ""
    sandbox: bool = False


class Chat(Struct, frozen=True):
    """A tree of turns; `head` is the turn that is shown last. `path()` is the conversation that is shown."""

    id: str
    title: str
    model: str
    created_at: float
    updated_at: float
    head: str = ""
    turns: tuple[ChatTurn, ...] = ()
    sandbox: bool = False

    def path(self, head: str | None = None) -> tuple[ChatTurn, ...]:
        """The turns from the first to `head` (default: the chat's head)."""
        by_id = {turn.id: turn for turn in self.turns}
        path: list[ChatTurn] = []
        at = by_id.get(self.head if head is None else head)
        while at is not None:
            path.append(at)
            at = by_id.get(at.parent)
        return tuple(reversed(path))


class Asset(Struct, frozen=True):
    """A picture or video on disk. `path` and `thumbnail` are absolute; `size` in bytes."""

    id: str
    kind: Literal["image", "video"]
    path: str
    mime: str
    width: int
    height: int
    size: int
    prompt: str
    model: str
    created_at: float
    account: str = ""
    aspect: str = ""
    thumbnail: str = ""
    request_id: str = ""
    sandbox: bool = False


class HistoryItem(Struct, frozen=True):
    """A row of the history: a chat or a picture."""

    kind: Literal["chat", "image", "video"]
    id: str
    at: float
    title: str
    model: str
    account: str = ""
    amount: str = ""
    path: str = ""
    sandbox: bool = False


JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class Job(Struct, frozen=True):
    """A picture job in the queue. `phase` is what its last event said."""

    id: str
    request: ImageRequest
    state: JobState
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    phase: str = "queued"
    assets: tuple[Asset, ...] = ()
    failure: Failure | None = None
