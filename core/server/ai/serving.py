"""What the handlers of every protocol do alike: read a body, ask, and write the answer with its headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Literal, TypeVar

from msgspec import structs

from core.domain.events import Answer, Started
from core.domain.failure import GatewayError
from core.domain.ports import Decoded, Reply
from core.domain.requests import Caller, ChatRequest
from core.redact import mask_email
from core.services import Generation

from .. import guard, streaming
from ..asgi import Headers
from ..disconnect import Watch
from ..exchange import Exchange

T = TypeVar("T")

LARGE: Final = 256 * 1024
"""Bodies above this are decoded in a thread, which leaves the loop its turns between two steps."""


async def read_json(exchange: Exchange, decode: Callable[[bytes], T]) -> T:
    """The request's JSON body as `decode` understands it. Raises GatewayError for what it can't."""
    guard.check_json(exchange)
    body = await exchange.body()
    return await asyncio.to_thread(decode, body) if len(body) > LARGE else decode(body)


async def answer_chat(
    exchange: Exchange, watch: Watch, generation: Generation, decoded: Decoded, family: str
) -> None:
    """Ask what a client wrote and answer in its language: as a stream, or whole."""
    if decoded.stream:
        batches = generation.stream(decoded.request, caller(exchange, family, stream=True))
        await answer_batches(exchange, watch, batches, decoded.reply)
        return
    async with watch:
        answer = await generation.answer(decoded.request, caller(exchange, family))
    await exchange.json(decoded.reply.body(answer), answered_by(answer.started, exchange))


async def answer_batches(
    exchange: Exchange, watch: Watch, batches: AsyncIterator[Sequence[object]], reply: Reply
) -> None:
    """Write an answer as it comes, with headers that tell who gives it."""

    def headers(started: Started | None) -> Headers:
        return answered_by(started, exchange, "first")

    await streaming.stream(exchange, watch, batches, reply, headers, exchange.settings.heartbeat_s)


async def side_by_side(
    generation: Generation, request: ChatRequest, exchange: Exchange, family: str
) -> list[Answer]:
    """`request.n` answers at the same time, each a generation and a row of its own."""
    one = structs.replace(request, n=1)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    generation.answer(one, caller(exchange, family, suffix=f".{index}" if index else ""))
                )
                for index in range(request.n)
            ]
    except* GatewayError as failed:
        first = failed.exceptions[0]
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [task.result() for task in tasks]


def caller(exchange: Exchange, family: str, *, stream: bool = False, suffix: str = "") -> Caller:
    """Who asks, as the gateway writes it down."""
    agent = exchange.header(b"user-agent")[:80]
    request_id = exchange.id + suffix
    return Caller(request_id, family, agent, exchange.key, exchange.path, stream, replays=exchange.replays)


def answered_by(
    started: Started | None, exchange: Exchange, until: Literal["total", "first"] = "total"
) -> Headers:
    """Headers that tell which account and model answered, what was left out, and how long it took.

    `until` is what there is to time: the whole answer, or a stream up to its first byte.
    """
    elapsed = f"{until};dur={exchange.elapsed_ms:.1f}"
    if started is None:
        return [("server-timing", elapsed)]
    timing = f"queue;dur={started.queue_ms:.1f}, upstream;dur={started.upstream_ms:.1f}, {elapsed}"
    headers = [
        ("x-agtui-account", mask_email(started.account)),
        ("x-account-email", started.account),
        ("x-mapped-model", started.model),
        ("server-timing", timing),
    ]
    if started.dropped:
        headers.append(("x-agtui-dropped", ", ".join(started.dropped)))
    return headers
