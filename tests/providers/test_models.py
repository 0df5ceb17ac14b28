"""The table of models, names that clients use, the live list."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from core.domain.accounts import ModelQuota, QuotaWindow
from core.providers.antigravity.catalogue import read_catalogue
from core.providers.antigravity.models import TABLE, facts_of, family_of, model_info
from core.providers.antigravity.names import resolve

NOW = 1_767_970_000.0
RESET = "2026-01-09T18:30:00Z"
RESET_AT = 1_767_983_400.0


def test_every_row_resolves_to_itself_and_can_be_shown() -> None:
    for row in TABLE.values():
        assert resolve(row.id) == row.id
        assert family_of(row.id) == row.family
        shown = model_info(row)
        assert shown.kind == ("image" if "image" in row.id else "chat")
        assert shown.context
        assert shown.max_output


def test_unknown_models_are_judged_by_their_name() -> None:
    assert facts_of("gemini-3.7-flash-low").levels == ("minimal", "low", "medium", "high")
    assert facts_of("gemini-pro-agent").signs_calls
    assert not facts_of("gemini-2.5-exotic").signs_calls
    assert facts_of("gemini-3.1-flash-lite").thinking == "never"
    assert facts_of("claude-opus-9").thinking == "always"
    assert facts_of("claude-sonnet-9").thinking == "asked"
    assert facts_of("gemini-3.1-flash-image").draws


def catalogue(**models: Any) -> Any:
    names = {name.replace("_", "-"): row for name, row in models.items()}
    return read_catalogue(json.dumps({"models": names}).encode(), NOW)


def test_the_notes_example_is_read() -> None:
    body = {
        "models": {
            "claude-sonnet-4-6": {
                "displayName": "Claude Sonnet 4.6",
                "supportsImages": True,
                "supportsThinking": True,
                "maxTokens": 100_000,
                "maxOutputTokens": 9_000,
                "quotaInfo": {"remainingFraction": 0.42, "resetTime": RESET},
            },
            "gemini-3-pro-high": {"displayName": "Gemini 3 Pro (High)", "quotaInfo": {"resetTime": RESET}},
        },
        "deprecatedModelIds": {"gemini-3-pro-old": {"newModelId": "gemini-3-pro-high"}},
    }
    got = read_catalogue(json.dumps(body).encode(), NOW)
    sonnet, gemini = got.models
    assert (sonnet.fraction, sonnet.context, sonnet.max_output, sonnet.thinking) == (
        0.42,
        100_000,
        9_000,
        "asked",
    )
    assert gemini.fraction == 0
    assert got.retired == {"gemini-3-pro-old": "gemini-3-pro-high"}
    assert got.quotas == (
        QuotaWindow("claude", 0.42, RESET_AT, (ModelQuota("claude-sonnet-4-6", 0.42, RESET_AT),)),
        QuotaWindow("gemini-pro", 0.0, RESET_AT, (ModelQuota("gemini-3-pro-high", 0.0, RESET_AT),)),
    )


def test_a_missing_fraction_is_nothing_left_only_beside_a_reset() -> None:
    got = catalogue(
        a_claude={"displayName": "A", "quotaInfo": {}},
        gpt_oss={
            "displayName": "O",
            "quotaInfo": {"remainingFraction": 7, "resetTime": "2020-01-01T00:00:00Z"},
        },
    )
    assert [model.fraction for model in got.models] == [None, 1.0]
    assert got.quotas == (
        QuotaWindow("claude", members=(ModelQuota("a-claude"),)),
        QuotaWindow("gpt-oss", 1.0, members=(ModelQuota("gpt-oss", 1.0),)),
    )


def test_a_family_is_as_full_as_its_emptiest_member() -> None:
    later = "2026-01-09T21:00:00Z"
    got = catalogue(
        gemini_3_pro_high={"quotaInfo": {"remainingFraction": 0.2, "resetTime": later}},
        gemini_3_pro_low={"quotaInfo": {"remainingFraction": 1, "resetTime": RESET}},
    )
    (family,) = got.quotas
    assert (family.name, family.fraction, family.reset_at) == ("gemini-pro", 0.2, RESET_AT + 9_000)
    assert family.members == (
        ModelQuota("gemini-3-pro-high", 0.2, RESET_AT + 9_000),
        ModelQuota("gemini-3-pro-low", 1.0, RESET_AT),
    )


def test_internal_models_are_hidden() -> None:
    named = {"displayName": "X"}
    listed = {"models": {"chat_123": named, "tab_flash": named, "bare": {}, "gemini-x": named}}
    got = read_catalogue(json.dumps(listed).encode(), NOW)
    assert [model.id for model in got.models] == ["gemini-x"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"models": 3}'])
def test_something_else_is_no_list(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_catalogue(body, NOW)
