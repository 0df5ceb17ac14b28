"""OpenAI's family: its models here, and the routes of its other modules."""

from __future__ import annotations

from typing import Final

from core.dialects.openai import models
from core.dialects.openai.errors import error_body
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock
from core.services import Generation, Studio

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from ..files import PictureLinks
from . import chat, images, responses

FAMILY: Final = "openai"
MODELS: Final = "/v1/models/"


def family(generation: Generation, studio: Studio, links: PictureLinks, clock: Clock) -> Family:
    """The OpenAI protocol, ready to be served."""
    handlers = Models(generation)
    routes = {
        **chat.routes(generation, studio),
        **responses.routes(generation, clock),
        **images.routes(studio, links),
        "/v1/models": {"GET": Route(handlers.models)},
        MODELS: {"GET": Route(handlers.model)},
    }
    return Family(FAMILY, routes, error_body)


class Models:
    """The handlers, over the service they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def models(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models`"""
        await exchange.json(models.list_body(await self._generation.models(exchange.key)))

    async def model(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models/{id}`"""
        wanted = exchange.path.removeprefix(MODELS)
        for known in await self._generation.models(exchange.key):
            if known.id == wanted:
                await exchange.json(models.model_body(known))
                return
        raise GatewayError.of(
            Kind.NOT_FOUND,
            f"There is no model called `{wanted:.80}`; /v1/models lists those there are.",
            params={"param": "model", "code": "model_not_found"},
        )
