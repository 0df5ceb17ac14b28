"""What a model signed is there when a client comes back without it, also after a restart."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from msgspec import structs

from core.domain.content import Part, Role, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.events import Answer
from core.domain.requests import Caller, ChatRequest, Thinking, Tool
from core.services import Services

from .conftest import Open

WEATHER = Tool("get_weather", "The weather", {"type": "object", "properties": {"place": {"type": "string"}}})
HI = Turn.of(Role.USER, "use the tool, please")


async def asks(services: Services, model: str, *turns: Turn) -> Answer:
    request = ChatRequest(model, (HI, *turns), tools=(WEATHER,), thinking=Thinking("high"), conversation="c")
    return await services.generation.answer(request, Caller("req", "openai"))


def bare(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """What is left of an answer once it went through a protocol that knows no signatures."""
    return tuple(
        structs.replace(part, signature="") if isinstance(part, Text | Thought | ToolCall) else part
        for part in parts
    )


def results(parts: tuple[Part, ...]) -> Turn:
    calls = [part for part in parts if isinstance(part, ToolCall)]
    return Turn(Role.USER, tuple(ToolResult(call.id, call.name, (Text("sunny"),)) for call in calls))


def private(home: Path) -> bool:
    return stat.S_IMODE((home / "signatures-sandbox.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("model", ["gemini-3-pro-high", "claude-opus-4-6-thinking", "sandbox-thinking"])
async def test_a_tool_loop_goes_on_thinking_after_a_restart(opened: Open, home: Path, model: str) -> None:
    first = await opened(sandbox="on")
    called = await asks(first, model)
    assert any(isinstance(part, ToolCall) for part in called.parts)
    await first.aclose()
    assert private(home)
    assert not (home / "signatures.jsonl").exists()
    second = await opened(sandbox="on")
    told = await asks(second, model, Turn(Role.MODEL, bare(called.parts)), results(called.parts))
    assert "sunny" in "".join(part.text for part in told.parts if isinstance(part, Text))
    assert told.started.attempts == 1
    assert told.started.dropped == ()


@pytest.mark.parametrize("model", ["gemini-3-pro-high", "claude-opus-4-6-thinking"])
async def test_a_signature_that_is_refused_is_left_out_and_the_answer_comes(opened: Open, model: str) -> None:
    services = await opened(sandbox="on")
    called = await asks(services, model)
    false = ("Rm9yZ2Vk" if model.startswith("claude") else "AmF!Z2Vk") * 10
    parts = tuple(
        structs.replace(part, signature=false) if isinstance(part, Thought | ToolCall) else part
        for part in called.parts
    )
    told = await asks(services, model, Turn(Role.MODEL, parts), results(called.parts))
    assert "sunny" in "".join(part.text for part in told.parts if isinstance(part, Text))
    assert told.started.attempts == 2
