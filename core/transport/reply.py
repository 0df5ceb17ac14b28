"""An answer on a pooled connection: its head, its reads, its deadlines, and leaving it early.

The connection pushes into it what arrives (`begin`, `take`, `end`, `fail`); the caller pulls. It knows
nothing of sockets or of parsing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Mapping
from typing import Final, Protocol

from core.domain.failure import GatewayError
from core.domain.ports import Timeouts

from . import troubles
from .coding import inflate_for

HIGH: Final = 256 * 1024
LOW: Final = 64 * 1024
"""Bytes that wait for a reader: beyond HIGH the upstream is held up until LOW is reached."""


class Line(Protocol):
    """The connection as an answer sees it."""

    def watch(self, at: float) -> None:
        """Ask `overdue` once the loop's clock shows `at`, whatever was asked before."""
        ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def abort(self) -> None: ...


class PoolReply:
    """UpstreamReply (domain/ports.py) of the pool."""

    __slots__ = (
        "_behind",
        "_ends_at",
        "_error",
        "_held",
        "_left",
        "_limit",
        "_limits",
        "_line",
        "_loop",
        "_over",
        "_reads",
        "_url",
        "_waiter",
        "headers",
        "stale",
        "status",
    )

    def __init__(
        self,
        line: Line,
        loop: asyncio.AbstractEventLoop,
        url: str,
        limits: Timeouts,
        ends_at: float | None,
        limit: int,
    ) -> None:
        """`ends_at` is the loop's time; `limit` the most bytes that the body may have as sent."""
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.stale = False
        """Whether a kept connection turned out to be dead, so that another may be asked."""
        self._line = line
        self._loop = loop
        self._url = url
        self._limits = limits
        self._ends_at = ends_at
        self._limit = self._left = limit
        self._reads: list[bytes] = []  # few at a time, and an empty deque weighs 600 bytes a stream
        self._behind = 0
        self._held = False
        self._over = False
        self._error: GatewayError | None = None
        self._waiter: asyncio.Future[None] | None = None

    # --- what the connection says --------------------------------------------------------------

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head has come."""
        self.status, self.headers = status, headers
        self._wake()

    def take(self, read: bytes) -> None:
        """What one socket read held of the body."""
        self._reads.append(read)
        self._behind += len(read)
        self._left -= len(read)
        if self._left < 0:
            self.fail(troubles.too_large(self._url, self._limit))
            self._line.abort()
        elif self._behind > HIGH and not self._held:
            self._held = True
            self._line.pause()
        self._wake()

    def end(self) -> None:
        """The body is complete; the connection is no longer ours."""
        self._over = True
        self._wake()

    def lose(self, error: BaseException, stale: bool = False) -> None:
        """The connection is gone, or what came over it makes no sense."""
        self.stale = stale
        trouble = troubles.cut if self.status else troubles.no_head
        self.fail(trouble(self._url, error))

    def fail(self, error: GatewayError) -> None:
        if not self._over:
            self._over, self._error = True, error
            self._wake()

    def overdue(self, now: float) -> float | None:
        """The time that was watched for has come: the next one, or None if this is the end."""
        limits = self._limits
        if self._ends_at is not None and self._ends_at <= now and limits.total is not None:
            self.fail(troubles.took_too_long(self._url, limits.total))
        elif self._waiter is None:
            # The reader is busy with what it has; silence counts from when it asks for more.
            return self._at_most(now + limits.idle)
        elif not self.status:
            self.fail(troubles.head_too_slow(self._url, limits.first_byte))
        else:
            self.fail(troubles.went_silent(self._url, limits.idle))
        return None

    # --- what the caller asks -------------------------------------------------------------------

    async def head(self) -> None:
        """Wait for the head. The connection is closed at once if that ends in any other way."""
        try:
            while not self.status and not self._over:
                await self._news(self._limits.first_byte)
        except BaseException:
            self._let_go()
            raise
        if self._error is not None and not self.status:
            raise self._error

    @property
    def ended(self) -> bool:
        return self._over and not self._reads

    async def reads(self) -> AsyncGenerator[bytes]:
        """What each socket read held, decoded if the upstream insisted on an encoding."""
        inflate = inflate_for(self.headers.get("content-encoding", ""))
        try:
            while True:
                if self._reads:
                    read = self._next()
                    if inflate is None:
                        yield read
                    else:
                        for piece in inflate.pieces(read):
                            yield piece
                elif not self._over:
                    await self._news(self._limits.idle)
                elif self._error is not None:
                    raise self._error
                elif inflate is not None and not inflate.complete:
                    raise EOFError("the encoded body ends too early")
                else:
                    return
        except (zlib.error, EOFError) as error:
            raise troubles.cut(self._url, error) from error
        finally:
            self._let_go()

    async def aclose(self) -> None:
        """Let go of the connection: it is kept if the body is complete, and closed at once if not."""
        self._let_go()

    # --- inside ---------------------------------------------------------------------------------

    def _next(self) -> bytes:
        read = self._reads.pop(0)
        self._behind -= len(read)
        if self._held and self._behind <= LOW:
            self._held = False
            if not self._over:
                self._line.resume()
        return read

    def _news(self, seconds: float) -> asyncio.Future[None]:
        """Done when something new is there, or when `overdue` says that it took too long.

        Whoever stops waiting for it lets go of the answer.
        """
        self._line.watch(self._at_most(self._loop.time() + seconds))
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _at_most(self, at: float) -> float:
        return at if self._ends_at is None else min(at, self._ends_at)

    def _let_go(self) -> None:
        self._reads.clear()
        if not self._over:
            self._over = True
            self._line.abort()
