"""The owner's side: one generic route that calls the local services for attached processes.

`POST /<service>/<method>` with the parameters as a JSON object answers with the JSON of the result, or
with JSON lines for a stream. A failure is a `fault` with the HTTP status of its kind; in a stream it is
the last line. A client that goes away cancels what it asked for; `POST /-/cancel` does the same and
answers once the work has ended, so that closing a stream means here what it means at home.

The socket is for this user's processes only (a 0600 file in a 0700 directory): there are no keys here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any, cast

import msgspec

from core.domain.failure import HTTP_STATUS, Failure, GatewayError, Kind
from core.services import Services

from .schema import End, Fault, Method, table

log = logging.getLogger("agtui.attach")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CALL_HEADER = b"x-agtui-call"
CANCEL_PATH = "/-/cancel"
LARGEST_CALL = 256 * 1024 * 1024

STOPPED = Failure(Kind.CANCELLED, "The running agtui stopped before this was done.")

_encoder = msgspec.json.Encoder()


class _Answer:
    """Sends, and knows whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.begun = True
        await self._send(message)


class AttachServer:
    """An ASGI application over local services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._methods = {method.path: method for methods in table().values() for method in methods.values()}
        self._calls: dict[bytes, asyncio.Task[None]] = {}
        self._running: dict[asyncio.Task[None], Method] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return
        call = next((value for name, value in scope["headers"] if name == CALL_HEADER), b"")
        if scope["path"] == CANCEL_PATH:
            await self._cancel(call)
            await _answer(send, 204, b"")
            return
        method = self._methods.get(scope["path"])
        if method is None:
            failure = Failure(
                Kind.NOT_FOUND,
                f"The running agtui has no {scope['path']}: it may be another version. Restart it.",
            )
            await _answer(send, 404, _encoder.encode(Fault(failure)))
            return
        answer = _Answer(send)
        work = asyncio.create_task(self._run(method, body, answer))
        self._running[work] = method
        self._calls[call] = work
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                if not answer.begun:
                    await _answer(send, 503, _encoder.encode(Fault(STOPPED)))
        finally:
            gone.cancel()
            work.cancel()
            self._running.pop(work, None)
            self._calls.pop(call, None)

    def drain(self) -> None:
        """The owner is about to stop: end what only watches; all other calls go on."""
        for work, method in self._running.items():
            if method.endless:
                work.cancel()

    def end_streams(self) -> None:
        """The time to drain is over: end every call, and say so to who waits."""
        for work in self._running:
            work.cancel()

    async def _cancel(self, call: bytes) -> None:
        work = self._calls.get(call)
        if work is not None:
            work.cancel()
            await asyncio.wait({work})

    async def _run(self, method: Method, body: bytes, send: Send) -> None:
        try:
            params = msgspec.json.decode(body, type=method.params)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            failure = Failure(Kind.BAD_REQUEST, f"The call {method.path} does not fit: {error}.")
            await _answer(send, 400, _encoder.encode(Fault(failure)))
            return
        function = getattr(getattr(self._services, method.service), method.name)
        arguments = method.arguments(params)
        if method.stream:
            await self._stream(method, cast(AsyncIterator[Any], function(**arguments)), send)
            return
        try:
            result = await function(**arguments)
            status, reply = 200, _encoder.encode(result)
        except Exception as error:
            failure = _failure(method, error)
            status, reply = HTTP_STATUS[failure.kind], _encoder.encode(Fault(failure))
        await _answer(send, status, reply)

    async def _stream(self, method: Method, items: AsyncIterator[Any], send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/jsonl")],
            }
        )
        last: Fault | End = End()
        try:
            async with aclosing(cast(Any, items)):
                async for item in items:
                    await send(_chunk(_encoder.encode(method.item(item)), more=True))
        except asyncio.CancelledError:
            await send(_chunk(_encoder.encode(End() if method.endless else Fault(STOPPED)), more=False))
            raise
        except Exception as error:
            last = Fault(_failure(method, error))
        await send(_chunk(_encoder.encode(last), more=False))


def _failure(method: Method, error: Exception) -> Failure:
    """What an attached process is told. Anything but a GatewayError is a fault of ours, and logged."""
    if isinstance(error, GatewayError):
        return error.failure
    log.error("%s failed", method.path, exc_info=error)
    return Failure(
        Kind.INTERNAL, "Something went wrong inside the running agtui; its log says what (agtui logs)."
    )


def _chunk(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body + b"\n", "more_body": more}


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The whole request body; None when the client went away or sends more than a call can hold."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = cast(bytes, message.get("body", b""))
        size += len(chunk)
        if size > LARGEST_CALL:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
