"""Listening in, where bodies are recorded: what a client sends and what it is sent, as it passes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.bodies import Tape

from .asgi import CHUNK, Message, Receive, Scope, Send, WriteChunk


def tape_of(scope: Scope, request_id: str, at: float) -> Tape:
    """An empty tape for a request; `at` is unix seconds."""
    return Tape(
        request_id, at, scope["method"], scope["path"], scope.get("query_string", b""), scope["headers"]
    )


def taped(tape: Tape, scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """A request with everything that passes it on `tape`."""
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    write: WriteChunk | None = extensions.get(CHUNK)

    async def hear() -> Message:
        message = await receive()
        if body := message.get("body"):
            tape.asked.add(body)
        return message

    async def say(message: Message) -> None:
        if message["type"] == "http.response.start":
            tape.status, tape.answer_headers = message["status"], message["headers"]
        elif body := message.get("body"):
            tape.answer.add(body)
        await send(message)

    def write_chunk(chunk: bytes) -> bool:
        if write is None or not write(chunk):
            return False  # it comes as a message
        tape.answer.add(chunk)
        return True

    return {**scope, "extensions": {**extensions, CHUNK: write_chunk}}, hear, say
