"""The route that writes down recordings, by OpenAI's protocol."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from core.dialects.openai import audio
from core.domain.content import Base64Text, Media, Turn, with_media
from core.domain.failure import GatewayError, Kind
from core.services import Generation
from core.wire.picture_bytes import base64_of

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from ..multipart import read_form
from .serving import answer_batches, answered_by, caller

FAMILY: Final = "openai"
UPSTREAM: Final = frozenset({Kind.UPSTREAM, Kind.TIMEOUT, Kind.CAPACITY, Kind.UNAVAILABLE, Kind.INTERNAL})
"""What is told as 502 once somebody was asked. Source: Antigravity Tools, audio."""


def routes(generation: Generation) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    return {"/v1/audio/transcriptions": {"POST": Route(Audio(generation).transcriptions)}}


class Audio:
    """The handlers, over the service they need."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def transcriptions(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/audio/transcriptions`"""
        form = await read_form(exchange, audio.MOST_BYTES)
        order = audio.decode(form, exchange.settings.transcription_model)
        request = structs.replace(order.request, turns=await _encoded(order.request.turns))
        reply = audio.TranscriptReply(order.form)
        who = caller(exchange, FAMILY, stream=order.stream)
        try:
            if order.stream:
                await answer_batches(exchange, watch, self._generation.stream(request, who), reply)
                return
            async with watch:
                answer = await self._generation.answer(request, who)
            body = reply.body(answer)
        except GatewayError as error:
            raise _told(error) from error
        headers = [("content-type", reply.body_type), *answered_by(answer.started, exchange)]
        await exchange.respond(200, headers, body)


async def _encoded(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns with recordings as base64, made beside the loop."""
    encoded = {
        id(part): await base64_of(part) for turn in turns for part in turn.parts if isinstance(part, Media)
    }
    return with_media(turns, lambda media: structs.replace(media, data=Base64Text(encoded[id(media)])))


def _told(error: GatewayError) -> GatewayError:
    """An account that was asked in vain makes it a 502; that there is none to ask stays a 503."""
    failure = error.failure
    if failure.kind not in UPSTREAM or "email" not in failure.params:
        return error
    return GatewayError(structs.replace(failure, params=failure.params | {"status": "502"}))
