"""Asking a transport in a line."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.failure import GatewayError, Scope
from core.domain.ports import Call, Timeouts, Transport


def post(url: str, *headers: tuple[str, str], **timeouts: float) -> Call:
    return Call("POST", url, headers, b'{"a":1}', "account", Timeouts(**timeouts))


async def body_of(transport: Transport, call: Call) -> bytes:
    reply = await transport.send(call)
    return b"".join([read async for read in reply.reads()])


async def collect(reads: AsyncIterator[bytes]) -> bytes:
    return b"".join([read async for read in reads])


async def failure(transport: Transport, call: Call) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await body_of(transport, call)
    assert caught.value.failure.scope is Scope.ENDPOINT
    return caught.value
