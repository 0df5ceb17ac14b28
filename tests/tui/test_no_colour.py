"""Few colours and none: the terminal's own 16 stay what they are, and NO_COLOR sends not one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tests.tui.pilot import opened, plain_app, wait_until
from tui.app import AgtuiApp
from tui.no_colour import NoColour, plain
from tui.terminal import Terminal

Opener = Callable[[], Awaitable[Any]]
LINUX = {"TERM": "linux", "LANG": "C.UTF-8"}


def cells(app: AgtuiApp) -> list[Segment]:
    return [segment for strip in app.screen._compositor.render_strips() for segment in strip]


async def test_sixteen_colours_are_the_terminals_own(home: Path, opener: Opener) -> None:
    app = plain_app(home, opener, terminal=Terminal.read(LINUX))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await wait_until(pilot, lambda: any("SANDBOX" in segment.text for segment in cells(app)))
        colours = {
            colour
            for segment in cells(app)
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert colours
        assert all(colour.is_system_defined for colour in colours)
        (number,) = (each.style for each in cells(app) if each.text == "1")
        assert number is not None
        assert number.color is not None
        assert (number.color.number, number.bold) == (3, True)


@pytest.mark.parametrize("theme", ["", "harbor"])
async def test_no_colour_means_not_one(
    home: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = plain_app(home, opener, terminal=Terminal.read(LINUX | {"NO_COLOR": "1"}), theme=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await wait_until(pilot, lambda: any("SANDBOX" in segment.text for segment in cells(app)))
        styles = [segment.style for segment in cells(app) if segment.style is not None]
        assert all(style.color is None and style.bgcolor is None for style in styles)
        (badge,) = (each.style for each in cells(app) if "SANDBOX" in each.text)
        assert badge is not None
        assert badge.reverse
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: app.screen is not app.shell)


def test_a_marked_row_is_reversed_and_what_is_quiet_is_dim() -> None:
    assert plain(Style.parse("bold green on blue")) == Style.parse("bold reverse")
    assert plain(Style.parse("bright_black")) == Style.parse("dim")
    assert plain(Style.parse("italic #aabbcc on #102030")) == Style.parse("italic")
    assert plain(Style.parse("red on default")) == Style()


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("#ffffff on #000000", "▀▀"),
        ("#000000 on #ffffff", "▄▄"),
        ("#ffffff on #eeeeee", "██"),
        ("#000000 on #101010", "  "),
    ],
)
def test_a_picture_becomes_light_and_dark(style: str, shown: str) -> None:
    (segment,) = NoColour().apply([Segment("▀▀", Style.parse(style))], Color(0, 0, 0))
    assert (segment.text, segment.style) == (shown, Style())


def test_greys_of_a_picture_are_told_apart() -> None:
    greys = ("#000000", "#404040", "#808080", "#c0c0c0", "#ffffff")
    rows = [[Segment("▀" * 8, Style.parse(f"{grey} on {grey}"))] for grey in greys]
    shown = [NoColour().apply(row, Color(0, 0, 0))[0].text for row in rows]
    light = [2 * text.count("█") + text.count("▀") + text.count("▄") for text in shown]
    assert light == [0, 4, 8, 12, 16]
    split = NoColour().apply([Segment("▀", Style.parse("#808080 on #808080"))] * 8, Color(0, 0, 0))
    assert "".join(segment.text for segment in split) == shown[2], "however its cells are cut"
