"""How requests think, and what room their answers get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.content import Role, Turn
from core.domain.requests import ChatRequest, Sampling, Thinking, Tool, ToolChoice
from core.providers.antigravity.generation import dropped, generation_config
from core.providers.antigravity.models import TABLE, facts_of
from core.providers.antigravity.thinking import think

OPUS, SONNET = "claude-opus-4-6-thinking", "claude-sonnet-4-6"
THOUGHTS = {"includeThoughts": True}


def request(thinking: Thinking | None = None, **fields: Any) -> ChatRequest:
    return ChatRequest("m", (Turn.of(Role.USER, "a"),), thinking=thinking or Thinking(), **fields)


def config(model: str, thinking: Thinking | None = None, limit: int | None = None, **fields: Any) -> Any:
    row = facts_of(model)
    asked = request(thinking, sampling=Sampling(max_output_tokens=limit), **fields)
    thought = think(asked, row, possible=True)
    got = generation_config(asked, row, thought)
    return got.get("thinkingConfig"), got.get("maxOutputTokens")


@pytest.mark.parametrize(
    ("limit", "budget", "sent_limit", "sent_budget"),
    [
        (10_000, 8_000, 10_000, 8_000),
        (None, 8_000, 64_000, 8_000),
        (4_000, 8_000, 12_000, 8_000),
        (60_000, 63_000, 64_000, 62_976),
        (500, 1_024, 1_524, 1_024),
        (None, None, 64_000, 16_000),
        (200_000, -1, 64_000, 16_000),
        (2_000, 10, 2_000, 1_024),
    ],
)
def test_claude_always_gets_more_room_than_its_thoughts(
    limit: int | None, budget: int | None, sent_limit: int, sent_budget: int
) -> None:
    sent = {"thinkingBudget": sent_budget, "includeThoughts": True}
    assert config(OPUS, Thinking(budget=budget), limit) == (sent, sent_limit)


@pytest.mark.parametrize(
    ("model", "thinking", "sent"),
    [
        ("gemini-3-pro-high", Thinking(), THOUGHTS),
        ("gemini-3-pro-high", Thinking(effort="low"), {"thinkingLevel": "low", **THOUGHTS}),
        ("gemini-3-pro-high", Thinking(effort="minimal"), {"thinkingLevel": "low", **THOUGHTS}),
        ("gemini-3-pro-high", Thinking(effort="medium"), {"thinkingLevel": "high", **THOUGHTS}),
        ("gemini-3-pro-high", Thinking(effort="max"), {"thinkingLevel": "high", **THOUGHTS}),
        ("gemini-3-pro-high", Thinking(budget=9_000), {"thinkingLevel": "high", **THOUGHTS}),
        ("gemini-3-pro-high", Thinking(budget=-1), THOUGHTS),
        ("gemini-3-pro-high", Thinking(effort="none"), {"includeThoughts": False}),
        ("gemini-3-pro-high", Thinking(budget=0), {"includeThoughts": False}),
        ("gemini-3-pro-high", Thinking(include=False), {"includeThoughts": False}),
        ("gemini-3-flash", Thinking(), None),
        ("gemini-3-flash", Thinking(effort="minimal"), {"thinkingLevel": "minimal", **THOUGHTS}),
        ("gemini-3-flash", Thinking(include=True), THOUGHTS),
        ("gemini-2.5-flash", Thinking(), None),
        ("gemini-2.5-flash", Thinking(effort="medium"), {"thinkingBudget": 12_288, **THOUGHTS}),
        ("gemini-2.5-flash", Thinking(budget=-1), {"thinkingBudget": -1, **THOUGHTS}),
        ("gemini-2.5-flash", Thinking(budget=99_999), {"thinkingBudget": 24_576, **THOUGHTS}),
        ("gemini-2.5-flash", Thinking(effort="none"), {"thinkingBudget": 0, "includeThoughts": False}),
        ("gemini-2.5-pro", Thinking(budget=5), {"thinkingBudget": 128, **THOUGHTS}),
        ("claude-opus-4-6-thinking", Thinking(effort="high"), {"thinkingBudget": 32_768, **THOUGHTS}),
        ("claude-opus-4-6-thinking", Thinking(effort="none"), None),
        (SONNET, Thinking(), None),
        (SONNET, Thinking(effort="low"), {"thinkingBudget": 8_192, **THOUGHTS}),
        ("gpt-oss-120b-medium", Thinking(effort="high"), None),
        ("gemini-3-pro-image", Thinking(effort="high"), None),
        ("gemini-9.9-pro-agent", Thinking(effort="high"), {"thinkingLevel": "high", **THOUGHTS}),
    ],
)
def test_an_effort_is_said_in_the_models_own_way(model: str, thinking: Thinking, sent: object) -> None:
    assert config(model, thinking)[0] == sent


def test_a_name_that_ends_in_thinking_asks_for_it() -> None:
    asked = ChatRequest("claude-sonnet-4-6-thinking", (Turn.of(Role.USER, "a"),))
    assert think(asked, facts_of(SONNET), possible=True).on


def test_a_forced_tool_keeps_claude_from_thinking() -> None:
    sent, limit = config(OPUS, tools=(Tool("f"),), tool_choice=ToolChoice("any"))
    assert (sent, limit) == (None, 16_384)


def test_limits_are_capped_and_left_out_where_nobody_asked() -> None:
    assert config("gemini-3-pro-high") == (THOUGHTS, None)
    assert config("gemini-3-pro-high", limit=1_000_000)[1] == 65_535
    assert config(SONNET)[1] == 16_384


@given(
    st.sampled_from(sorted(TABLE)),
    st.none() | st.integers(-5, 200_000),
    st.none() | st.integers(-1, 200_000),
    st.sampled_from([None, "none", "minimal", "low", "medium", "high", "max"]),
    st.booleans(),
)
def test_the_limit_is_always_above_the_budget(
    model: str, limit: int | None, budget: int | None, effort: Any, possible: bool
) -> None:
    row = facts_of(model)
    asked = request(Thinking(effort, budget), sampling=Sampling(max_output_tokens=limit))
    thought = think(asked, row, possible)
    sent = (thought.config or {}).get("thinkingBudget")
    assert thought.max_output is None or 0 < thought.max_output <= row.max_output
    if sent is not None:
        assert "thinkingLevel" not in (thought.config or {})
        assert thought.max_output is None or thought.max_output > sent
        assert not row.claude or sent >= 1_024


SAMPLING = Sampling(1.5, 0.9, 40, tuple("abcdefg"), 3, 0.5, 0.5)


def test_claude_gets_only_the_sampling_it_takes() -> None:
    def sent(thinking: bool, sampling: Sampling) -> dict[str, Any]:
        asked = request(Thinking(effort="low" if thinking else None), sampling=sampling)
        row = facts_of(SONNET)
        got = generation_config(asked, row, think(asked, row, possible=True))
        return {key: got[key] for key in got if key not in ("maxOutputTokens", "thinkingConfig")}

    assert sent(False, SAMPLING) == {"temperature": 1.0, "topK": 40, "stopSequences": list("abcde")}
    assert sent(True, SAMPLING) == {"stopSequences": list("abcde")}
    assert sent(True, Sampling(top_p=0.97)) == {"topP": 0.97}
    assert sent(False, Sampling(top_p=0.5)) == {"topP": 0.5}


def lost(model: str, thinks: bool = False, **fields: Any) -> tuple[str, ...]:
    return dropped(request(**fields), facts_of(model), thinks)


def test_what_a_model_can_not_be_told_is_named() -> None:
    tools = (Tool("f"),)
    assert lost("gemini-3-pro-high", sampling=Sampling(0.5, 0.9, 40, ("a",), 3, 0.5, 0.5)) == ()
    assert lost(SONNET, sampling=SAMPLING) == (
        "top_p",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
    )
    assert lost(SONNET, thinks=True, sampling=Sampling(0.3, None, 40)) == ("temperature", "top_k")
    assert lost("gemini-3-pro-high", search=True, tools=tools) == ("search",)
    assert lost(SONNET, search=True, safety=({"category": "x"},)) == ("search", "safety")
    page = Tool("url_context", kind="builtin")
    assert lost("gemini-3-pro-high", tools=(page,)) == ()
    assert lost("gemini-3-pro-high", tools=(page, *tools)) == lost(SONNET, tools=(page,)) == ("search",)
    assert lost("gpt-oss-120b-medium", thinking=Thinking(effort="high")) == ("thinking",)
    assert lost("gemini-3-pro-image", tools=tools, system=("s",)) == ("tools", "system")
    assert lost("gemini-3-pro-high", parallel_tool_calls=False, extras={"zeta": 1, "logit_bias": {}}) == (
        "parallel_tool_calls",
        "logit_bias",
        "zeta",
    )
