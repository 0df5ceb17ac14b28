"""One HTTP request and its response, over ASGI: headers, a capped body, one write a batch, and what
settings and time it is answered with.

Knows nothing of routes, keys or protocols.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from core.config.clock import SystemClock
from core.config.settings import ServerSettings
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Clock

from . import proxies
from .asgi import CHUNK, LEAVING, Headers, Leaving, Receive, Scope, Send, WriteChunk

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
LONGEST_HEADER: Final = 1024
LINGER_S: Final = 1.0
LINGER_BYTES: Final = 16 * 1024 * 1024
MIB: Final = 1024 * 1024
PIECE: Final = 256 * 1024

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class ClientGoneError(Exception):
    """The client closed its connection: nobody is left to answer."""


def clean(value: str) -> str:
    """A header value that can be sent: one line of Latin-1, not too long."""
    if len(value) <= LONGEST_HEADER and value.isascii() and value.isprintable():
        return value
    one_line = CONTROL.sub(" ", value)[:LONGEST_HEADER].strip()
    return one_line.replace("•", "*").encode("latin-1", "replace").decode("latin-1")


class BodyBudget:
    """How many bytes of request bodies may be held at one time, by all requests together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Raises GatewayError `unavailable` when there is no room left."""
        if self.held and self.held + size > self._most:
            raise GatewayError(
                Failure(
                    Kind.UNAVAILABLE,
                    "Too many large requests are being read at the same time. Ask again in a moment.",
                    retry_after=2.0,
                )
            )
        self.held += size

    def give_back(self, size: int) -> None:
        self.held -= size


REPLAYS: Final = "agtui.replays"
"""A scope's key that only this program can set: the id of the request that this one sends again."""

DEFAULTS: Final = ServerSettings()
CLOCK: Final = SystemClock()


