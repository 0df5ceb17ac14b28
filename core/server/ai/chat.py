"""The routes that chat by OpenAI's protocol: chat completions, and the older completions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from msgspec import structs

from core.dialects.media import data_url
from core.dialects.openai import chat, completions
from core.dialects.openai.choices import ChoicesReply
from core.dialects.openai.reply import ChatReply
from core.domain.content import Role, Text, text_of
from core.domain.events import (
    Answer,
    Batch,
    Finished,
    JobEvent,
    Made,
    NotMade,
    PartClosed,
    PartOpened,
    Started,
)
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Decoded
from core.domain.requests import ChatRequest, ImageRequest
from core.domain.streams import closing
from core.services import Generation, Studio

from .. import streaming
from ..asgi import Headers
from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from .merging import merged
from .serving import answer_chat, answered_by, caller, read_json, side_by_side

FAMILY: Final = "openai"
PAINTERS: Final = re.compile(r"image|dall-e|midjourney", re.IGNORECASE)
"""Names of models of others that make pictures: whoever chats with one wants a picture of what is said."""


def routes(generation: Generation, studio: Studio) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    handlers = Chat(generation, studio)
    return {
        "/v1/chat/completions": {"POST": Route(handlers.chat)},
        "/v1/completions": {"POST": Route(handlers.completions)},
    }


class Chat:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation, studio: Studio) -> None:
        self._generation, self._studio = generation, studio

    async def chat(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/chat/completions`"""
        number, created = exchange.id.removeprefix("req_"), int(exchange.clock.now())
        decoded = await read_json(exchange, lambda body: chat.decode(body, f"chatcmpl-{number}", created))
        request, reply = decoded.request, decoded.reply
        if await self._paints(request.model):
            painted = ChatReply(f"chatcmpl-img-{number}", request.model, created)
            await self._paint(exchange, watch, request, painted, decoded.stream)
        elif request.n == 1:
            await answer_chat(exchange, watch, self._generation, decoded, FAMILY)
        elif isinstance(reply, ChoicesReply):
            await self._choices(exchange, watch, request, reply)
        else:
            async with watch:
                answers = await side_by_side(self._generation, request, exchange, FAMILY)
            assert isinstance(reply, ChatReply)
            await exchange.json(reply.bodies(answers), answered_by(answers[0].started, exchange))

    async def _choices(
        self, exchange: Exchange, watch: Watch, request: ChatRequest, reply: ChoicesReply
    ) -> None:
        """Several answers at the same time, their chunks mixed."""
        one = structs.replace(request, n=1)
        streams = [
            self._generation.stream(
                one, caller(exchange, FAMILY, stream=True, suffix=f".{index}" if index else "")
            )
            for index in range(request.n)
        ]

        def headers(started: Started | None) -> Headers:
            return answered_by(started, exchange, "first")

        heartbeat_s = exchange.settings.heartbeat_s
        await streaming.stream(exchange, watch, merged(streams), reply, headers, heartbeat_s)

    async def _paints(self, model: str) -> bool:
        """Whether a model is one of others' that make pictures, and none that accounts here offer."""
        if "gemini" in model or not PAINTERS.search(model):
            return False
        return all(known.id != model for known in await self._generation.models())

    async def _paint(
        self, exchange: Exchange, watch: Watch, request: ChatRequest, reply: ChatReply, stream: bool
    ) -> None:
        """Answer with a picture of the last thing the user said."""
        said = next((turn for turn in reversed(request.turns) if turn.role is Role.USER), request.turns[-1])
        order = ImageRequest(text_of(said.parts), image=request.image)
        async with watch:
            made = await _first(self._studio.make(order, caller(exchange, FAMILY, stream=stream)))
        text = Text(f"![Generated Image]({data_url(made.media)})")
        headers = answered_by(made.started, exchange, "first" if stream else "total")
        if not stream:
            answer = Answer(made.started or Started(model=""), (text,), made.usage)
            await exchange.json(reply.body(answer), headers)
            return
        batch: Batch = [PartOpened(text), PartClosed(), Finished()]
        await exchange.start(200, [("content-type", reply.content_type), *streaming.HEADERS, *headers])
        await exchange.finish(reply.frames(batch))

    async def completions(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/completions`"""
        reply_id, created = f"cmpl-{exchange.id.removeprefix('req_')}", int(exchange.clock.now())
        decoded: Decoded = await read_json(exchange, lambda body: completions.decode(body, reply_id, created))
        await answer_chat(exchange, watch, self._generation, decoded, FAMILY)


async def _first(events: AsyncIterator[JobEvent]) -> Made:
    """The one picture that was asked for. Raises GatewayError if there is none."""
    failure = Failure(Kind.UPSTREAM, "No picture was made.")
    async with closing(events):
        async for event in events:
            if isinstance(event, Made):
                return event
            if isinstance(event, NotMade):
                failure = event.failure
    raise GatewayError(failure)
