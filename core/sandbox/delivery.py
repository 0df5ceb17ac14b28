"""Sends an answer with the pace, and the accidents, that were asked for.

A plain ASGI response: it stops when the client goes away, can fall silent (`hang`), can let the connection
die in the middle (`cut`), and can come to nothing before its first byte.

Cutting needs the server's help, because ASGI has no word for it. In this order: the callable under
`scope["extensions"]["agtui.abort"]`; the transport of the server's request cycle, which uvicorn's `send`
is bound to; else ConnectionCutError, which a server answers by closing, with a line in its log.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from starlette.types import Receive, Scope, Send

ABORT_EXTENSION: Final = "agtui.abort"


class ConnectionCutError(ConnectionError):
    """The sandbox was asked to cut the connection and the server offers no other way."""


class Delivery:
    """One response. `frames` are written one by one, `pace` seconds apart, after a `lead` of seconds.

    `cut`, `hang` and `broken` (a last frame that says an error) come after `chunks` frames.
    """

    def __init__(
        self,
        frames: Iterable[bytes],
        headers: Sequence[tuple[bytes, bytes]],
        *,
        status: int = 200,
        pace: float = 0.0,
        lead: float = 0.0,
        cut: bool = False,
        hang: bool = False,
        broken: bytes = b"",
        chunks: int = 0,
    ) -> None:
        self._frames = frames
        self._headers = list(headers)
        self._status = status
        self._broken = broken
        self._chunks = chunks
        self._pace = pace
        self._lead = lead
        self._cut = cut
        self._hang = hang

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        watcher = asyncio.create_task(_watch(receive, gone), name="sandbox-disconnect")
        try:
            await self._send(scope, send, gone)
        finally:
            watcher.cancel()

    async def _send(self, scope: Scope, send: Send, gone: asyncio.Event) -> None:
        if await _pause(gone, self._lead):
            return
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        accident = self._cut or self._hang or self._broken
        frames = _unfinished(self._frames, self._chunks) if accident else self._frames
        for at, frame in enumerate(frames):
            if at and await _pause(gone, self._pace):
                return
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        if self._cut:
            await _abort(scope, gone)
        elif self._hang:
            await gone.wait()
        else:
            await send({"type": "http.response.body", "body": self._broken, "more_body": False})


class Unanswered(Exception):
    """No answer at all, `wait` seconds from now: the connection ends, or stays open and `silent`."""

    def __init__(self, silent: bool, wait: float) -> None:
        super().__init__("no answer, as asked")
        self._silent = silent
        self._wait = wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        watcher = asyncio.create_task(_watch(receive, gone), name="sandbox-disconnect")
        try:
            if await _pause(gone, self._wait):
                return
            if self._silent:
                await gone.wait()
            else:
                await _abort(scope, gone)
        finally:
            watcher.cancel()


def _unfinished(frames: Iterable[bytes], chunks: int) -> list[bytes]:
    """What arrives before an accident: never the last frame, and of a single one only the half."""
    every = list(frames)
    if len(every) == 1 and chunks:
        return [every[0][: len(every[0]) // 2]]
    return every[: max(0, min(chunks, len(every) - 1))]


async def _watch(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _pause(gone: asyncio.Event, seconds: float) -> bool:
    """Wait; True if the client went away meanwhile."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return gone.is_set()
    try:
        await asyncio.wait_for(gone.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _abort(scope: Scope, gone: asyncio.Event) -> None:
    extensions: dict[str, Any] = scope.get("extensions") or {}
    abort: Callable[[], None] | None = extensions.get(ABORT_EXTENSION)
    if abort is None:
        raise ConnectionCutError("cut as asked by [[cut]]")
    abort()
    await gone.wait()


def with_abort(scope: Scope, send: Send) -> Scope:
    """`scope` with the abort extension, taken from uvicorn's request cycle where the server has none.

    To be called with the server's own `send`, before any middleware has wrapped it.
    """
    extensions: dict[str, Any] = dict(scope.get("extensions") or {})
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if ABORT_EXTENSION not in extensions and isinstance(transport, asyncio.BaseTransport):
        extensions[ABORT_EXTENSION] = transport.close
    return {**scope, "extensions": extensions}
