"""Quota on one row: bar, number, reset."""

from __future__ import annotations

import pytest

from tests.tui.widgets.stage import Stage, rows_of
from tui.widgets.quota_bar import QuotaBar, percent, quota_cells, quota_level, quota_text, reset_text


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


def test_the_level_shows_without_colour() -> None:
    assert [quota_level(left) for left in (0.9, 0.3, 0.1)] == ["good", "mid", "low"]
    assert quota_text(0.1, 60).plain == "━·········  10%  in 1 m"


def test_an_unknown_quota_is_a_dash_as_wide_as_a_bar() -> None:
    assert quota_text(None).plain.strip() == "–"
    assert len(quota_text(None).plain) == len(quota_text(0.5).plain)


async def test_the_widget_follows_its_values() -> None:
    bar = QuotaBar(0.81, 2460)
    async with Stage(bar).run_test() as pilot:
        assert rows_of(bar) == ["━━━━━━━━··  81%  in 41 m"]
        bar.left, bar.reset_in = 0.5, None
        await pilot.pause()
        assert rows_of(bar) == ["━━━━━·····  50%"]
