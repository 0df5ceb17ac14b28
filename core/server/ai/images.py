"""The routes that make and edit pictures by OpenAI's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec import structs

from core.dialects.openai import images
from core.dialects.openai.image_reply import (
    ImageReply,
    Picture,
    output_format,
    pieces,
    quality_word,
    usage_object,
    verdict,
)
from core.dialects.openai.images import ImageOrder
from core.domain.content import Base64Text, Media
from core.domain.events import JobEvent, Made, NotMade, Partial, Usage
from core.domain.failure import Failure, GatewayError
from core.domain.streams import closing
from core.services import Studio
from core.studio.sizes import pixels
from core.wire.picture_bytes import base64_of, raw_bytes

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from ..files import PictureLinks
from ..multipart import is_form, read_form
from .serving import answer_batches, answered_by, caller, read_json

FAMILY: Final = "openai"


def routes(studio: Studio, links: PictureLinks) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    handlers = Images(studio, links)
    return {
        "/v1/images/generations": {"POST": Route(handlers.generations)},
        "/v1/images/edits": {"POST": Route(handlers.edits)},
    }


class Images:
    """The handlers, over the services they need."""

    def __init__(self, studio: Studio, links: PictureLinks) -> None:
        self._studio, self._links = studio, links

    async def generations(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/images/generations`"""
        await self._serve(exchange, watch, await read_json(exchange, images.decode))

    async def edits(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/images/edits`"""
        if is_form(exchange):
            order = images.decode_edit_form(await read_form(exchange))
        else:
            order = await read_json(exchange, images.decode_edit)
        references = tuple([await _as_base64(media) for media in order.request.references])
        order = structs.replace(order, request=structs.replace(order.request, references=references))
        await self._serve(exchange, watch, order)

    async def _serve(self, exchange: Exchange, watch: Watch, order: ImageOrder) -> None:
        events = self._studio.make(order.request, caller(exchange, FAMILY, stream=order.stream))
        created = int(exchange.clock.now())
        if order.stream:
            reply = ImageReply(created, order, _size(order))
            await answer_batches(exchange, watch, self._batches(events, order, exchange, reply), reply)
            return
        async with watch:
            made = await _made(events)
            pictures = [await self._picture(one, order, exchange) for one in made]
        written = pieces(pictures, created, _facts(made, order))
        await exchange.json_pieces(written, answered_by(made[0].started, exchange))

    async def _batches(
        self, events: AsyncIterator[JobEvent], order: ImageOrder, exchange: Exchange, reply: ImageReply
    ) -> AsyncIterator[list[object]]:
        """Previews and pictures as they come, each after who made it. Raises GatewayError for no picture."""
        failures: list[Failure] = []
        made = 0
        async with closing(events):
            async for event in events:
                if isinstance(event, NotMade):
                    failures.append(event.failure)
                if not isinstance(event, Partial | Made):
                    continue
                if isinstance(event, Made):
                    made += 1
                    reply.sizes[event.index] = _size(order, event)
                    if order.form == "url":
                        reply.links[event.index] = await self._link(event, exchange)
                ready = structs.replace(event, media=await _as_base64(event.media))
                yield [event.started, ready] if event.started else [ready]
        if not made:
            raise GatewayError(verdict(failures))

    async def _picture(self, made: Made, order: ImageOrder, exchange: Exchange) -> Picture:
        if order.form == "url":
            return Picture(url=await self._link(made, exchange))
        return Picture(b64_json=await base64_of(made.media))

    async def _link(self, made: Made, exchange: Exchange) -> str:
        """A link on this server to a picture: to the library's file, or to bytes that are kept for it."""
        if made.asset is not None:
            path = self._links.to_file(made.asset.path)
        else:
            path = self._links.to_bytes(await raw_bytes(made.media))
        return f"{exchange.scheme}://{exchange.header(b'host')}{path}"


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
    if not made:
        raise GatewayError(verdict(failures))
    return sorted(made, key=lambda one: one.index)


async def _as_base64(media: Media) -> Media:
    if not isinstance(media.data, bytes):
        return media
    return structs.replace(media, data=Base64Text(await base64_of(media)))


def _size(order: ImageOrder, made: Made | None = None) -> str:
    """What a picture measures, as far as one knows: kept ones were looked at, others are as was asked."""
    if made is not None and made.asset is not None:
        return f"{made.asset.width}x{made.asset.height}"
    shape = order.request.image
    return "{}x{}".format(*pixels(shape.aspect, shape.size)) if shape.aspect else "auto"


def _facts(made: list[Made], order: ImageOrder) -> dict[str, Any]:
    """What an answer says besides its pictures."""
    used = Usage(sum(one.usage.input for one in made), sum(one.usage.output for one in made))
    facts: dict[str, Any] = {
        "output_format": output_format(made[0].media.mime),
        "usage": usage_object(used, order.request, len(made)),
    }
    if (size := _size(order, made[0])) != "auto":
        facts["size"] = size
    if (quality := quality_word(order.request.quality)) != "auto":
        facts["quality"] = quality
    return facts
