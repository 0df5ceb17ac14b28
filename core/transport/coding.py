"""Undoing content codings a piece at a time, so that a small answer can't become a huge one at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

PIECE: Final = 256 * 1024
"""The most bytes of one piece."""

WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Codings that are undone, with zlib's window bits for them. Any other body is passed on as it came."""


class Inflate:
    """One body that was deflated."""

    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(window)

    @property
    def complete(self) -> bool:
        """Whether the end of the coded stream was seen; bytes after it are dropped."""
        return self._zlib.eof

    def pieces(self, read: bytes) -> Iterator[bytes]:
        """What `read` holds. Raises zlib.error."""
        while not self._zlib.eof and (piece := self._zlib.decompress(read, PIECE)):
            yield piece
            read = self._zlib.unconsumed_tail


def inflate_for(coding: str) -> Inflate | None:
    """For the value of Content-Encoding; None if the body is to be passed on."""
    window = WINDOWS.get(coding.strip().lower())
    return None if window is None else Inflate(window)
