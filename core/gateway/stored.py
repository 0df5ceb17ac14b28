"""Answers that clients may come back to by their id (OpenAI's `previous_response_id`).

Kept in memory, for an hour, and only so many: a client that needs more sends its whole conversation, as most
do. An answer belongs to the key that asked for it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from core.domain.content import Turn
from core.domain.ports import Clock
from core.domain.requests import ChatRequest

KEPT_S: Final = 3_600.0
MOST: Final = 1_000
MOST_BYTES: Final = 64 * 1024 * 1024


class Stored(Struct, frozen=True):
    """A request as it was sent on, the turn that answered it, and the answer as it was written."""

    request: ChatRequest
    answered: Turn
    body: bytes
    size: int


class _Kept(Struct, frozen=True):
    owner: str
    until: float
    stored: Stored


class StoredAnswers:
    """Answers by id; the oldest goes when there is no room."""

    def __init__(self, clock: Clock, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._clock = clock
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def keep(self, answer_id: str, owner: str, stored: Stored) -> None:
        """Keep an answer for `owner`, the name of a key; one that is larger than all the room is not kept."""
        if stored.size > self._most_bytes:
            return
        self._drop(answer_id)
        self._kept[answer_id] = _Kept(owner, self._clock.monotonic() + KEPT_S, stored)
        self._bytes += stored.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def find(self, answer_id: str, owner: str) -> Stored | None:
        """The answer, if it is still there and belongs to `owner`."""
        kept = self._kept.get(answer_id)
        if kept is None or kept.owner != owner:
            return None
        if kept.until <= self._clock.monotonic():
            self._drop(answer_id)
            return None
        return kept.stored

    def forget(self, answer_id: str, owner: str) -> bool:
        """Whether there was one to forget."""
        if self.find(answer_id, owner) is None:
            return False
        self._drop(answer_id)
        return True

    def _drop(self, answer_id: str) -> None:
        kept = self._kept.pop(answer_id, None)
        if kept is not None:
            self._bytes -= kept.stored.size
