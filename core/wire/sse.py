"""Server-sent events, sans I/O: reads of a socket to payloads, and payloads to frames.

Not a client: nothing reconnects, and `event:`, `id:` and `retry:` lines are read past, because every
upstream repeats in the payload what it says there. `[DONE]` is a payload like any other; its meaning
belongs to the dialect.

Grammar: the WHATWG HTML standard, "Server-sent events". Differences: a lone CR does not end a line (no
upstream sends one), and an event that the end of the stream leaves open is delivered by `finish`.
"""

from typing import Final

EVENT_STREAM: Final = "text/event-stream"

MAX_EVENT_BYTES: Final = 64 * 1024 * 1024
"""Largest event accepted by default: a 4K picture as base64 is about 30 MB."""

_LF: Final = b"\n\ndata: "
_CRLF: Final = b"\r\n\r\ndata: "
_CR: Final = 13
_FIELD_BYTES: Final = len(b"data: \r\n")
_BOM: Final = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """An event grew past the parser's limit; the stream can't be read any further."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a server-sent event is larger than {limit} bytes")
        self.limit = limit


class SseParser:
    """Turns reads of any size into the payloads of the events they complete.

    Payloads are the raw bytes of the `data:` lines (several are joined by LF), so a JSON decoder can
    take them as they are. Where a read is cut changes nothing: not within a UTF-8 character, not between
    CR and LF.
    """

    __slots__ = ("_begun", "_data", "_data_bytes", "_held", "_held_bytes", "_limit")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._limit = limit
        self._begun = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, read: bytes) -> list[bytes]:
        """The payloads that `read` completes, in order; often one, sometimes none.

        Raises EventTooLargeError once an event or a line passes the limit.
        """
        if not self._held and not self._data and len(read) <= self._limit:
            payloads = _whole_events(read)
            if payloads is not None:
                self._begun = True
                return payloads
        end = read.rfind(b"\n") + 1
        if not end:
            self._hold(read)
            return []
        lines = read[:end]
        if self._held:
            self._held.append(lines)
            lines = b"".join(self._held)
            self._held.clear()
            self._held_bytes = 0
            if not self._data:
                payloads = _whole_events(lines)
                if payloads is not None and len(lines) <= self._limit:
                    self._hold(read[end:])
                    self._begun = True
                    return payloads
        payloads = self._take(lines)
        self._hold(read[end:])
        return payloads

    def finish(self) -> list[bytes]:
        """The payload of an event that the end of the stream left without its blank line, if any."""
        rest = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        return self._take(rest + b"\n\n")

    def _hold(self, tail: bytes) -> None:
        if not tail:
            return
        self._held.append(tail)
        self._held_bytes += len(tail)
        if self._held_bytes > self._limit + _FIELD_BYTES:
            raise EventTooLargeError(self._limit)

    def _take(self, lines: bytes) -> list[bytes]:
        """Read whole lines; `lines` ends with LF."""
        if not self._begun:
            self._begun = True
            lines = lines.removeprefix(_BOM)
        payloads: list[bytes] = []
        for line in lines.split(b"\n")[:-1]:
            if line.endswith(b"\r"):
                line = line[:-1]
            if not line:
                if self._data:
                    payloads.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data = []
                    self._data_bytes = 0
            elif line.startswith(b"data:"):
                self._add(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line == b"data":
                self._add(b"")
        return payloads

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + 1
        if self._data_bytes > self._limit + 1:
            raise EventTooLargeError(self._limit)


def _whole_events(read: bytes) -> list[bytes] | None:
    """The payloads if `read` is nothing but whole `data: …` events of one line each, else None.

    Nearly every read of a busy stream is. Counting line breaks proves it without looking at lines.
    """
    if read[:6] != b"data: ":
        return None
    if read[-2:] == b"\n\n":
        if read.find(b"\n") == len(read) - 2 and _CR not in read:
            return [read[6:-2]]
        payloads = read[6:-2].split(_LF)
        if read.count(b"\n") == 2 * len(payloads) and _CR not in read:
            return payloads
    elif read.endswith(b"\r\n\r\n"):
        payloads = read[6:-4].split(_CRLF)
        if read.count(b"\n") == 2 * len(payloads) == read.count(b"\r"):
            return payloads
    return None


def frame(data: bytes, event: str | None = None) -> bytes:
    """One event as bytes: `data: …` and a blank line, after `event: …` if a name is given.

    `data` may hold line feeds (they become several data lines), `event` may hold no line break.
    """
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if event is None:
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data)
