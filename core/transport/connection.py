"""One kept connection: bytes in, parsed by httptools, handed to the reply that waits for them.

One request at a time, no pipelining. Whatever is left in doubt (an answer cut short, bytes that nobody
asked for, framing that two parsers could read in two ways) closes the connection. One timer serves all
deadlines: it is moved only when one is earlier, and looks at the present one when it rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

import httptools

from .reply import PoolReply

MOST_BARREN: Final = 64 * 1024
"""Bytes in a row without any body: heads, interim answers, chunk extensions, trailers."""

SLACK: Final = 0.002
"""Loops keep time in milliseconds; a timer that rings so early is on time."""

TOGETHER: Final = 64 * 1024
"""Up to here head and body of a request are copied into one write, so into one packet or TLS record."""

STALE_S: Final = 0.25
"""A kept connection that dies later than this after a request was alive when the request came.

A host that has closed a connection answers the first packet on it with a reset, one round trip later:
a quarter of a second is a slow one, and less than any upstream needs to do work and then fail.
"""


class Connection(asyncio.Protocol):
    """`park` is called when it is free for another request, `gone` once when it is closed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        park: Callable[[Connection], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self.born = loop.time()
        self._loop = loop
        self._park = park
        self._gone = gone
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reply: PoolReply | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = self._due_at = 0.0
        self._used = self._paused = False
        self._asked_at = 0.0
        self._pieces: list[bytes] = []
        self._bodiless = False
        self._reset()

    def _reset(self) -> None:
        self._headers: dict[str, str] = {}
        self._barren = 0
        self._heard = self._begun = self._interim = self._complete = self._surplus = False
        self._keep = self._until_close = self._refused = False

    @property
    def usable(self) -> bool:
        """Whether a request may be sent, as far as one can know."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, head: bytes, body: bytes, reply: PoolReply, bodiless: bool) -> None:
        """Send a request. `bodiless`: its answer has no body whatever the head says (HEAD)."""
        assert self._transport is not None
        self._reset()
        self._reply = reply
        self._bodiless = bodiless
        self._asked_at = self._loop.time()
        if len(body) > TOGETHER:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body)

    # --- the reply's side (reply.Line) ----------------------------------------------------------

    def watch(self, at: float) -> None:
        self._due_at = at
        if self._timer is None or self._rings_at > at:
            self._set_timer(at)

    def pause(self) -> None:
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once; whatever is on its way is dropped."""
        self._reply = None
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close an idle connection in good order."""
        self._stop_timer()
        if self._transport is not None:
            self._transport.close()

    def shut(self) -> None:
        """Close at once; an answer that is under way is cut."""
        reply = self._reply
        self.abort()
        if reply is not None:
            reply.lose(ConnectionAbortedError("the transport was closed"))

    # --- asyncio --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        if reply is None:
            self.abort()
            return
        self._heard = True
        self._barren += len(data)
        error: Exception | None = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            error = problem
        if self._pieces:
            read = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces.clear()
            self._barren = 0
            reply.take(read)
        if self._complete:
            self._finish(reply, clean=error is None and not self._surplus)
        elif error is not None or self._refused:
            self._give_up(reply, error or ValueError("an answer that can't be framed"))
        elif self._barren > MOST_BARREN:
            self._give_up(reply, ValueError("too many bytes without a body"))

    def connection_lost(self, exc: Exception | None) -> None:
        reply, self._reply = self._reply, None
        self._stop_timer()
        self._transport = None
        if reply is not None:
            if self._begun and self._until_close and exc is None:
                reply.end()
            else:
                stale = self._used and not self._heard and self._loop.time() - self._asked_at < STALE_S
                reply.lose(exc or EOFError("the connection was closed"), stale)
        self._gone(self)

    # --- httptools ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._surplus = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._begun:
            return  # a trailer, or the head of what nobody asked for
        known = name.decode("latin-1").lower()
        said = value.decode("latin-1")
        headers = self._headers
        headers[known] = f"{headers[known]}, {said}" if known in headers else said

    def on_headers_complete(self) -> None:
        if self._begun:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._interim, self._headers = True, {}
            self._refused = status == 101
            return
        headers = self._headers
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.strip().lower() != "chunked":
            self._refused = True
            return
        self._keep = self._parser.should_keep_alive()
        self._until_close = coding is None and "content-length" not in headers
        self._begun = True
        self._barren = 0
        if self._bodiless:
            self._complete, self._keep = True, False
        if self._reply is not None:
            self._reply.begin(status, headers)

    def on_body(self, body: bytes) -> None:
        if self._begun and not self._complete:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self._begun:
            self._complete = True

    # --- inside ---------------------------------------------------------------------------------

    def _finish(self, reply: PoolReply, clean: bool) -> None:
        """The answer is whole. The connection is kept if nothing is in doubt."""
        reply.end()
        transport = self._transport
        if self._reply is None or transport is None or transport.is_closing():
            return
        self._reply = None
        if clean and self._keep and not transport.get_write_buffer_size():
            self._used = True
            self.resume()
            self._park(self)
        else:
            self.abort()

    def _give_up(self, reply: PoolReply, error: Exception) -> None:
        self.abort()
        reply.lose(error)

    def _set_timer(self, at: float) -> None:
        self._stop_timer()
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._ring)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now < self._due_at - SLACK:
            self._set_timer(self._due_at)
        elif self._reply is None:
            self.close()
        elif (due := self._reply.overdue(max(now, self._due_at))) is not None:
            self.watch(due)
        else:
            self.abort()