class Exchange:
    """A request that is being answered. `id` is ours and unique, `shown_id` may be the client's own.

    `peer` and `scheme` are the client's, as far as trusted proxies tell; `forwarded` says that somebody
    claims to have passed the request on, trusted or not. `headers` go out with the response, whatever it is,
    and so does what `late_headers` gives when it begins. `recorded`: the request was let in, and what is
    said may be recorded; `replays` names the request that it sends again.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_id: str,
        budget: BodyBudget,
        settings: ServerSettings = DEFAULTS,
        clock: Clock = CLOCK,
    ) -> None:
        self._receive, self._send = receive, send
        self.settings, self.clock = settings, clock
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope.get("query_string", b"")
        self.scheme: str = scope.get("scheme", "http")
        extensions: Mapping[str, Any] = scope.get("extensions") or {}
        self.leaving: Leaving = extensions.get(LEAVING, _never_told)
        self._write_chunk: WriteChunk = extensions.get(CHUNK, _not_written)
        self.raw_headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._first_headers = dict(reversed(self.raw_headers))
        client = scope.get("client")
        self.peer: str = client[0] if client else ""
        self.forwarded = bool(self.header(b"x-forwarded-for") or self.header(b"forwarded"))
        if settings.trusted_proxies:
            self._believe(settings.trusted_proxies)
        server = scope.get("server")
        self.local_address: str = server[0] if server else ""
        self.id = request_id
        self.began = clock.monotonic()
        self.headers: Headers = []
        self.late_headers: Callable[[], Headers] | None = None
        asked = self.header(b"x-request-id")
        self.shown_id = asked if REQUEST_ID.fullmatch(asked) else request_id
        self.started = self.finished = self.body_read = False
        self._budget, self._held = budget, 0
        self.key = ""
        self.recorded = False
        self.replays: str = scope.get(REPLAYS, "")

    def _believe(self, trusted: tuple[str, ...]) -> None:
        """Take address and scheme from a proxy that is trusted."""
        schemes = proxies.words(self.all_headers(b"x-forwarded-proto"))
        if schemes and schemes[-1].lower() in ("http", "https") and proxies.is_trusted(self.peer, trusted):
            self.scheme = schemes[-1].lower()
        hops = proxies.words(self.all_headers(b"x-forwarded-for"))
        self.peer = proxies.client_behind(self.peer, hops, trusted)

    @property
    def elapsed_ms(self) -> float:
        """Since the request's head was read."""
        return (self.clock.monotonic() - self.began) * 1000

    def header(self, name: bytes) -> str:
        """The first header called `name` (lower case); empty if there is none."""
        return self._first_headers.get(name, b"").decode("latin-1")

    def all_headers(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for found, value in self.raw_headers if found == name]

    async def body(self) -> bytes:
        """The request's body. Raises GatewayError `too_large` as soon as more than the setting is seen."""
        parts: list[bytes] = []
        while not self.body_read:
            parts.append(await self.read())
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def read(self) -> bytes:
        """The next piece of the body, until `body_read`. Raises what `body` raises."""
        cap = self.settings.max_body_mb * MIB
        if not self._held:
            declared = self.header(b"content-length")
            if declared.isdecimal() and int(declared) > cap:
                raise too_large(cap)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        if self._held + len(piece) > cap:
            raise too_large(cap)
        self._budget.take(len(piece))
        self._held += len(piece)
        self.body_read = not message.get("more_body", False)
        return piece

    @property
    def body_bytes(self) -> int:
        """How long the body is that has been read."""
        return self._held

    def release(self) -> None:
        """Give back what the body took of the budget; once the request is over."""
        self._budget.give_back(self._held)
        self._held = 0

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        said = (*headers, *self.headers, *(self.late_headers() if self.late_headers is not None else ()))
        sent = [(name.encode(), clean(value).encode("latin-1")) for name, value in said]
        sent += ((b"x-request-id", self.shown_id.encode()), (b"x-agtui-request", self.id.encode()), *SECURITY)
        await self._send({"type": "http.response.start", "status": status, "headers": sent})

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body; waits while the client reads too slowly."""
        if not self._write_chunk(chunk):
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self, chunk: bytes = b"") -> None:
        self.finished = True
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def discard(self) -> None:
        """Read what is left of the body and forget it, for a while.

        A connection that is closed with unread bytes is reset, and the client may never see why.
        """
        try:
            async with asyncio.timeout(LINGER_S):
                size = 0
                while size < LINGER_BYTES:
                    message = await self._receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return

    async def respond(
        self, status: int, headers: Headers, body: bytes = b"", *, linger: bool = False
    ) -> None:
        """A whole response. `linger` lets a client that is still sending read it first."""
        sized = [*headers, ("content-length", str(len(body)))]
        if all(name != "cache-control" for name, _ in headers):
            sized.append(("cache-control", "no-store"))
        await self.start(status, sized)
        if linger:
            await self.write(body)
            await self.discard()
            await self.finish()
        else:
            await self.finish(body)

    async def json(self, body: bytes, headers: Headers | None = None, status: int = 200) -> None:
        await self.respond(status, [("content-type", "application/json"), *(headers or [])], body)

    async def json_pieces(self, pieces: Iterable[bytes], headers: Headers) -> None:
        """A JSON body bit by bit: what is small goes out whole, and others get their turn in between."""
        waiting: list[bytes] = []
        size = 0
        for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size < PIECE:
                continue
            if not self.started:
                kind = [("content-type", "application/json"), ("cache-control", "no-store")]
                await self.start(200, [*kind, *headers])
            await self.write(b"".join(waiting))
            waiting, size = [], 0
            await asyncio.sleep(0)
        if self.started:
            await self.finish(b"".join(waiting))
        else:
            await self.json(b"".join(waiting), headers)


def _never_told(leaving: Callable[[], None] | None) -> None:
    """Of a server that is not ours nobody learns that the client has left."""


def _not_written(chunk: bytes) -> bool:
    return False


def too_large(cap: int) -> GatewayError:
    return GatewayError(
        Failure(
            Kind.TOO_LARGE, f"The request's body is larger than {cap // MIB} MiB, the most this server takes."
        )
    )
