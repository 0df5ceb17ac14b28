"""Tokens guessed without asking anybody: for a count that the upstream can't give, and for an answer that
came without one.

Source: the upstream notes (6.12): 3.5 bytes of text a token, 4 of a schema, 258 tokens a picture's tile.
"""

from __future__ import annotations

from typing import Final

from msgspec import json

from core.domain.content import Media, Opaque, Part, Refusal, Search, Text, Thought, ToolCall, ToolResult
from core.domain.requests import ChatRequest

TEXT_BYTES: Final = 3.5
SCHEMA_BYTES: Final = 4
PICTURE_TOKENS: Final = 258
"""One tile; a picture counts as one, because its size is not known without decoding it."""


def text_tokens(size: int) -> int:
    """Tokens of so many bytes of text; at least one of any text."""
    return round(size / TEXT_BYTES) or (size > 0)


def request_tokens(request: ChatRequest) -> int:
    """Tokens of everything that the model gets to read."""
    words = sum(len(text.encode("utf-8", "surrogatepass")) for text in request.system)
    pictures = 0
    for turn in request.turns:
        for part in turn.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                pictures += isinstance(inner, Media)
                words += len(_words(inner).encode("utf-8", "surrogatepass"))
    schemas = sum(
        len(tool.name) + len(tool.description) + len(json.encode(tool.parameters or {}))
        for tool in request.tools
    )
    return text_tokens(words) + pictures * PICTURE_TOKENS + schemas // SCHEMA_BYTES


def _words(part: Part) -> str:
    match part:
        case ToolCall():
            return part.name + part.arguments
        case Text(text=text) | Thought(text=text) | Refusal(text=text):
            return text
        case Opaque(raw=raw):
            return raw
        case Media() | Search() | ToolResult():
            return ""
