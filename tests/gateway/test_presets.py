"""Presets: what applying one changes in the aliases that are there."""

from __future__ import annotations

from itertools import product

import pytest

from core.gateway.aliases import aliased
from core.gateway.presets import PRESETS, Name, changes
from core.providers.antigravity.models import TABLE
from core.providers.antigravity.names import resolve, siblings


def after(aliases: dict[str, str], preset: Name) -> dict[str, str]:
    changed = aliases | changes(aliases, preset)
    return {name: model for name, model in changed.items() if model is not None}


@pytest.mark.parametrize(("first", "second"), list(product(PRESETS, PRESETS)))
def test_after_another_a_preset_holds_as_if_it_were_the_only_one(first: Name, second: Name) -> None:
    held = after(after({}, first), second)
    assert held == dict(PRESETS[second].aliases)
    assert changes(held, second) == {}


def test_names_of_the_users_own_stay() -> None:
    own = {"fast": "gemini-3-flash", "claude-opus-4-*": "mine"}
    held = after(after(own, "balanced"), "default")
    assert held.items() >= own.items()
    assert changes(own, "cost")["claude-opus-4-*"] == "gemini-3-flash"


def test_every_target_is_a_model_or_has_a_sibling() -> None:
    instead = siblings({"gemini-3-pro-high"})
    for preset in PRESETS.values():
        for model in preset.aliases.values():
            assert instead.get(resolve(model), resolve(model)) in TABLE


@pytest.mark.parametrize(
    ("preset", "asked", "model"),
    [
        ("default", "gpt-4-turbo", "gemini-3.1-pro-high"),
        ("default", "gpt-4o-mini", "gemini-3-flash"),
        ("performance", "o3-mini", "claude-opus-4-6-thinking"),
        ("cost", "claude-opus-4-6-thinking", "gemini-3-flash"),
        ("balanced", "claude-opus-4-5-20251101", "gemini-3.1-pro-high"),
        ("balanced", "claude-opus-4-6", "claude-opus-4-6-thinking"),
    ],
)
def test_a_preset_takes_names_where_it_says(preset: Name, asked: str, model: str) -> None:
    assert aliased(asked, PRESETS[preset].aliases) == model
