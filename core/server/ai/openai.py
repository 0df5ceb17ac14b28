"""The OpenAI routes: chat completions, images, models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from msgspec import structs

from core.dialects.openai import chat, images, models
from core.dialects.openai.errors import error_body
from core.dialects.openai.images import ImageOrder, Picture
from core.dialects.openai.reply import ChatReply
from core.domain.events import Answer, JobEvent, Made, NotMade, Started
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import Caller, ChatRequest
from core.domain.streams import closing
from core.redact import mask_email
from core.services import Generation, Studio
from core.wire.picture_bytes import base64_of, raw_bytes

from .. import guard, streaming
from ..asgi import Headers
from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from ..files import PictureLinks

FAMILY: Final = "openai"
MODELS: Final = "/v1/models/"
LARGE: Final = 256 * 1024
"""Bodies above this are decoded in a thread, which leaves the loop its turns between two steps."""

_SAME_KIND: Final = ((Kind.QUOTA, Kind.RATE), (Kind.CAPACITY, Kind.UNAVAILABLE))


def family(generation: Generation, studio: Studio, links: PictureLinks) -> Family:
    """The OpenAI protocol, ready to be served."""
    handlers = OpenAI(generation, studio, links)
    routes = {
        "/v1/chat/completions": {"POST": Route(handlers.chat)},
        "/v1/images/generations": {"POST": Route(handlers.images)},
        "/v1/models": {"GET": Route(handlers.models)},
        MODELS: {"GET": Route(handlers.model)},
    }
    return Family(FAMILY, routes, error_body)


class OpenAI:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation, studio: Studio, links: PictureLinks) -> None:
        self._generation, self._studio, self._links = generation, studio, links

    async def chat(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/chat/completions`"""
        guard.check_json(exchange)
        body = await exchange.body()
        reply_id, created = f"chatcmpl-{exchange.id.removeprefix('req_')}", int(exchange.clock.now())
        if len(body) > LARGE:
            decoded = await asyncio.to_thread(chat.decode, body, reply_id, created)
        else:
            decoded = chat.decode(body, reply_id, created)
        del body
        began = asyncio.get_running_loop().time()
        if decoded.stream:
            if decoded.request.n != 1:
                raise GatewayError.of(
                    Kind.BAD_REQUEST,
                    "`n` has to be 1 together with `stream`: ask several times, or without `stream`.",
                    params={"param": "n"},
                )
            batches = self._generation.stream(decoded.request, caller(exchange, stream=True))

            def headers(started: Started | None) -> Headers:
                return answered_by(started, began)

            heartbeat_s = exchange.settings.heartbeat_s
            await streaming.stream(exchange, watch, batches, decoded.reply, headers, heartbeat_s)
            return
        async with watch:
            answers = await self._answers(decoded.request, exchange)
        reply = decoded.reply
        assert isinstance(reply, ChatReply)
        await exchange.json(reply.bodies(answers), answered_by(answers[0].started, began))

    async def _answers(self, request: ChatRequest, exchange: Exchange) -> list[Answer]:
        """`n` answers side by side, each a generation and a row of its own."""
        if request.n == 1:
            return [await self._generation.answer(request, caller(exchange))]
        one = structs.replace(request, n=1)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        self._generation.answer(one, caller(exchange, suffix=f".{index}" if index else ""))
                    )
                    for index in range(request.n)
                ]
        except* GatewayError as failed:
            first = failed.exceptions[0]
            while isinstance(first, ExceptionGroup):
                first = first.exceptions[0]
            raise first from None
        return [task.result() for task in tasks]

    async def images(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/images/generations`"""
        guard.check_json(exchange)
        body = await exchange.body()
        order = await asyncio.to_thread(images.decode, body) if len(body) > LARGE else images.decode(body)
        del body
        began = asyncio.get_running_loop().time()
        async with watch:
            made = await self._made(self._studio.make(order.request, caller(exchange)))
            pictures = [await self._picture(one, order, exchange) for one in made]
        pieces = images.pieces(pictures, int(exchange.clock.now()))
        await exchange.json_pieces(pieces, answered_by(made[0].started, began))

    @staticmethod
    async def _made(events: AsyncIterator[JobEvent]) -> list[Made]:
        """The pictures in order. Raises the most telling failure if there is none."""
        made: list[Made] = []
        failures: list[Failure] = []
        async with closing(events):
            async for event in events:
                if isinstance(event, Made):
                    made.append(event)
                elif isinstance(event, NotMade):
                    failures.append(event.failure)
        if made:
            return sorted(made, key=lambda one: one.index)
        for kinds in _SAME_KIND:
            for failure in failures:
                if failure.kind in kinds:
                    raise GatewayError(failure)
        raise GatewayError(failures[0] if failures else Failure(Kind.UPSTREAM, "No picture was made."))

    async def _picture(self, made: Made, order: ImageOrder, exchange: Exchange) -> Picture:
        if order.form == "url":
            if made.asset is not None:
                path = self._links.to_file(made.asset.path)
            else:
                path = self._links.to_bytes(await raw_bytes(made.media))
            return Picture(url=f"{exchange.scheme}://{exchange.header(b'host')}{path}")
        return Picture(b64_json=await base64_of(made.media))

    async def models(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models`"""
        await exchange.json(models.list_body(await self._generation.models()))

    async def model(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models/{id}`"""
        wanted = exchange.path.removeprefix(MODELS)
        for known in await self._generation.models():
            if known.id == wanted:
                await exchange.json(models.model_body(known))
                return
        raise GatewayError.of(
            Kind.NOT_FOUND,
            f"There is no model called `{wanted:.80}`; /v1/models lists those there are.",
            params={"param": "model", "code": "model_not_found"},
        )


def caller(exchange: Exchange, *, stream: bool = False, suffix: str = "") -> Caller:
    """Who asks, as the gateway writes it down."""
    agent = exchange.header(b"user-agent")[:80]
    return Caller(exchange.id + suffix, FAMILY, agent, exchange.key, exchange.path, stream)


def answered_by(started: Started | None, began: float) -> Headers:
    """Headers that tell which account and model answered, what was left out, and when."""
    elapsed = (asyncio.get_running_loop().time() - began) * 1000
    timing = ("server-timing", f"first;dur={elapsed:.1f}")
    if started is None:
        return [timing]
    headers = [
        ("x-agtui-account", mask_email(started.account)),
        ("x-account-email", started.account),
        ("x-mapped-model", started.model),
        timing,
    ]
    if started.dropped:
        headers.append(("x-agtui-dropped", ", ".join(started.dropped)))
    return headers
