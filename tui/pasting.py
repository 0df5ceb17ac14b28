"""Bracketed pastes, taken out of the bytes from the terminal before anything reads them as keys.

A terminal puts `ESC [ 200 ~` before a pasted text and `ESC [ 201 ~` after it. Some pass escape sequences
in the text on as they are (`tmux paste-buffer -p`), so a text can hold the end mark, and what follows it
must not become keystrokes. Nobody can tell such a mark from the terminal's own; a paste therefore ends at
the last one before the line falls quiet. All before that is text, without what a terminal or a program
would obey.

Pure: bytes and the time go in. Reading the terminal is tui/driver.py.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.widgets.clean import clean_text

START = b"\x1b[200~"
END = b"\x1b[201~"
QUIET = 0.02
"""Seconds without a byte after an end mark that make it the last one. Shorter than the pause between the
repeats of a key that is held down."""
LONGEST = 1.0
"""Seconds after the first end mark when the paste is over though bytes keep coming (a moving mouse)."""
ABANDONED = 10.0
"""Seconds without a byte after which a paste without an end mark is over: the keys must work again."""


class Paste(NamedTuple):
    """A pasted text: line ends are `\\n`; no control characters but these and tabs."""

    text: str


class PasteReader:
    """Splits what comes from the terminal into typed bytes and pastes, in their order.

    The marks themselves are handed on as typed bytes, so that a reader of keys which has seen the first
    part of one sees the rest of it.
    """

    def __init__(self) -> None:
        self._held: list[bytes] | None = None  # what came since the start mark
        self._length = 0
        self._tail = b""  # the last bytes, in which a mark may have begun
        self._end = -1  # where the last end mark begins
        self._due = 0.0
        self._latest = 0.0

    @property
    def wait(self) -> float | None:
        """Seconds between calls of `tick` that are needed now; None: none is."""
        if self._held is None:
            return None
        return QUIET if self._end >= 0 else ABANDONED

    def feed(self, chunk: bytes, now: float) -> list[bytes | Paste]:
        """The next bytes, read at `now` (seconds on a monotonic clock)."""
        if self._held is not None:
            self._hold(chunk, now)
            return []
        seen = self._tail + chunk
        found = seen.find(START)
        if found < 0:
            self._tail = seen[-len(START) + 1 :]
            return [chunk]
        after = found + len(START)
        self._held, self._length, self._tail, self._end = [], 0, b"", -1
        self._hold(seen[after:], now)
        return [chunk[: after - len(seen) + len(chunk)]]

    def tick(self, now: float) -> list[bytes | Paste]:
        """What is complete because nothing more has come."""
        if self._held is None or now < self._due:
            return []
        whole = b"".join(self._held)
        end = self._end if self._end >= 0 else len(whole)
        self._held, self._tail = None, b""
        paste = Paste(clean_text(whole[:end].decode("utf-8", "replace"), tab=0))
        typed = whole[end + len(END) :]
        return [END, paste, *(self.feed(typed, now) if typed else ())]

    def _hold(self, chunk: bytes, now: float) -> None:
        assert self._held is not None
        seen = self._tail + chunk
        found = seen.rfind(END)
        if found >= 0:
            if self._end < 0:
                self._latest = now + LONGEST
            self._end = self._length - len(self._tail) + found
        self._held.append(chunk)
        self._length += len(chunk)
        self._tail = seen[-len(END) + 1 :]
        self._due = min(now + QUIET, self._latest) if self._end >= 0 else now + ABANDONED
