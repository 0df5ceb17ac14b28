"""The routes that chat by OpenAI's protocol."""

from __future__ import annotations

from typing import Final

from core.dialects.openai import chat
from core.dialects.openai.reply import ChatReply
from core.domain.failure import GatewayError, Kind
from core.services import Generation

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from .serving import answer_chat, answered_by, read_json, side_by_side

FAMILY: Final = "openai"


def routes(generation: Generation) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    return {"/v1/chat/completions": {"POST": Route(Chat(generation).chat)}}


class Chat:
    """The handlers, over the service they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

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
