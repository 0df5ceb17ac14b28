"""Sending a recorded request again: through the gateway's own door, as its client sent it.

The application is called as a server would call it, so that a replay goes the whole way of a request; no
port has to be open for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from core.domain.bodies import Bodies, ReplayBegan, Replayed, ReplayRead
from core.domain.failure import GatewayError, Kind
from core.redact import MASK

from .asgi import LEAVING, App, Message, Scope
from .exchange import REPLAYS

AHEAD: Final = 16
"""Parts of an answer that may wait for who reads it."""
OWN: Final = frozenset(
    ("authorization", "host", "content-length", "transfer-encoding", "connection", "expect", "x-request-id")
)
"""Headers that belong to the connection or to the request that it was."""

_NAMED: Final = re.compile(r"(/models/)([^/]+?)((?::\w+)?(?:/countTokens)?)$")
"""A model in a path, as Gemini's protocol has it."""


class ReplayService:
    """Implements `services.Replays`. `find` gives what is recorded, `key` the local key."""

    def __init__(
        self, find: Callable[[str], Awaitable[Bodies]], app: Callable[[], App], key: Callable[[], str]
    ) -> None:
        self._find, self._app, self._key = find, app, key

    async def send(self, request_id: str, model: str = "") -> AsyncIterator[Replayed]:
        """The answer as a client gets it; closing it is a client that goes away."""
        scope, body = prepared(await self._find(request_id), model, self._key())
        queue: asyncio.Queue[Replayed | None] = asyncio.Queue(AHEAD)
        gone = asyncio.Event()
        asked = False
        left: Callable[[], None] | None = None

        def leaving(call: Callable[[], None] | None) -> None:
            nonlocal left
            left = call

        async def receive() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                await queue.put(_began(message))
            elif content := message.get("body"):
                await queue.put(ReplayRead(content))

        async def serve() -> None:
            try:
                await self._app()({**scope, "extensions": {LEAVING: leaving}}, receive, say)
            finally:
                await queue.put(None)

        serving = asyncio.create_task(serve())
        try:
            while (item := await queue.get()) is not None:
                yield item
            await serving
        finally:
            gone.set()
            if left is not None:
                left()
            while not serving.done():
                # Whoever waits to say something more is let go on: nobody hears it.
                while not queue.empty():
                    queue.get_nowait()
                await asyncio.wait([serving], timeout=0.01)


def prepared(recorded: Bodies, model: str, key: str) -> tuple[Scope, bytes]:
    """The request as it goes through the door, for another `model` if one is named.

    Raises GatewayError `bad_request` for what is not whole, or not JSON.
    """
    body, path = _body(recorded), recorded.path
    path, _, query = path.partition("?")
    if model and _NAMED.search(path):
        path = _NAMED.sub(lambda found: f"{found[1]}{model}{found[3]}", path)
    elif model:
        body = msgspec.json.encode(_json(recorded) | {"model": model})
    headers = [
        (name.encode(), value.encode("latin-1", "replace"))
        for name, value in recorded.headers
        if name not in OWN and value != MASK
    ]
    headers += [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer " + key.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": recorded.method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": None,
        "server": None,
        REPLAYS: recorded.id,
    }
    return scope, body


def _body(recorded: Bodies) -> bytes:
    _json(recorded)
    return recorded.asked.text.encode()


def _json(recorded: Bodies) -> dict[str, Any]:
    """The recorded body. Raises GatewayError that says why it can't be sent again."""
    asked = recorded.asked
    if asked.cut:
        raise _refusal(
            f"The body of {recorded.id} had {asked.size:,} bytes and only its beginning is recorded: it "
            "can't be sent again."
        )
    try:
        found = msgspec.json.decode(asked.text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise _refusal(f"The body of {recorded.id} is not a JSON object: it can't be sent again.") from None
    if asked.blobs:
        raise _refusal(
            f"The body of {recorded.id} held pictures, signatures or other base64, which is not recorded: it "
            "can't be sent again."
        )
    return found


def _refusal(text: str) -> GatewayError:
    return GatewayError.of(Kind.BAD_REQUEST, text)


def _began(message: Message) -> ReplayBegan:
    headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
    kind = headers.get("content-type", "").partition(";")[0]
    return ReplayBegan(headers.get("x-agtui-request", ""), message["status"], kind)
