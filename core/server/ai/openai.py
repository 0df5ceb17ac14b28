"""The OpenAI routes: chat completions, images, models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from core.dialects.openai import chat, images, models
from core.dialects.openai.errors import error_body
from core.dialects.openai.images import ImageOrder, Picture
from core.dialects.openai.reply import ChatReply
from core.domain.events import JobEvent, Made, NotMade
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Clock
from core.domain.streams import closing
from core.services import Generation, Studio
from core.wire.picture_bytes import base64_of, raw_bytes

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from ..files import PictureLinks
from . import responses
from .serving import answer_chat, answered_by, caller, read_json, side_by_side

FAMILY: Final = "openai"
MODELS: Final = "/v1/models/"

_SAME_KIND: Final = ((Kind.QUOTA, Kind.RATE), (Kind.CAPACITY, Kind.UNAVAILABLE))


def family(generation: Generation, studio: Studio, links: PictureLinks, clock: Clock) -> Family:
    """The OpenAI protocol, ready to be served."""
    handlers = OpenAI(generation, studio, links)
    routes = {
        "/v1/chat/completions": {"POST": Route(handlers.chat)},
        "/v1/images/generations": {"POST": Route(handlers.images)},
        "/v1/models": {"GET": Route(handlers.models)},
        MODELS: {"GET": Route(handlers.model)},
        **responses.routes(generation, clock),
    }
    return Family(FAMILY, routes, error_body)


class OpenAI:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation, studio: Studio, links: PictureLinks) -> None:
        self._generation, self._studio, self._links = generation, studio, links

    async def chat(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/chat/completions`"""
        reply_id, created = f"chatcmpl-{exchange.id.removeprefix('req_')}", int(exchange.clock.now())
        decoded = await read_json(exchange, lambda body: chat.decode(body, reply_id, created))
        if decoded.request.n == 1:
            await answer_chat(exchange, watch, self._generation, decoded, FAMILY)
            return
        if decoded.stream:
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                "`n` has to be 1 together with `stream`: ask several times, or without `stream`.",
                params={"param": "n"},
            )
        async with watch:
            answers = await side_by_side(self._generation, decoded.request, exchange, FAMILY)
        reply = decoded.reply
        assert isinstance(reply, ChatReply)
        await exchange.json(reply.bodies(answers), answered_by(answers[0].started, exchange))

    async def images(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/images/generations`"""
        order = await read_json(exchange, images.decode)
        async with watch:
            made = await self._made(self._studio.make(order.request, caller(exchange, FAMILY)))
            pictures = [await self._picture(one, order, exchange) for one in made]
        pieces = images.pieces(pictures, int(exchange.clock.now()))
        await exchange.json_pieces(pieces, answered_by(made[0].started, exchange))

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
