"""The routes of OpenAI's Responses: make one, look at it again, forget it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from core.dialects.responses import request
from core.dialects.responses.reply import ResponseReply
from core.dialects.responses.request import Asked
from core.domain.content import Role, Turn
from core.domain.events import Answer, Batch
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock
from core.domain.requests import ChatRequest
from core.domain.streams import Collector, closing
from core.gateway.stored import Stored, StoredAnswers
from core.services import Generation

from ..disconnect import Watch
from ..exchange import Exchange
from ..family import Route
from .serving import answer_batches, answered_by, caller, read_json

FAMILY: Final = "openai"
PATHS: Final = ("/v1/responses", "/responses")
ONE: Final = "/v1/responses/"


def routes(generation: Generation, clock: Clock) -> dict[str, dict[str, Route]]:
    """The routes that belong to the OpenAI family."""
    handlers = Responses(generation, StoredAnswers(clock))
    made = {path: {"POST": Route(handlers.make), "GET": Route(handlers.socket)} for path in PATHS}
    return {**made, ONE: {"GET": Route(handlers.get), "DELETE": Route(handlers.delete)}}


class Responses:
    """The handlers, over the services they need."""

    def __init__(self, generation: Generation, stored: StoredAnswers) -> None:
        self._generation, self._stored = generation, stored

    async def make(self, exchange: Exchange, watch: Watch) -> None:
        """`POST /v1/responses`"""
        asked = await read_json(exchange, request.decode)
        chat, size = self._continued(asked, exchange, exchange.body_bytes)
        reply = ResponseReply(
            f"resp_{exchange.id.removeprefix('req_')}",
            chat.model,
            int(exchange.clock.now()),
            asked.echo,
            asked.spaces,
            sources=chat.output.kind == "text",
        )
        keeping = _Keeping(self._stored, reply, exchange.key, chat, size) if asked.stored else None
        if asked.stream:
            batches = self._generation.stream(chat, caller(exchange, FAMILY, stream=True))
            batches = keeping.passing(batches) if keeping else batches
            await answer_batches(exchange, watch, batches, reply)
            return
        async with watch:
            answer = await self._generation.answer(chat, caller(exchange, FAMILY))
        body = reply.body(answer)
        if keeping:
            keeping.keep(answer, body)
        await exchange.json(body, answered_by(answer.started, exchange))

    def _continued(self, asked: Asked, exchange: Exchange, size: int) -> tuple[ChatRequest, int]:
        """The request with what came before it, and the bytes that all of it takes."""
        if not asked.previous:
            return asked.request, size
        before = self._stored.find(asked.previous, exchange.key)
        if before is None:
            raise GatewayError.of(
                Kind.NOT_FOUND,
                f"There is no response `{asked.previous:.60}` (any more): answers are kept for an hour. "
                "Send the whole conversation as `input`.",
                params={"param": "previous_response_id", "code": "previous_response_not_found"},
            )
        return request.continued(asked.request, before.request, before.answered), size + before.size

    async def get(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/responses/{id}`"""
        found = self._stored.find(exchange.path.removeprefix(ONE), exchange.key)
        if found is None:
            raise _unknown(exchange)
        await exchange.json(found.body)

    async def delete(self, exchange: Exchange, watch: Watch) -> None:
        """`DELETE /v1/responses/{id}`"""
        wanted = exchange.path.removeprefix(ONE)
        if not self._stored.forget(wanted, exchange.key):
            raise _unknown(exchange)
        await exchange.json(msgspec.json.encode({"id": wanted, "object": "response", "deleted": True}))

    async def socket(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /v1/responses`: Codex asks for a WebSocket first, and goes on by POST when it reads 426."""
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            "Responses are not served over WebSockets. Use POST.",
            params={"status": "426", "code": "websocket_not_supported"},
        )


class _Keeping:
    """Keeps an answer once it is whole; one that failed or was given up is not kept."""

    def __init__(
        self, stored: StoredAnswers, reply: ResponseReply, owner: str, chat: ChatRequest, size: int
    ) -> None:
        self._stored, self._reply, self._owner = stored, reply, owner
        self._chat, self._size = chat, size

    def keep(self, answer: Answer, body: bytes) -> None:
        turn = Turn(Role.MODEL, answer.parts)
        self._stored.keep(
            self._reply.id, self._owner, Stored(self._chat, turn, body, self._size + 2 * len(body))
        )

    async def passing(self, batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
        """The same batches; the answer is kept before its ending goes out, for the next request may follow
        at once."""
        collector = Collector()
        async with closing(batches):
            async for batch in batches:
                collector.feed(batch)
                if collector.finish is not None:
                    answer = collector.answer()
                    self.keep(answer, self._reply.body(answer))
                yield batch


def _unknown(exchange: Exchange) -> GatewayError:
    wanted = exchange.path.removeprefix(ONE)
    return GatewayError.of(
        Kind.NOT_FOUND, f"There is no response `{wanted:.60}` (any more): answers are kept for an hour."
    )
