"""Every member of a full request, replaced by what has no business there: read, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.dialects.anthropic import request as anthropic
from core.dialects.cursor import request as cursor
from core.dialects.gemini import request as gemini
from core.dialects.openai import chat, completions
from core.dialects.responses import request as responses
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest
from core.providers.antigravity.encode import Sender, encode
from core.providers.antigravity.models import facts_of

PNG = "iVBORw0KGgo="
TEXT = {"type": "text", "text": "d"}
WEIRD: tuple[Any, ...] = (
    None, True, 0, -1, 7, 1e300, 10**30, "", "x", "7", "[undefined]", "\x00é🦄", [], [None], [1], ["x"],
    [["x"]], [{}], {}, {"a": 1}, {"type": "x"}, {"type": ["x"]}, {"text": 5}, {"x": {"y": [{}]}},
)  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"], "enum": ["x"]}, "b": {"$ref": "#/$defs/b"}},
    "required": ["a"],
    "$defs": {"b": {"anyOf": [{"type": "integer"}, {"const": 3}], "items": {"type": "string"}}},
}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT = {
    "model": "m1",
    "messages": [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG}},
                {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
                {"type": "file", "file": {"file_data": PNG, "filename": "a.pdf"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "hm",
            "refusal": "no",
            "tool_calls": [{**CALL, "extra_content": {"google": {"thought_signature": "s"}}}],
            "function_call": {"name": "g", "arguments": "{}"},
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "r"}]},
        {"role": "function", "name": "g", "content": "r"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}},
        {"type": "custom", "custom": {"name": "p", "format": {"type": "grammar", "definition": "x"}}},
    ],
    "functions": [{"name": "g", "parameters": SCHEMA}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
    },
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": SCHEMA, "strict": True},
    },
    "stream_options": {"include_usage": True},
    "reasoning": {"effort": "high"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "extra_body": {
        "google": {"thinking_config": {"thinking_budget": 5}, "image_config": {"image_size": "2K"}}
    },
    "image_config": {"aspect_ratio": "16:9"},
    "modalities": ["text"],
    "safety_settings": [{"category": "c"}],
    "metadata": {"session_id": "s"},
    "stop": ["x"],
    "temperature": 0.5,
    "max_tokens": 5,
    "n": 2,
    "seed": 3,
    "user": "u",
    "size": "1:1",
    "quality": "hd",
    "logit_bias": {"5": 1},
}
ITEMS = {
    "model": "m1",
    "instructions": "be brief",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "data:image/png;base64," + PNG},
                {"type": "input_file", "file_data": PNG, "filename": "a.pdf"},
                {"type": "input_audio", "input_audio": {"data": PNG, "format": "mp3"}},
            ],
        },
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "s"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "namespace": "n", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "p", "input": "i"},
        {"type": "local_shell_call", "call_id": "c3", "action": {"command": ["ls"]}},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "r"}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "r"},
        {"type": "web_search_call", "status": "completed"},
    ],
    "tools": [
        {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA},
        {"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
        {
            "type": "namespace",
            "name": "n",
            "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
        },
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "max_output_tokens": 5,
    "previous_response_id": "resp_1",
    "store": False,
    "metadata": {"a": "b"},
    "prompt_cache_key": "k",
}
BLOCKS = {
    "model": "m1",
    "max_tokens": 2000,
    "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                {"type": "document", "title": "t", "source": {"type": "text", "data": "d"}},
                {
                    "type": "document",
                    "source": {"type": "content", "content": [TEXT]},
                },
                {
                    "type": "search_result",
                    "title": "t",
                    "source": "s",
                    "content": [TEXT],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "s"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "s1",
                    "content": [{"title": "t", "url": "u"}],
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "is_error": False,
                    "content": [{"type": "text", "text": "r"}],
                }
            ],
        },
    ],
    "tools": [
        {"name": "f", "description": "d", "input_schema": SCHEMA},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
    ],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
    "thinkingConfig": {"thinkingBudget": 5, "thinkingLevel": "low"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    "metadata": {"user_id": '{"session_id": "x"}'},
    "stop_sequences": ["x"],
    "temperature": 0.5,
    "top_k": 4,
    "size": "1:1",
}
CONTENTS = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "see", "thoughtSignature": "AAAA"},
                {"inline_data": {"mime_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True, "thoughtSignature": "AAAA"},
                {"functionCall": {"name": "f", "args": {"a": 1}}},
                {"executableCode": {"code": "1"}},
            ],
        },
        {
            "role": "function",
            "parts": [
                {
                    "functionResponse": {
                        "name": "f",
                        "response": {"error": "r"},
                        "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                    }
                }
            ],
        },
    ],
    "systemInstruction": {"role": "user", "parts": [{"text": "be brief"}]},
    "tools": [
        {"functionDeclarations": [{"name": "f", "description": "d", "parameters_json_schema": SCHEMA}]},
        {"googleSearch": {}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {
        "temperature": 0.5,
        "topK": 4,
        "stopSequences": ["x"],
        "maxOutputTokens": 5,
        "candidateCount": 1,
        "thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 5, "includeThoughts": True},
        "responseMimeType": "application/json",
        "responseSchema": SCHEMA,
        "responseModalities": ["TEXT"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
    },
    "safetySettings": [{"category": "c", "threshold": "t"}],
    "labels": {"a": "b"},
}

PLAIN = {name: value for name, value in CHAT.items() if name not in ("thinking", "n")}
FLAT = ITEMS | {"tools": [{"type": "function", "name": "f", "parameters": SCHEMA}, {"type": "web_search"}]}

Read = Callable[[bytes], ChatRequest]
BODIES: dict[str, tuple[Any, Read]] = {
    "chat": (CHAT, lambda body: chat.decode(body, "c", 1).request),
    "chat with items": (FLAT, lambda body: chat.decode(body, "c", 1).request),
    "completions": (
        {"model": "m1", "prompt": "x", "echo": True, "stream_options": {"include_usage": True}},
        lambda body: completions.decode(body, "c", 1).request,
    ),
    "responses": (ITEMS, lambda body: responses.decode(body).request),
    "anthropic": (BLOCKS, lambda body: anthropic.decode(body).request),
    "gemini": (CONTENTS, lambda body: gemini.decode(body, "m1")),
    "cursor, chat": (PLAIN, lambda body: cursor.decode(body, "c", 1, "raw")[0].request),
    "cursor, items": (FLAT, lambda body: cursor.decode(body, "c", 1, "raw")[0].request),
    "cursor, blocks": (BLOCKS, lambda body: cursor.decode(body, "c", 1, "raw")[0].request),
}
ROWS = [facts_of(name) for name in ("gemini-3-flash", "claude-opus-4-6-thinking", "gemini-3-pro-image")]
SENDER = Sender("account", "project", "request")


def spoiled(body: Any) -> Iterator[Any]:
    """The body with one member changed, for every member and every value that is out of place."""
    children: list[Any] = list(body.items() if isinstance(body, dict) else enumerate(body))
    for key, value in children:
        rest: Any = dict(body) if isinstance(body, dict) else list(body)
        for weird in WEIRD:
            rest[key] = weird
            yield rest
        if isinstance(value, dict | list) and value is not SCHEMA:
            for inner in spoiled(value):
                rest[key] = inner
                yield rest


@pytest.mark.parametrize("protocol", BODIES)
def test_a_member_out_of_place_is_read_or_refused(protocol: str) -> None:
    body, read = BODIES[protocol]
    read(json.dumps(body).encode())
    refusals: set[Kind] = set()
    for changed in spoiled(body):
        try:
            request = read(json.dumps(changed).encode())
            for row in ROWS:
                encode(request, row, SENDER)
        except GatewayError as refusal:
            refusals.add(refusal.failure.kind)
        except Exception as error:
            error.add_note(json.dumps(changed))
            raise
    assert refusals == {Kind.BAD_REQUEST}
