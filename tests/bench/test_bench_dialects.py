"""What each protocol costs alone: a 2 KB request read, and a chunk of text written. No I/O, no upstream."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.dialects.anthropic import request as messages
from core.dialects.anthropic.reply import MessageReply
from core.dialects.cursor import request as cursor
from core.dialects.gemini import request as gemini
from core.dialects.gemini.reply import GeminiReply
from core.dialects.openai import chat, completions
from core.dialects.responses import request as responses
from core.dialects.responses.reply import ResponseReply
from core.domain.content import Text
from core.domain.events import Finished, PartClosed, PartDelta, PartOpened, Started, StreamEvent
from core.domain.ports import Reply
from tests.bench.figures import Figures
from tests.bench.test_bench_translate import MODEL, microseconds

pytestmark = [pytest.mark.bench, pytest.mark.timeout(60)]

CHUNKS = 200
A_CHUNK = 2.0
"""Microseconds a chunk may take."""

TEXT = "chunk 17 of 200 "
SAID = "the quick brown fox jumps over the lazy dog and “quotes” a café " * 8
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
    "required": ["city"],
}
TOOL = {"name": "get_weather", "description": "Get the weather for a city"}
FUNCTION = {"type": "function", "function": {**TOOL, "parameters": SCHEMA}}
TURNS = [("user", SAID), ("assistant", SAID), ("user", SAID)]
CHAT = [{"role": role, "content": text} for role, text in TURNS]

BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": MODEL, "messages": CHAT, "tools": [FUNCTION], "stream": True},
    "completions": {"model": MODEL, "prompt": SAID * 3, "stream": True},
    "responses": {
        "model": MODEL,
        "instructions": "Be brief.",
        "input": CHAT,
        "tools": [{"type": "function", **TOOL, "parameters": SCHEMA}],
        "stream": True,
    },
    "anthropic": {
        "model": MODEL,
        "max_tokens": 1024,
        "messages": [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in TURNS],
        "tools": [{**TOOL, "input_schema": SCHEMA}],
        "stream": True,
    },
    "gemini": {
        "contents": [
            {"role": "user" if role == "user" else "model", "parts": [{"text": text}]} for role, text in TURNS
        ],
        "tools": [{"functionDeclarations": [{**TOOL, "parameters": SCHEMA}]}],
    },
    "cursor": {"model": MODEL, "messages": CHAT, "tools": [FUNCTION], "stream": True},
}
READERS: dict[str, Callable[[bytes], object]] = {
    "chat": lambda body: chat.decode(body, "chatcmpl-1", 1),
    "completions": lambda body: completions.decode(body, "cmpl-1", 1),
    "responses": responses.decode,
    "anthropic": messages.decode,
    "gemini": lambda body: gemini.decode(body, MODEL),
    "cursor": lambda body: cursor.decode(body, "chatcmpl-1", 1, "think_tags"),
}


def reply(protocol: str) -> Reply:
    match protocol:
        case "chat":
            return chat.decode(json.dumps(BODIES["chat"]).encode(), "chatcmpl-1", 1).reply
        case "completions":
            return completions.decode(json.dumps(BODIES["completions"]).encode(), "cmpl-1", 1).reply
        case "responses":
            return ResponseReply("resp_1", MODEL, 1, {})
        case "anthropic":
            return MessageReply("msg_1", MODEL)
        case "gemini":
            return GeminiReply("1", MODEL)
        case _:
            decoded, _ = cursor.decode(json.dumps(BODIES["cursor"]).encode(), "chatcmpl-1", 1, "think_tags")
            return decoded.reply


@pytest.mark.parametrize("protocol", BODIES)
def test_a_request_read_and_a_chunk_written(protocol: str, figures: Figures) -> None:
    body = json.dumps(BODIES[protocol]).encode()
    read = READERS[protocol]
    figures.add(
        f"{protocol}: read a {len(body)} B request", f"{microseconds(lambda: read(body), 300):.1f} us"
    )

    spoken = reply(protocol)
    opened: list[StreamEvent] = [Started(MODEL), PartOpened(Text(""))]
    spoken.frames(opened)
    chunk: list[StreamEvent] = [PartDelta(TEXT)]
    assert TEXT.encode() in spoken.frames(chunk)
    each = microseconds(lambda: spoken.frames(chunk), CHUNKS)
    assert spoken.frames([PartClosed(), Finished()])
    figures.add(f"{protocol}: write a chunk", f"{each:.2f} us", f"{A_CHUNK:.0f} us", each <= A_CHUNK)
