"""What was said in a request, where that is recorded: to us, by us to the upstream, and back to the client.

`Tape` holds bytes as they passed and never leaves the process; `Bodies` is what is kept of them and shown.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct, field

MOST_HELD: Final = 8 * 1024 * 1024
"""Bytes of one side that are held while a request runs; what comes after them is only counted."""

RawHeaders = list[tuple[bytes, bytes]]


class Heard(Struct):
    """One side's bytes as they pass by. `size` counts all of them, `pieces` hold the first ones."""

    pieces: list[bytes] = field(default_factory=list[bytes])
    size: int = 0

    def add(self, piece: bytes) -> None:
        if self.size < MOST_HELD:
            self.pieces.append(piece)
        self.size += len(piece)


class Tape(Struct):
    """One request over HTTP, and its answer. `at` is unix seconds, `sent` holds URL and body of each call
    that was made upstream for it."""

    id: str
    at: float
    method: str
    path: str
    query: bytes
    headers: RawHeaders
    asked: Heard = field(default_factory=Heard)
    sent: list[tuple[str, Heard]] = field(default_factory=list[tuple[str, Heard]])
    status: int = 0
    answer_headers: RawHeaders = field(default_factory=list[tuple[bytes, bytes]])
    answer: Heard = field(default_factory=Heard)

    @property
    def held(self) -> int:
        """Bytes of memory that it keeps, about."""
        sides = (self.asked, self.answer, *(body for _, body in self.sent))
        return sum(min(side.size, MOST_HELD) for side in sides)


class Said(Struct, frozen=True):
    """One side's body as text: without secrets, base64 cut to its length, at most 64 KiB of it.

    `size` counts the bytes that it had; `cut`: there was more; `blobs`: base64 was left out; `masked`:
    secrets were.
    """

    text: str = ""
    size: int = 0
    cut: bool = False
    blobs: bool = False
    masked: bool = False

    @property
    def pretty(self) -> str:
        """As people read it: indented, where it is JSON."""
        try:
            msgspec.json.decode(self.text)
            return msgspec.json.format(self.text.encode(), indent=2).decode()
        except (msgspec.DecodeError, RecursionError):
            return self.text

    @property
    def facts(self) -> str:
        """`4,132 bytes, base64 left out, secrets masked`"""
        notes = (
            (f"{self.size:,} bytes", True),
            ("only the beginning", self.cut),
            ("base64 left out", self.blobs),
            ("secrets masked", self.masked),
        )
        return ", ".join(note for note, is_so in notes if is_so)


class Sent(Struct, frozen=True):
    """One call to an upstream."""

    url: str
    body: Said


class Bodies(Struct, frozen=True):
    """What is kept of a request. `path` has its query; a header whose value is not shown has `***`."""

    id: str
    at: float
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    asked: Said = Said()
    sent: tuple[Sent, ...] = ()
    status: int = 0
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: Said = Said()


class Side(Struct, frozen=True):
    """One side of a request for people: what it is, what there is to say of it, and its text."""

    title: str
    facts: str
    text: str


def sides(found: Bodies) -> list[Side]:
    """A request's sides in the order in which they were said."""
    asked, answer = found.asked, found.answer
    return [
        Side(
            "as the client sent it",
            f"{found.method} {found.path}, {asked.facts}",
            f"{_lines(found.headers)}\n\n{asked.pretty}",
        ),
        *(
            Side(f"as the upstream got it, call {number}", f"{call.url}, {call.body.facts}", call.body.pretty)
            for number, call in enumerate(found.sent, 1)
        ),
        Side(
            "the answer",
            f"{found.status}, {answer.facts}",
            f"{_lines(found.answer_headers)}\n\n{answer.pretty}",
        ),
    ]


def _lines(headers: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers)


class ReplayBegan(Struct, frozen=True, tag="began"):
    """The answer to a request that is sent again begins. `id` is that of its own record."""

    id: str
    status: int
    content_type: str


class ReplayRead(Struct, frozen=True, tag="read"):
    """More of its body, as a client gets it."""

    data: bytes


Replayed = ReplayBegan | ReplayRead
