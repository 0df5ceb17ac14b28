"""What is left of a quota in words: bar, number, level, reset."""

from __future__ import annotations

import pytest

from core.domain.quota import percent, quota_cells, quota_level, reset_text


@pytest.mark.parametrize(
    ("left", "cells", "number"),
    [
        (1.0, "━━━━━━━━━━", "100%"),
        (0.994, "━━━━━━━━━·", " 99%"),
        (0.81, "━━━━━━━━··", " 81%"),
        (0.5, "━━━━━·····", " 50%"),
        (0.001, "━·········", "  1%"),
        (0.0, "··········", "  0%"),
        (7.0, "━━━━━━━━━━", "100%"),
        (-1.0, "··········", "  0%"),
    ],
)
def test_full_and_empty_are_shown_only_when_true(left: float, cells: str, number: str) -> None:
    assert quota_cells(left) == cells
    assert percent(left) == number


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (-3, "in 0 s"),
        (41, "in 41 s"),
        (2460, "in 41 m"),
        (7860, "in 2 h 11 m"),
        (7200, "in 2 h"),
        (273_600, "in 3 d 4 h"),
        (259_200, "in 3 d"),
    ],
)
def test_the_reset_is_told_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert reset_text(seconds) == text


def test_the_level_falls_as_less_is_left() -> None:
    assert [quota_level(left) for left in (0.9, 0.3, 0.1)] == ["good", "mid", "low"]
