"""Names that clients use: what is sent for them, and what they say beyond the model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.content import Role, Turn
from core.domain.requests import ChatRequest, Effort, ImageOptions, Thinking
from core.providers.antigravity.foreign import LISTED, PAINTER, SHAPES
from core.providers.antigravity.models import NEWEST, TABLE, facts_of
from core.providers.antigravity.names import Named, named, resolve, siblings, with_name


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("gemini-3-pro", "gemini-3-pro-high"),
        ("gemini-3-pro-preview", "gemini-3-pro-high"),
        ("models/gemini-3-pro-preview", "gemini-3-pro-high"),
        ("antigravity-models/claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("google/gemini-2.5-pro", "gemini-2.5-pro"),
        ("anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-6"),
        ("claude-sonnet-4.5", "claude-sonnet-4-6"),
        ("claude-3-7-sonnet-latest", "claude-sonnet-4-6"),
        ("claude-haiku-4-5", "claude-sonnet-4-6"),
        ("claude-sonnet-4-6-thinking", "claude-sonnet-4-6"),
        ("claude-opus-4-5", "claude-opus-4-6-thinking"),
        ("claude-opus-4.6", "claude-opus-4-6-thinking"),
        ("gpt-oss-120b", "gpt-oss-120b-medium"),
        ("gemini-3-pro-image-preview", "gemini-3-pro-image"),
        ("gemini-3-pro-image-16x9-4k", "gemini-3-pro-image"),
        ("sandbox-image-1x1", "sandbox-image"),
        ("gpt-4o", "gemini-2.5-flash"),
        ("gpt-4-foo", "gpt-4-foo"),
        ("o3-mini", "o3-mini"),
        ("dall-e-3", "gemini-3-pro-image"),
        ("gpt-image-1", "gemini-3-pro-image"),
        ("gpt-image-2.5-flare", "gemini-3-pro-image"),
        ("chatgpt-image-latest", "gemini-3-pro-image"),
        ("internal-background-task", "gemini-2.5-flash"),
        ("claude-3-haiku-20240307", "claude-sonnet-4-6"),
        ("gemini-9-ultra", "gemini-9-ultra"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-6"),
        ("gemini-3-flash-low", "gemini-3-flash"),
        ("gemini-3-pro-preview-minimal", "gemini-3-pro-low"),
        ("gemini-3-pro-medium", "gemini-3-pro-high"),
        ("gemini-3.8-flash-low", "gemini-3.8-flash-low"),
        ("gpt-oss-120b-low", "gpt-oss-120b-low"),
        ("claude-opus-4-6(8000)", "claude-opus-4-6-thinking"),
        ("gemini-9-ultra(high)", "gemini-9-ultra"),
        ("gemini-9(beta)", "gemini-9(beta)"),
    ],
)
def test_a_name_is_resolved(asked: str, sent: str) -> None:
    assert resolve(asked) == sent
    assert resolve(sent) == sent


def test_a_name_without_a_tier_stands_for_the_small_model_where_little_is_asked() -> None:
    efforts: list[tuple[Effort | None, str]] = [
        ("low", "low"),
        ("minimal", "low"),
        ("medium", "high"),
        (None, "high"),
    ]
    for effort, tier in efforts:
        assert resolve("gemini-3-pro-preview", effort) == f"gemini-3-pro-{tier}"
    assert resolve("gemini-3-pro-high", "low") == "gemini-3-pro-high"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gemini-3-flash-low", Named("gemini-3-flash", "low")),
        ("models/gemini-3-flash(high)", Named("gemini-3-flash", "high")),
        ("gemini-2.5-pro(xhigh)", Named("gemini-2.5-pro", "max")),
        ("claude-sonnet-4-6(8000)", Named("claude-sonnet-4-6", None, 8000)),
        ("claude-sonnet-4-6-high", Named("claude-sonnet-4-6", "high")),
        ("sandbox-thinking-medium", Named("sandbox-thinking", "medium")),
        ("gemini-3-pro-high", Named("gemini-3-pro-high")),
        ("gpt-oss-120b-medium", Named("gpt-oss-120b-medium")),
    ],
)
def test_effort_and_budget_may_stand_in_a_name(model: str, said: Named) -> None:
    assert named(model) == said


def test_an_id_that_a_live_list_has_is_never_taken_apart() -> None:
    live = TABLE | {"gemini-3-flash-low": facts_of("gemini-3-flash-low")}
    assert named("gemini-3-flash-low", None, live) == Named("gemini-3-flash-low")


def request(model: str, **fields: Any) -> ChatRequest:
    return ChatRequest(model, (Turn.of(Role.USER, "Hi"),), **fields)


def test_what_a_name_says_of_thinking_wins_over_the_fields() -> None:
    asked = request("gemini-3-flash-low", thinking=Thinking("high", include=True))
    assert with_name(asked).thinking == Thinking("low", include=True)
    plain = request("gemini-3-flash", thinking=Thinking("high"))
    assert with_name(plain) == plain


def test_what_a_name_says_of_a_picture_gives_way_to_the_fields() -> None:
    said = with_name(request("gemini-3-pro-image-16x9-4k"))
    assert said.image == ImageOptions("16:9", "4K")
    said = with_name(request("gemini-3-pro-image-16x9-4k", image=ImageOptions("1:1")))
    assert said.image == ImageOptions("1:1", "4K")


def test_an_account_that_lacks_a_model_is_asked_for_its_sibling() -> None:
    newer = siblings({"gemini-pro-agent", "gemini-3.1-pro-low", "gemini-3.1-flash-image"})
    assert newer["gemini-3-pro-high"] == newer["gemini-3.1-pro-high"] == "gemini-pro-agent"
    assert newer["gemini-3-pro-low"] == "gemini-3.1-pro-low"
    assert "gemini-3-pro-image" not in newer
    older = siblings({"gemini-3-pro-low", "claude-sonnet-4-6"})
    assert older["gemini-3-pro-high"] == "gemini-3-pro-low"
    assert siblings({"claude-sonnet-4-6"}) == {}
    assert siblings(TABLE).keys().isdisjoint(TABLE)


def test_every_name_that_is_listed_leads_to_a_model_or_to_its_sibling() -> None:
    instead = siblings(TABLE.keys() - {row.id for row in NEWEST})
    for name in LISTED:
        sent = resolve(name)
        assert instead.get(sent, sent) in TABLE, name
        assert name == PAINTER or name not in TABLE, name
    assert len(LISTED) == len(set(LISTED))


def test_lists_show_the_picture_model_in_every_size_and_shape() -> None:
    assert with_name(request("gemini-3-pro-image-4k-16x9")).image == ImageOptions("16:9", "4K")
    assert len(SHAPES) == 21
    assert {"gemini-3-pro-image", "gemini-3-pro-image-2k", "gemini-3-pro-image-4k-21x9"} <= set(SHAPES)
    assert {resolve(name) for name in SHAPES} == {PAINTER}


def test_a_live_id_is_never_taken_for_a_name_of_another_vendor() -> None:
    live = TABLE | {"gpt-4o": facts_of("gpt-4o")}
    assert resolve("gpt-4o", None, live) == "gpt-4o"


@given(st.text("gemini3-flash()proclaude.4[1m]image16x9low\n", max_size=40))
def test_no_name_is_too_odd(model: str) -> None:
    once = resolve(model)
    assert isinstance(with_name(request(model)), ChatRequest)
    assert resolve(once) in (once, resolve(resolve(once)))
