"""The last 20,000 log lines, in memory, and the logging handler that fills them in.

The ring is what the logs tab, `agtui logs` and the crash report read. Lines arrive redacted; one kind of
line, that of a finished request, is written out later: off the request's path, or by who reads it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final

from core.domain.state import Level, LogLine, LogSlice
from core.events import Bell
from core.redact import redact, redact_exception

CAPACITY: Final = 20_000
LONGEST: Final = 8_192
"""Characters of a line; more is cut."""

_LEVELS: Final[dict[int, Level]] = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "error"}
# Line breaks and tabs stay; the rest of the control characters has no business in a log.
_CONTROLS: Final = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}

Make = Callable[[int], LogLine]


def clean(text: str) -> str:
    """A text as a line may hold it: redacted, without control characters, not too long."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"
    text = redact(text)
    return text if text.isprintable() else text.translate(_CONTROLS)


class LogRing:
    """A fixed number of slots; line number `seq` lies in slot `seq % capacity`. Safe from any thread."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._slots: list[LogLine | Make | None] = [None] * capacity
        self._capacity = capacity
        self._last = 0
        self._lock = threading.Lock()
        self._bell = Bell()

    @property
    def first(self) -> int:
        """The number of the oldest line that is held."""
        return max(1, self._last - self._capacity + 1)

    @property
    def last(self) -> int:
        """The number of the newest line; 0 before the first."""
        return self._last

    def append(
        self, at: float, level: Level, source: str, text: str, request_id: str = "", account: str = ""
    ) -> int:
        """Add a line, already redacted; gives its number."""
        with self._lock:
            self._last = seq = self._last + 1
            self._slots[seq % self._capacity] = LogLine(seq, at, level, source, text, request_id, account)
        self._bell.ring()
        return seq

    def defer(self, make: Make) -> int:
        """Add a line that `make` writes out, given its number, when somebody reads it or `write_out` is
        called for it."""
        with self._lock:
            self._last = seq = self._last + 1
            self._slots[seq % self._capacity] = make
        self._bell.ring()
        return seq

    def since(self, after: int, limit: int = 1000) -> LogSlice:
        """The first `limit` lines with a number above `after`, as far as they are still held."""
        with self._lock:
            first, last = self.first, self._last
            start = max(after + 1, first)
            end = min(last, start + max(0, limit) - 1)
            held = [self._slots[seq % self._capacity] for seq in range(start, end + 1)]
        lines = tuple(
            line if isinstance(line, LogLine) else self._write_out(start + place, line)
            for place, line in enumerate(held)
            if line is not None
        )
        return LogSlice(lines, first, last)

    def write_out(self, seqs: Iterable[int]) -> None:
        """Write out the lines with these numbers, as far as they are still held and deferred."""
        for seq in seqs:
            held = self._slots[seq % self._capacity] if self._last - seq < self._capacity else None
            if held is not None and not isinstance(held, LogLine):
                self._write_out(seq, held)

    def _write_out(self, seq: int, make: Make) -> LogLine:
        line = make(seq)
        with self._lock:
            if self._last - seq < self._capacity:
                self._slots[seq % self._capacity] = line
        return line

    def listen(self) -> asyncio.Future[None]:
        """A future that the next line completes; `leave` it in the end."""
        return self._bell.listen()

    def leave(self, future: asyncio.Future[None]) -> None:
        self._bell.leave(future)


class RingHandler(logging.Handler):
    """Puts what is logged into a ring. `extra={"request_id": ..., "account": ...}` is taken along."""

    def __init__(self, ring: LogRing, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = clean(record.getMessage())
            if record.exc_info and record.exc_info[1] is not None:
                text = f"{text}\n{redact_exception(record.exc_info[1])}"
        except Exception:
            # A line whose arguments don't fit is a mistake of ours, and still worth its place.
            text = f"(unprintable line) {clean(str(record.msg))}"
        self._ring.append(
            record.created,
            _LEVELS.get(record.levelno // 10 * 10, "info"),
            record.name.removeprefix("agtui."),
            text,
            str(getattr(record, "request_id", "")),
            str(getattr(record, "account", "")),
        )


def install(ring: LogRing, level: int = logging.INFO) -> Callable[[], None]:
    """Send everything below the logger `agtui` to `ring` and nowhere else; the result undoes it.

    The warnings of libraries (uvicorn, asyncio, …) go there, too: without a handler Python would print
    them as they are, tokens and all.
    """
    logger, root = logging.getLogger("agtui"), logging.getLogger()
    handler, foreign = RingHandler(ring), RingHandler(ring, logging.WARNING)
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    root.addHandler(foreign)

    def undo() -> None:
        root.removeHandler(foreign)
        logger.removeHandler(handler)
        logger.level, logger.propagate = before[0], before[1]

    return undo
