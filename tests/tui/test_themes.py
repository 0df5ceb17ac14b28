"""Theme files: what is shipped can be read by people, what is broken is named by line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from textual.color import Color

from tests.tui.pilot import THEMES
from tui.themes import DERIVED, ThemeError, Themes, contrast, parse

GOOD = """\
name = "own"
primary = "#7cb2ea"
foreground = "#d3dce6"
background = "#0e131a"
surface = "#141b25"
"""
GROUNDS = ("background", "surface", "panel")
MEANINGS = ("primary", "secondary", "accent", "success", "warning", "error")


def own_theme(folder: Path, text: str, name: str = "own") -> Themes:
    (folder / f"{name}.toml").write_text(text)
    return Themes(folder)


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ThemeError) as caught:
        parse(text, "own", "own.toml")
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_three_themes_are_shipped_and_the_default_comes_first() -> None:
    assert Themes().names() == ["harbor", "harbor-light", "ansi"]
    assert set(THEMES) == set(Themes().names())


@pytest.mark.parametrize("name", ["harbor", "harbor-light"])
def test_text_can_be_read_on_every_ground(name: str) -> None:
    theme = Themes().get(name)
    assert theme is not None
    for ground in (getattr(theme, each) for each in GROUNDS):
        assert contrast(theme.foreground or "", ground) >= 7
        assert contrast(theme.variables["muted"], ground) >= 4.5
        assert all(contrast(getattr(theme, meaning), ground) >= 4.5 for meaning in MEANINGS)
    assert contrast(theme.variables["faint"], theme.surface or "") >= 3
    assert contrast(theme.variables["select-text"], theme.variables["select"]) >= 4.5
    assert contrast(theme.variables["muted"], theme.variables["select"]) >= 3
    assert contrast(theme.variables["chip-text"], theme.variables["chip"]) >= 4.5


@pytest.mark.parametrize("name", ["harbor", "harbor-light"])
def test_each_lift_differs_from_the_one_below_it(name: str) -> None:
    theme = Themes().get(name)
    assert theme is not None
    lifts = {theme.background, theme.surface, theme.panel, theme.variables["lift"]}
    assert len(lifts) == 4


@pytest.mark.parametrize("name", ["harbor", "harbor-light"])
def test_the_meanings_are_told_apart_by_hue(name: str) -> None:
    theme = Themes().get(name)
    assert theme is not None
    hues = sorted(Color.parse(getattr(theme, each)).hsl.h * 360 for each in MEANINGS if each != "secondary")
    assert min(later - earlier for earlier, later in pairwise(hues)) >= 12


def test_the_ansi_theme_uses_only_the_terminals_own_colours() -> None:
    theme = Themes().get("ansi")
    assert theme is not None
    assert theme.ansi
    assert theme.background == "ansi_default"
    assert all(theme.variables[name].startswith("ansi_") for name in DERIVED)


def test_every_variable_of_a_theme_is_a_plain_colour() -> None:
    theme = parse(GOOD + '[vars]\nmuted = "$primary 50%"\nlog-info = "$muted"\n', "own", "own.toml")
    assert all(Color.parse(theme.variables[name]).a == 1 for name in DERIVED)
    assert theme.variables["log-info"] == theme.variables["muted"]
    assert contrast(theme.variables["muted"], "#141b25") < contrast("#7cb2ea", "#141b25")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (GOOD.replace("#7cb2ea", "blueish"), 2, "primary = 'blueish'"),
        (GOOD + 'colour = "red"\n', 6, "unknown key colour"),
        (GOOD + '[vars]\nmuted = "$nothing"\n', 7, "$nothing"),
        (GOOD + '[vars]\nmutd = "red"\n', 7, "unknown variable mutd"),
        (GOOD + '[vars]\nmuted = "$primary 50"\n', 7, "percentage"),
        (GOOD + '[vars]\nmuted = "$faint"\nfaint = "$muted"\n', 7, "by itself"),
        (GOOD + "dark = 1\n", 6, "true or false"),
        (GOOD.replace('"own"', '"other"'), 1, 'name must be "own"'),
        (GOOD + "accent = \n", 6, "Invalid value"),
        ('name = "own"\n', 0, "primary is missing"),
    ],
)
def test_a_broken_theme_is_reported_with_its_line(text: str, line: int, word: str) -> None:
    found = problems_of(text)
    assert any(number == line and word in said for number, said in found), found


def test_a_theme_that_breaks_keeps_its_last_good_reading(tmp_path: Path) -> None:
    themes = own_theme(tmp_path, GOOD)
    good = themes.get("own")
    (tmp_path / "own.toml").write_text(GOOD.replace("#7cb2ea", "blueish"))
    assert themes.get("own") is good
    assert str(themes.problems[0]).startswith(f"{tmp_path}/own.toml:2: ")


def test_ones_own_file_wins_over_a_shipped_theme_of_the_same_name(tmp_path: Path) -> None:
    themes = own_theme(tmp_path, GOOD.replace("own", "harbor"), "harbor")
    theme = themes.get("harbor")
    assert theme is not None
    assert theme.error is None
    assert themes.names().count("harbor") == 1


def test_a_broken_own_file_falls_back_to_the_shipped_theme(tmp_path: Path) -> None:
    themes = own_theme(tmp_path, "broken", "harbor")
    theme = themes.get("harbor")
    assert theme is not None
    assert theme.error == "#ee7480"
    assert themes.problems


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "own.toml").write_text(GOOD)
    assert Themes(inner).get("../own") is None
