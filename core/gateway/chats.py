"""Conversations that are kept: `services.Chats` over the library's shelf and the generations.

The user's turn is on disk before the first batch; what an answer has brought is kept however it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final, Literal, Protocol

from msgspec import structs

from core.config.settings import ChatSettings
from core.domain.content import Media, Role, Text, Turn
from core.domain.events import Batch, PartDelta, PartOpened
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Clock, Shelf
from core.domain.requests import Caller, ChatRequest, Thinking
from core.domain.streams import Collector, closing
from core.domain.works import Chat, ChatSummary, ChatTurn, Note

log = logging.getLogger("agtui.chats")

TITLE_LENGTH: Final = 60


class Answers(Protocol):
    """The part of `services.Generation` that chats need."""

    def stream(self, request: ChatRequest, caller: Caller) -> AsyncIterator[Batch]: ...


def title_of(text: str) -> str:
    """A title from the first words that were said, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    head = line[: TITLE_LENGTH - 1]
    return (head.rpartition(" ")[0] or head) + "…"


class ChatService:
    """Chats of the program's own doors. `new_id` makes an id that never repeats."""

    def __init__(
        self,
        shelf: Shelf,
        generation: Answers,
        clock: Clock,
        new_id: Callable[[], str],
        settings: Callable[[], ChatSettings] = ChatSettings,
        sandbox: Callable[[], bool] = lambda: False,
    ) -> None:
        self._shelf, self._generation = shelf, generation
        self._clock = clock
        self._new_id, self._settings, self._sandbox = new_id, settings, sandbox
        self._keeping: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Wait until every answer that somebody stopped reading is kept."""
        while self._keeping:
            await asyncio.gather(*self._keeping, return_exceptions=True)

    async def list(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        return await self._shelf.chats(text, limit)

    async def get(self, chat_id: str) -> Chat:
        return await self._shelf.chat(chat_id)

    async def create(self, model: str = "", title: str = "") -> Chat:
        now = self._clock.now()
        chat = Chat(self._new_id(), title, model or self._default_model(), now, now, sandbox=self._sandbox())
        await self._shelf.save_chat(chat)
        return chat

    def _default_model(self) -> str:
        settings = self._settings()
        return settings.sandbox_model if self._sandbox() else settings.model

    async def rename(self, chat_id: str, title: str) -> Chat:
        chat = structs.replace(await self._shelf.chat(chat_id), title=" ".join(title.split()))
        await self._shelf.save_chat(chat)
        return chat

    async def delete(self, chat_id: str) -> None:
        await self._shelf.trash_chat(chat_id)

    async def restore(self, chat_id: str) -> Chat:
        return await self._shelf.restore_chat(chat_id)

    def send(
        self,
        chat_id: str,
        text: str,
        model: str = "",
        attachments: tuple[Media, ...] = (),
        parent: str | None = None,
        search: bool = False,
    ) -> AsyncIterator[Batch]:
        return self._send(chat_id, text, model, attachments, parent, search)

    async def _send(
        self,
        chat_id: str,
        text: str,
        model: str,
        attachments: tuple[Media, ...],
        parent: str | None,
        search: bool,
    ) -> AsyncIterator[Batch]:
        chat = await self._shelf.chat(chat_id)
        if model and model != chat.model:
            chat = structs.replace(chat, model=model)
            await self._shelf.save_chat(chat)
        above = chat.head if parent is None else parent
        if above and all(turn.id != above for turn in chat.turns):
            raise GatewayError.of(Kind.NOT_FOUND, f"The chat has no turn {above}.")
        if not text.strip() and not attachments:
            raise GatewayError.of(Kind.BAD_REQUEST, "There is nothing to send yet.")
        words = (Text(text),) if text else ()
        turn = ChatTurn(self._new_id(), above, Role.USER, (*words, *attachments), self._clock.now())
        title = "" if chat.title else title_of(text)
        chat = await self._shelf.add_turn(chat_id, turn, title)
        async with closing(self._answer(chat, turn.id, model, search)) as batches:
            async for batch in batches:
                yield batch

    def again(
        self, chat_id: str, turn_id: str, model: str = "", search: bool = False
    ) -> AsyncIterator[Batch]:
        return self._again(chat_id, turn_id, model, search)

    async def _again(self, chat_id: str, turn_id: str, model: str, search: bool) -> AsyncIterator[Batch]:
        chat = await self._shelf.chat(chat_id)
        roles = {turn.id: turn.role for turn in chat.turns}
        turn = next((turn for turn in chat.turns if turn.id == turn_id), None)
        asked = turn_id if turn is None or turn.role is Role.USER else turn.parent
        if roles.get(asked) is not Role.USER:
            raise GatewayError.of(Kind.NOT_FOUND, f"The chat has no question {turn_id}.")
        async with closing(self._answer(chat, asked, model, search)) as batches:
            async for batch in batches:
                yield batch

    async def _answer(self, chat: Chat, asked: str, model: str, search: bool) -> AsyncIterator[Batch]:
        """Stream an answer to turn `asked` and keep it as that turn's child."""
        request = self._request(chat, asked, model or chat.model or self._default_model(), search)
        caller = Caller(self._new_id(), "tui", "chat", path="chat", stream=True)
        answer = _Answering(request.model, self._clock)
        state: Literal["complete", "stopped", "failed"] = "stopped"
        failure: Failure | None = None
        try:
            async with closing(self._generation.stream(request, caller)) as batches:
                async for batch in batches:
                    answer.take(batch)
                    if answer.collector.finish is not None:
                        state = "complete"
                    elif answer.collector.failure is not None:
                        state, failure = "failed", answer.collector.failure
                    yield batch
        except GatewayError as error:
            state, failure = "failed", error.failure
            raise
        finally:
            kept = answer.turn(self._new_id(), asked, state, failure)
            keeping = asyncio.create_task(self._keep(chat.id, kept))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)
            await asyncio.shield(keeping)

    async def _keep(self, chat_id: str, turn: ChatTurn) -> None:
        try:
            await self._shelf.add_turn(chat_id, turn)
        except GatewayError as error:
            log.warning("an answer could not be kept in chat %s: %s", chat_id, error)

    def _request(self, chat: Chat, asked: str, model: str, search: bool) -> ChatRequest:
        system = self._settings().system.strip()
        return ChatRequest(
            model=model,
            turns=tuple(Turn(turn.role, turn.parts) for turn in chat.path(asked) if turn.parts),
            system=(system,) if system else (),
            thinking=Thinking(include=True),
            search=search,
            conversation=chat.id,
        )


class _Answering:
    """An answer as it grows: its parts, its times, its cost."""

    def __init__(self, model: str, clock: Clock) -> None:
        self.collector = Collector()
        self._model, self._clock = model, clock
        self._began = clock.monotonic()
        self._ttft: float | None = None

    def take(self, batch: Batch) -> None:
        self.collector.feed(batch)
        if self._ttft is None and any(isinstance(event, PartOpened | PartDelta) for event in batch):
            self._ttft = self._clock.monotonic() - self._began

    def turn(
        self,
        turn_id: str,
        parent: str,
        state: Literal["complete", "stopped", "failed"],
        failure: Failure | None,
    ) -> ChatTurn:
        collected = self.collector
        note = Note(
            model=collected.started.model or self._model,
            account=collected.started.account,
            input_tokens=collected.usage.input,
            output_tokens=collected.usage.output,
            thought_tokens=collected.usage.thoughts,
            seconds=self._clock.monotonic() - self._began,
            ttft_seconds=self._ttft,
        )
        parts = collected.so_far()
        return ChatTurn(turn_id, parent, Role.MODEL, parts, self._clock.now(), state, note, failure)
