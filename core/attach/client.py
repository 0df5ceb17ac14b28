"""The attached side: `AttachedServices`, every service Protocol spoken to the owner's Unix socket.

The proxies are made from the same table as the owner's route; a call that does not fit raises before
anything is sent. Failures arrive as the GatewayError they were, at the same place.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec

from core import services
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope

from .schema import End, Fault, Method, table
from .server import CALL_HEADER, CANCEL_PATH

TIMEOUT = httpx.Timeout(None, connect=2.0)
CANCEL_SECONDS = 5.0

_encoder = msgspec.json.Encoder()


def _gone(error: Exception | None = None) -> GatewayError:
    return GatewayError(
        Failure(
            Kind.UNAVAILABLE,
            "The running agtui does not answer any more. If it has stopped, start it, then ask again.",
            scope=Scope.REQUEST,
            cause=Cause.CONNECT if isinstance(error, httpx.ConnectError) else Cause.CUT,
            detail=type(error).__name__ if error else "",
        )
    )


def _fault(body: bytes) -> GatewayError:
    """The failure in an answer that is not 200; an owner that ends may have had no time to write one."""
    try:
        return GatewayError(msgspec.json.decode(body, type=Fault).failure)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _gone()


class _Wire:
    """Calls to one owner."""

    def __init__(self, socket: str) -> None:
        # No TLS on a Unix socket: `verify=False` spares loading the certificate store (30 ms).
        transport = httpx.AsyncHTTPTransport(
            verify=False,
            uds=socket,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=4),
        )
        self.http = httpx.AsyncClient(
            transport=transport, base_url="http://owner", timeout=TIMEOUT, trust_env=False
        )

    async def answer(self, method: Method, body: bytes) -> Any:
        try:
            reply = await self.http.post(method.path, content=body)
        except httpx.TransportError as error:
            raise _gone(error) from error
        if reply.status_code != 200:
            raise _fault(reply.content)
        try:
            return msgspec.json.decode(reply.content, type=method.result)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _gone(error) from error

    async def stream(self, method: Method, body: bytes) -> AsyncIterator[Any]:
        """The items of a stream. Closed early, it returns once the owner has ended the work."""
        call = uuid.uuid4().hex.encode()
        decoder = msgspec.json.Decoder(method.line)
        ended = False
        try:
            request = self.http.stream("POST", method.path, content=body, headers={CALL_HEADER: call})
            async with request as reply, aclosing(_lines(reply)) as lines:
                if reply.status_code != 200:
                    raise _fault(await reply.aread())
                try:
                    async for line in lines:
                        match decoder.decode(line):
                            case End():
                                ended = True
                                return
                            case Fault(failure=failure):
                                ended = True
                                raise GatewayError(failure)
                            case item:
                                yield item.value
                except (GeneratorExit, asyncio.CancelledError):
                    if not ended:
                        ended = True
                        await self._cancel(call)
                    raise
        except (httpx.TransportError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _gone(error) from error
        if not ended:
            raise _gone()

    async def _cancel(self, call: bytes) -> None:
        try:
            await self.http.post(CANCEL_PATH, headers={CALL_HEADER: call}, timeout=CANCEL_SECONDS)
        except httpx.TransportError:
            return  # the owner is gone, and with it the work


async def _lines(reply: httpx.Response) -> AsyncGenerator[bytes]:
    """Lines end with \\n only: JSON text may hold the other line separators of Unicode as they are."""
    rest = b""
    async for read in reply.aiter_raw():
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            yield line


def _unary(wire: _Wire, method: Method) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await wire.answer(method, _encoder.encode(method.bind(args, kwargs)))

    return call


def _streaming(wire: _Wire, method: Method) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        return wire.stream(method, _encoder.encode(method.bind(args, kwargs)))

    return call


class AttachedServices:
    """`core.services.Services` of the process that listens on `socket`."""

    attached = True

    def __init__(self, socket: str) -> None:
        self._wire = wire = _Wire(socket)

        def proxy(service: str) -> Any:
            return SimpleNamespace(
                **{
                    name: (_streaming if method.stream else _unary)(wire, method)
                    for name, method in table()[service].items()
                }
            )

        self.chats = cast(services.Chats, proxy("chats"))
        self.generation = cast(services.Generation, proxy("generation"))
        self.accounts = cast(services.Accounts, proxy("accounts"))
        self.keys = cast(services.Keys, proxy("keys"))
        self.library = cast(services.Library, proxy("library"))
        self.studio = cast(services.Studio, proxy("studio"))
        self.records = cast(services.Records, proxy("records"))
        self.replays = cast(services.Replays, proxy("replays"))
        self.settings = cast(services.Settings, proxy("settings"))
        self.events = cast(services.Events, proxy("events"))
        self.owner = cast(services.Owner, proxy("owner"))

    async def aclose(self) -> None:
        await self._wire.http.aclose()
