"""An answer as server-sent events: one write a batch, heartbeats in silence, exactly one ending.

Before the first batch a failure is a plain HTTP error, unless a heartbeat had to be sent already.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from core.domain.events import Failed, Started
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Reply
from core.domain.streams import closing
from core.redact import redact

from .asgi import Headers
from .disconnect import InterruptedRequest, Watch
from .exchange import Exchange

HEADERS: Final[Headers] = [
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
]

STOPPING: Final = Failure(
    Kind.UNAVAILABLE, "The gateway is being stopped. Ask again in a moment.", retry_after=5.0
)


class _Pulse:
    """Says something harmless whenever a stream has been silent for `every` seconds."""

    def __init__(self, every: float, beat: Callable[[], asyncio.Task[None]]) -> None:
        self._every, self._beat = every, beat
        self._loop = asyncio.get_running_loop()
        self.last = self._loop.time()
        self._beating: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(every, self._due)

    def _due(self) -> None:
        silent = self._loop.time() - self.last
        if silent >= self._every and (self._beating is None or self._beating.done()):
            self._beating = self._beat()
            self.last = self._loop.time()
            silent = 0.0
        self._timer = self._loop.call_later(max(0.01, self._every - silent), self._due)

    def moved(self) -> None:
        self.last = self._loop.time()

    async def stop(self) -> None:
        """No beat begins after this, and one that is being written is waited for."""
        self._timer.cancel()
        if self._beating is not None and not self._beating.done():
            await asyncio.wait([self._beating])


async def stream(
    exchange: Exchange,
    watch: Watch,
    batches: AsyncIterator[Sequence[object]],
    reply: Reply,
    headers: Callable[[Started | None], Headers],
    heartbeat_s: float,
) -> None:
    """Write the whole answer. Raises GatewayError if nothing has been sent yet, else ends in-stream.

    `headers` gives the headers that tell who answers; None: not known yet.
    """
    kind = [("content-type", reply.content_type), *HEADERS]

    async def beat() -> None:
        if not exchange.started:
            await exchange.start(200, [*kind, *headers(None)])
        await exchange.write(reply.heartbeat())

    pulse = _Pulse(heartbeat_s, lambda: asyncio.create_task(beat()))
    try:
        async with watch, closing(batches):
            async for batch in batches:
                if not exchange.started:
                    first = batch[0]
                    known = headers(first if isinstance(first, Started) else None)
                    await exchange.start(200, [*kind, *known])
                if frames := reply.frames(batch):
                    await exchange.write(frames)
                    pulse.moved()
    except InterruptedRequest as interrupt:
        if interrupt.why == "gone":
            raise
        await pulse.stop()
        await _end(exchange, reply, STOPPING)
    except GatewayError as error:
        await pulse.stop()
        await _end(exchange, reply, error.failure)
    else:
        await pulse.stop()
        await exchange.finish()
    finally:
        await pulse.stop()


def told(failure: Failure) -> Failure:
    """The failure in the words a client gets: what it or an upstream wrote comes back without secrets."""
    return replace(failure, public_message=redact(failure.public_message))


async def _end(exchange: Exchange, reply: Reply, failure: Failure) -> None:
    if not exchange.started:
        raise GatewayError(failure)
    await exchange.finish(reply.frames([Failed(told(failure))]))
