"""uvicorn's HTTP/1.1 protocol with the limits it lacks: header size, header and body deadlines, smuggling,
stalled readers. Imported only by `serve`.

httptools alone accepts a header without end, and a request line that names another host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from .asgi import CHUNK, LEAVING

MAX_HEADER_BYTES: Final = 64 * 1024
BODY_S: Final = 60.0
BODY_S_PER_MIB: Final = 1.0
ABORT: Final = "agtui.abort"
"""A scope's extension: called, it drops the connection without a word (and without a line in a log)."""

_MIB: Final = 1024 * 1024
_REASONS: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
}


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `closed` is called when it is gone.

    A client that reads nothing of what waits for it for `stalled_s` seconds is cut off (None: never).
    """

    def __init__(
        self,
        header_timeout_s: float,
        stalled_s: float | None,
        closed: Callable[[], None],
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._header_timeout_s, self._stalled_s = header_timeout_s, stalled_s
        self._closed = closed
        self._leaving: Callable[[], None] | None = None
        self._refused = False
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        self._body_since = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm(self._header_timeout_s, self._late_head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)
        leaving, self._leaving = self._leaving, None
        if leaving is not None:
            leaving()
        self._closed()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._in_head and not self._refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEADER_BYTES:
                self._refuse(431, "The request's header is too large.")
        if self._deadline is None and self._waiting() and not self.transport.is_closing():
            # Blank lines before a request stopped the keep-alive timer and began nothing.
            self._arm(self._header_timeout_s, self._late_head)

    def _waiting(self) -> bool:
        """Whether no request is under way."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return not self._refused and (cycle is None or cycle.response_complete)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        if self._deadline is None:
            self._arm(self._header_timeout_s, self._late_head)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._disarm()
        if self._refused or self._malformed():
            return
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {ABORT: self._cut, LEAVING: self._tell_of_leaving, CHUNK: self._write_chunk}
        super().on_headers_complete()
        self._body_bytes, self._body_since = 0, self.loop.time()
        self._arm(BODY_S, self._late_body)

    def _tell_of_leaving(self, leaving: Callable[[], None] | None) -> None:
        """asgi.Leaving. Only who reads learns that the other side is gone."""
        self._leaving = leaving
        if leaving is None:
            return
        if self.transport.is_closing():
            self._leaving = None
            leaving()
        else:
            self.flow.resume_reading()

    def _write_chunk(self, chunk: bytes) -> bool:
        """asgi.WriteChunk."""
        cycle = self.cycle
        if not chunk or not cycle.chunked_encoding or cycle.disconnected or cycle.response_complete:
            return False
        if self.flow.write_paused:
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        return True

    def _malformed(self) -> bool:
        """Refuse what two readers of the same bytes might read differently."""
        names = [name for name, _ in self.headers]
        size = sum(len(name) + len(value) + 4 for name, value in self.headers) + len(self.url)
        if size > MAX_HEADER_BYTES:
            self._refuse(431, "The request's header is too large.")
        elif names.count(b"content-length") + names.count(b"transfer-encoding") > 1:
            self._refuse(400, "A request has one Content-Length or one Transfer-Encoding.")
        elif not self.url.startswith(b"/") and self.url != b"*":
            self._refuse(400, "The request line has to name a path.")
        return self._refused

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            self._body_bytes += len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        if not self._refused:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._watch_reader()

    def _watch_reader(self) -> None:
        """Cut off a client that takes nothing of what waits for it; one that takes little may go on."""
        if self._stalled_s is not None:
            waiting = self.transport.get_write_buffer_size()
            self._stalled = self.loop.call_later(self._stalled_s, self._judge_reader, waiting)

    def _judge_reader(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() < waited:
            self._watch_reader()
        else:
            self._cut()

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _arm(self, seconds: float, late: Callable[[], None]) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late_head(self) -> None:
        self._deadline = None
        if self._head_bytes:
            self._refuse(408, "The request's header took too long.")
        elif not self.transport.is_closing():
            self.transport.close()

    def _late_body(self) -> None:
        """A body gets a minute and a second more for each MiB that has come."""
        allowed = BODY_S + BODY_S_PER_MIB * self._body_bytes / _MIB
        left = self._body_since + allowed - self.loop.time()
        if left > 0:
            self._arm(left, self._late_body)
            return
        self._deadline = None
        self._cut()

    def send_400_response(self, msg: str) -> None:
        """What the parser can't read, in the words of every other failure."""
        self._refuse(400, msg)

    def _refuse(self, status: int, message: str) -> None:
        """Answer without the application and close: the rest of such a connection can't be trusted."""
        self._refused = True
        self._disarm()
        if self.transport.is_closing():
            return
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = msgspec.json.encode({"error": error})
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, _REASONS[status], len(body), body)
        )
        self.transport.close()

    def _cut(self) -> None:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.abort()
