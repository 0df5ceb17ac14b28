"""OpenAI's family: its models here, and the routes of its other modules."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from core.dialects.openai import detect, models
from core.dialects.openai.codex import codex_models
from core.dialects.openai.errors import error_body
from core.domain.ports import Clock
from core.services import Generation, Studio

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from ..files import PictureLinks
from . import audio, chat, images, responses
from .listing import listed, model_named
from .serving import read_json

FAMILY: Final = "openai"
MODELS: Final = "/v1/models/"


def family(generation: Generation, studio: Studio, links: PictureLinks, clock: Clock) -> Family:
    """The OpenAI protocol, ready to be served."""
    handlers = Models(generation)
    routes = {
        **chat.routes(generation, studio),
        **responses.routes(generation, clock),
        **images.routes(studio, links),
        **audio.routes(generation),
        "/v1/models": {"GET": Route(handlers.models)},
        MODELS + "detect": {"POST": Route(handlers.detect)},
        MODELS: {"GET": Route(handlers.model)},
    }
    return Family(FAMILY, routes, error_body)


class Models:
    """The handlers, over the service they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def models(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models`"""
        offered = await listed(self._generation, exchange)
        codex = "client_version" in parse_qs(exchange.query.decode("latin-1"), keep_blank_values=True)
        await exchange.json(models.list_body(offered, codex_models(offered) if codex else None))

    async def model(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models/{id}`"""
        known = await model_named(self._generation, exchange, exchange.path.removeprefix(MODELS))
        await exchange.json(models.model_body(known))

    async def detect(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/models/detect`"""
        name = await read_json(exchange, detect.decode)
        meaning = await self._generation.meaning(detect.plain(name))
        await exchange.json(detect.body(name, meaning))
