"""The routes that make pictures by OpenAI's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from core.dialects.openai import images
from core.dialects.openai.images import ImageOrder, Picture
from core.domain.events import JobEvent, Made, NotMade
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.streams import closing
from core.services import Studio
from core.wire.picture_bytes import base64_of, raw_bytes

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from ..files import PictureLinks
from .serving import answered_by, caller, read_json

FAMILY: Final = "openai"

_SAME_KIND: Final = ((Kind.QUOTA, Kind.RATE), (Kind.CAPACITY, Kind.UNAVAILABLE))


def routes(studio: Studio, links: PictureLinks) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    handlers = Images(studio, links)
    return {"/v1/images/generations": {"POST": Route(handlers.images)}}


class Images:
    """The handlers, over the services they need."""

    def __init__(self, studio: Studio, links: PictureLinks) -> None:
        self._studio, self._links = studio, links

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
