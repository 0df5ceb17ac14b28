"""Gemini's routes: `/v1beta/models…`, and the same under `/v1`, where Google's newer clients look."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from core.dialects.gemini import models, request
from core.dialects.gemini.errors import error_body
from core.dialects.gemini.reply import GeminiReply
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Decoded
from core.services import Generation

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from .listing import listed
from .serving import answer_chat, answered_by, caller, read_json, side_by_side

FAMILY: Final = "gemini"
LISTS: Final = ("/v1beta/models", "/v1/models")
COUNT: Final = "/countTokens"
VERBS: Final = ("generateContent", "streamGenerateContent", "countTokens")


def family(generation: Generation) -> Family:
    """The Gemini protocol, ready to be served."""
    handlers = Gemini(generation)
    routes: dict[str, dict[str, Route]] = {}
    for path in LISTS:
        routes[path] = {"GET": Route(handlers.models)}
        routes[path + "/"] = {"GET": Route(handlers.model), "POST": Route(handlers.call)}
    routes["/v1beta/interactions"] = {"POST": Route(handlers.interactions)}
    return Family(FAMILY, routes, error_body, claims, home=("/v1beta/",))


def claims(exchange: Exchange) -> bool:
    """Under `/v1/models`, where others ask too, what carries Google's header or calls a model."""
    return (
        exchange.path.startswith("/v1beta")
        or (exchange.method == "POST" and exchange.path.startswith("/v1/models/"))
        or bool(exchange.header(b"x-goog-api-key"))
    )


class Gemini:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def models(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1beta/models`"""
        await exchange.json(models.list_body(await listed(self._generation, exchange)))

    async def model(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1beta/models/{model}`"""
        body = models.model_body(await self._generation.models(exchange.key, names=True), _named(exchange))
        await exchange.json(body)

    async def call(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1beta/models/{model}:{verb}`"""
        model, verb = _split(_named(exchange))
        match verb:
            case "generateContent" | "streamGenerateContent":
                await self._generate(exchange, watch, model, stream=verb != VERBS[0])
            case "countTokens":
                await self._count(exchange, watch, model)
            case _:
                raise GatewayError.of(
                    Kind.BAD_REQUEST,
                    f"Unsupported method: {verb:.40}. There are {', '.join(VERBS)}.",
                )

    async def _generate(self, exchange: Exchange, watch: Watch, model: str, *, stream: bool) -> None:
        asked = await read_json(exchange, lambda body: request.decode(body, model))
        array = stream and parse_qs(exchange.query.decode("latin-1")).get("alt") != ["sse"]
        reply = GeminiReply(exchange.id.removeprefix("req_"), model, array=array)
        if asked.n == 1:
            decoded = Decoded(asked, reply, stream)
            await answer_chat(exchange, watch, self._generation, decoded, FAMILY)
            return
        if stream:
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                "`generationConfig.candidateCount` has to be 1 for a stream: ask several times, "
                "or with generateContent.",
            )
        async with watch:
            answers = await side_by_side(self._generation, asked, exchange, FAMILY)
        await exchange.json(reply.bodies(answers), answered_by(answers[0].started, exchange))

    async def _count(self, exchange: Exchange, watch: Watch, model: str) -> None:
        asked = await read_json(exchange, lambda body: request.decode_count(body, model))
        async with watch:
            count = await self._generation.count_tokens(asked, caller(exchange, FAMILY))
        await exchange.json(b'{"totalTokens":%d}' % count)

    async def interactions(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1beta/interactions`"""
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            "The Interactions API is not served here. Use models.generateContent instead.",
            params={"status": "501"},
        )


def _named(exchange: Exchange) -> str:
    """What stands after `/models/`, without the prefix that some clients repeat."""
    return exchange.path.partition("/models/")[2].removeprefix("models/")


def _split(named: str) -> tuple[str, str]:
    """Model and verb; they share a path segment and the last colon parts them. No verb: generateContent."""
    if named.endswith(COUNT):
        return named.removesuffix(COUNT), VERBS[2]
    model, colon, verb = named.rpartition(":")
    return (model, verb) if colon else (named, VERBS[0])
