"""Cursor's route: `/cursor` is the base URL that it gets."""

from __future__ import annotations

from typing import Final

from core.dialects.cursor import request
from core.dialects.cursor.reply import mode_of
from core.dialects.openai.errors import error_body
from core.services import Generation

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Family, Route
from .serving import answer_chat, read_json

FAMILY: Final = "cursor"


def family(generation: Generation) -> Family:
    """What Cursor speaks, ready to be served."""
    return Family(FAMILY, {"/cursor/chat/completions": {"POST": Route(Cursor(generation).chat)}}, error_body)


class Cursor:
    """The handler, over the service it needs."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def chat(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /cursor/chat/completions`"""
        reply_id, created = f"chatcmpl-{exchange.id.removeprefix('req_')}", int(exchange.clock.now())
        settings = exchange.settings
        mode = mode_of(settings.cursor_reasoning, settings.cursor_reasoning_default)
        decoded, shape = await read_json(exchange, lambda body: request.decode(body, reply_id, created, mode))
        exchange.headers.append(("x-cursor-payload-kind", shape))
        await answer_chat(exchange, watch, self._generation, decoded, FAMILY)
