"""Facts as short texts."""

from __future__ import annotations

from datetime import datetime

import pytest

from tui import format as say

NOW = datetime(2026, 11, 21, 9, 40).timestamp()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (41, "41 s"),
        (60, "1 m"),
        (4563, "1 h 16 m"),
        (7860, "2 h 11 m"),
        (273_600, "3 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_length_of_time_has_two_units(seconds: float, text: str) -> None:
    assert say.span(seconds) == text


def test_a_moment_is_as_exact_as_it_is_near() -> None:
    assert say.when(NOW - 3600, NOW) == "08:40"
    assert say.when(NOW - 86_400, NOW) == "11-20 09:40"
    assert say.when(NOW - 400 * 86_400, NOW) == "2025-10-17"
    assert [say.day(NOW - days * 86_400, NOW) for days in (0, 1, 3, 30)] == [
        "today",
        "yesterday",
        "last 7 days",
        "October 2026",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [(904, "904"), (999, "999"), (1000, "1.0k"), (9_812, "9.8k"), (999_999, "1.0M"), (123_456, "123k")],
)
def test_a_number_fits_five_cells(number: int, text: str) -> None:
    assert say.count(number) == text


def test_a_place_below_the_home_directory_is_written_as_people_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert say.place("/home/ada/pictures/a.png") == "~/pictures/a.png"
    assert say.place("/home/adam/a.png") == "/home/adam/a.png"
    assert say.place("library/a.png") == "library/a.png"


def test_a_long_path_keeps_both_ends() -> None:
    path = "/home/ada/.local/share/agtui/library/pictures/2026-11/kite.png"
    short = say.middle(path, 30)
    assert len(short) == 30
    assert short.startswith("/home/ada")
    assert short.endswith("2026-11/kite.png")
    assert say.middle("a.png", 30) == "a.png"


def test_sizes_durations_and_names() -> None:
    assert [say.weight(size) for size in (812, 65_536, 1_363_149)] == ["812 B", "64 KiB", "1.3 MiB"]
    assert [say.milliseconds(value) for value in (None, 812, 2_140)] == ["", "812 ms", "2.1 s"]
    assert say.short_email("ada@sandbox.test") == "ada@…"
    assert say.one_line("a\n  b\tc ") == "a b c"
    assert say.ago(None, NOW) == "never"
    assert say.ago(NOW - 12, NOW) == "12 s ago"


def test_one_is_no_plural() -> None:
    assert [say.plural(number, "picture") for number in (0, 1, 4)] == [
        "0 pictures",
        "1 picture",
        "4 pictures",
    ]
