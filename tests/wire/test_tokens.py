"""Tokens guessed from sizes."""

from __future__ import annotations

from core.domain.content import Base64Text, Media, Role, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.requests import ChatRequest, Tool
from core.wire.tokens import request_tokens, text_tokens


def test_text_takes_three_and_a_half_bytes_a_token_and_never_nothing() -> None:
    assert [text_tokens(size) for size in (0, 1, 7, 3_500)] == [0, 1, 2, 1_000]


def test_everything_the_model_reads_counts() -> None:
    turns = (
        Turn.of(Role.USER, "ü" * 175),
        Turn(Role.MODEL, (Thought("x" * 350), ToolCall("1", "f", "x" * 349))),
        Turn(Role.USER, (ToolResult("1", "f", (Text("x" * 350), Media("image/png", Base64Text("A" * 99)))),)),
    )
    system = ("x" * 350,)
    assert request_tokens(ChatRequest("m", turns, system)) == 4 * 100 + 100 + 258
    schema = {"type": "object"}
    tools = (Tool("name", "x" * 379, schema),)
    assert request_tokens(ChatRequest("m", (), tools=tools)) == (4 + 379 + 17) // 4


def test_nothing_is_nothing() -> None:
    assert request_tokens(ChatRequest("m", ())) == 0
