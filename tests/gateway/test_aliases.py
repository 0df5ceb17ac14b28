"""Aliases: which model a name of the user's own leads to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateway.aliases import aliased

TABLE = {
    "fast": "gemini-3-flash",
    "gpt-*": "gemini-3-pro",
    "gpt-*-mini": "gemini-3-flash",
    "gpt-5": "claude",
    "*haiku*": "gemini-3-flash-lite",
    "loop": "fast",
}


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("fast", "gemini-3-flash"),
        ("faster", "faster"),
        ("gpt-4o", "gemini-3-pro"),
        ("gpt-4o-mini", "gemini-3-flash"),
        ("gpt-5", "claude"),
        ("claude-3-haiku-2024", "gemini-3-flash-lite"),
        ("loop", "fast"),
        ("GPT-4o", "GPT-4o"),
        ("", ""),
    ],
)
def test_the_most_literal_alias_wins_and_is_followed_once(asked: str, model: str) -> None:
    assert aliased(asked, TABLE) == model


def test_a_name_is_matched_as_it_is_written() -> None:
    assert aliased("gptx4", {"gpt.4": "no", "gpt[x]4": "no", "gpt?4": "no"}) == "gptx4"


def test_a_star_alone_takes_every_name() -> None:
    assert aliased("anything", {"*": "m1", "other": "m2"}) == "m1"


def test_between_patterns_with_as_many_literal_characters_the_longest_wins_then_the_alphabet() -> None:
    assert aliased("abc", {"ab*": "no", "a*c*": "longest"}) == "longest"
    assert aliased("aba", {"*ba": "first", "ab*": "no"}) == "first"
    assert aliased("aba", {"ab*": "no", "*ba": "first"}) == "first"


def test_head_and_tail_do_not_share_characters() -> None:
    assert aliased("aba", {"ab*ba": "no"}) == "aba"


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_a_pattern_fits_what_its_expression_fits(pattern: str, asked: str) -> None:
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    fits = re.fullmatch(expression, asked) is not None
    assert (aliased(asked, {pattern: "hit"}) == "hit") is fits


def test_a_pattern_of_many_stars_costs_no_time() -> None:
    assert aliased("a" * 100_000, {"*a" * 500 + "*b": "hit"}) == "a" * 100_000
