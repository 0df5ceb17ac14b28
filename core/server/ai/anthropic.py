"""Anthropic's routes: messages, their tokens, models, and the reports that Claude Code sends home."""

from __future__ import annotations

import logging
from typing import Final

from core.dialects.anthropic import local, models, request
from core.dialects.anthropic.errors import error_body
from core.dialects.anthropic.reply import MessageReply
from core.dialects.anthropic.request import Asked
from core.dialects.limits import anthropic_headers
from core.domain.content import Text
from core.domain.events import Answer, Batch, Finished, PartClosed, PartOpened, Started, Usage, UsageSeen
from core.domain.ports import Decoded
from core.services import Generation

from .. import streaming
from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from .listing import listed, model_named
from .serving import answer_chat, answered_by, caller, read_json

log = logging.getLogger("agtui.server")

FAMILY: Final = "anthropic"
MODELS: Final = "/v1/models/"
BYTES_A_TOKEN: Final = 4
"""For the guess at a prompt's tokens that stands at the beginning of a stream."""

WARM: Final = Answer(Started(model=""), (Text("OK"),), Usage(1, 1))
REPORTS: Final = ("/v1/api/event_logging", "/v1/api/event_logging/batch", "/api/event_logging/batch")
"""Where Claude Code reports what it does. Nobody reads that here, and nothing leaves."""

PURIFIED: Final = ("x-context-purified", "false")
"""Says that nothing was taken out of a conversation to make it fit (the compatible API's header)."""


def family(generation: Generation) -> Family:
    """The Anthropic protocol, ready to be served."""
    handlers = Anthropic(generation)
    routes = {
        "/v1/messages": {"POST": Route(handlers.messages)},
        "/v1/messages/count_tokens": {"POST": Route(handlers.count_tokens)},
        "/v1/models": {"GET": Route(handlers.models)},
        "/v1/models/claude": {"GET": Route(handlers.models)},
        MODELS: {"GET": Route(handlers.model)},
        **{path: {"POST": Route(handlers.report, recorded=False)} for path in REPORTS},
    }
    return Family(
        FAMILY,
        routes,
        error_body,
        claims,
        anthropic_headers,
        home=("/v1/messages/",),
        id_header="request-id",
    )


def claims(exchange: Exchange) -> bool:
    """Under `/v1/models`, which other protocols serve too, what names a version of this one."""
    return not exchange.path.startswith("/v1/models") or bool(exchange.header(b"anthropic-version"))


class Anthropic:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def messages(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/messages`"""
        exchange.headers.append(PURIFIED)
        asked = await read_json(exchange, request.decode)
        number = exchange.id.removeprefix("req_")
        reply = MessageReply(
            f"msg_{number}", asked.name, exchange.body_bytes // BYTES_A_TOKEN, asked.shows_thoughts
        )
        if local.is_warmup(asked.request) or local.is_probe(asked.request):
            await self._answer_here(exchange, asked, MessageReply(f"msg_warmup_{number}", asked.name, 1))
            return
        chat = asked.request
        if exchange.settings.downgrade_background and (kind := local.background(chat)):
            log.info("request %s (%s) goes to the background model: %s", exchange.id, chat.model, kind)
            chat = local.downgraded(chat)
        await answer_chat(exchange, watch, self._generation, Decoded(chat, reply, asked.stream), FAMILY)

    async def _answer_here(self, exchange: Exchange, asked: Asked, reply: MessageReply) -> None:
        """`OK`, without asking anybody."""
        timing = answered_by(None, exchange, "first" if asked.stream else "total")
        headers = [("x-warmup-intercepted", "true"), *timing]
        if not asked.stream:
            await exchange.json(reply.body(WARM), headers)
            return
        batch: Batch = [UsageSeen(WARM.usage), PartOpened(WARM.parts[0]), PartClosed(), Finished()]
        await exchange.start(200, [("content-type", reply.content_type), *streaming.HEADERS, *headers])
        await exchange.finish(reply.frames(batch))

    async def count_tokens(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/messages/count_tokens`"""
        asked = await read_json(exchange, request.decode)
        async with watch:
            count = await self._generation.count_tokens(asked.request, caller(exchange, FAMILY))
        await exchange.json(b'{"input_tokens":%d,"output_tokens":0}' % count)

    async def models(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models`"""
        await exchange.json(models.list_body(await listed(self._generation, exchange)))

    async def model(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/models/{id}`"""
        known = await model_named(self._generation, exchange, exchange.path.removeprefix(MODELS))
        await exchange.json(models.model_body(known))

    async def report(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/api/event_logging`: taken and forgotten."""
        await exchange.body()
        await exchange.respond(200, [])
