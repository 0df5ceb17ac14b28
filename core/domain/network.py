"""The seams to the network: a call to an upstream, its answer and who makes it; links that clients send,
and who follows them. Ports like those of ports.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct


class Timeouts(Struct, frozen=True):
    """Seconds. `idle` is the longest silence between two reads of a body."""

    connect: float = 10.0
    first_byte: float = 60.0
    idle: float = 120.0
    total: float | None = None


class Call(Struct, frozen=True):
    """One request to an upstream. `pool` keys the kept-alive connections (an account id).

    A kept connection may turn out to be dead once a request is on it; then the request goes out once more.
    `repeatable` is False where doing it twice would cost something (a picture): such a call is sent once,
    over a connection that nobody used before. `trace` is the id of the request that it is made for; calls
    with secrets in their bodies have none.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pool: str = ""
    timeouts: Timeouts = Timeouts()
    repeatable: bool = True
    trace: str = ""


class UpstreamReply(Protocol):
    """An answer whose head has arrived. Header names are lower case.

    `reads` yields what each socket read held, at most once over. Closing early aborts the call.
    """

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def ended(self) -> bool:
        """Whether the body is over and every read of it was taken. May be late to say so."""
        ...

    def reads(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Transport(Protocol):
    """The seam to upstreams: the one place that opens sockets to them.

    `send` raises GatewayError with scope `endpoint`: cause `connect` when nothing was sent, kind
    `timeout` when the head did not come in time. `reads` raises cause `cut` when the connection ends
    before the body does, and `silent` when it stops moving.
    """

    async def send(self, call: Call) -> UpstreamReply: ...

    async def read(self, call: Call, limit: int = 64 * 1024 * 1024) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read the whole body, at most `limit` bytes."""
        ...

    async def aclose(self) -> None: ...


class Fetched(Struct, frozen=True):
    """What a link led to. `mime` is what its first bytes tell, whatever the server called it."""

    mime: str
    content: bytes


class LinkFetcher(Protocol):
    """Follows a link that a client sent, into the public network only, and keeps nothing of it.

    `fetch` raises GatewayError `bad_request` whatever stands in the way, in words for who sent the link.
    """

    async def fetch(self, url: str) -> Fetched: ...
