"""Requests as bodies, for the tests of encoding: short words for turns, and what went out."""

from __future__ import annotations

import json
from typing import Any

from core.domain.content import (
    Part,
    Role,
    Text,
    Turn,
)
from core.domain.requests import (
    ChatRequest,
    Tool,
)
from core.providers.antigravity.encode import Sender, encode
from core.providers.antigravity.models import facts_of

GEMINI, CLAUDE, OSS = "gemini-3-pro-high", "claude-opus-4-6-thinking", "gpt-oss-120b-medium"
SENDER = Sender("ada", "my-project-id", "agent-abc123")
GEMINI_SIGNATURE = "A" + "q3" * 40
CLAUDE_SIGNATURE = "R" + "q3" * 40
WEATHER = Tool(
    "get_weather", "Get weather", {"type": "object", "properties": {"location": {"type": "string"}}}
)


def user(*parts: Part | str) -> Turn:
    return Turn(Role.USER, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def model(*parts: Part | str) -> Turn:
    return Turn(Role.MODEL, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def body(*turns: Turn, to: str = GEMINI, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(to, turns, **fields)
    return json.loads(encode(request, facts_of(to), SENDER).body)


def contents(*turns: Turn, to: str = GEMINI, **fields: Any) -> list[Any]:
    return body(*turns, to=to, **fields)["request"]["contents"]


def shape(turns: list[Any]) -> list[tuple[str, list[str]]]:
    """Roles, and for each part its text or what it is of what."""
    out: list[tuple[str, list[str]]] = []
    for turn in turns:
        parts: list[str] = []
        for part in turn["parts"]:
            if "functionCall" in part:
                parts.append(f"call {part['functionCall']['id']}")
            elif "functionResponse" in part:
                parts.append(f"result {part['functionResponse']['id']}")
            elif "inlineData" in part:
                parts.append("picture")
            else:
                parts.append(("thought " if part.get("thought") else "") + part["text"])
        out.append((turn["role"], parts))
    return out
