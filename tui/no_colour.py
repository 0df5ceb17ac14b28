"""NO_COLOR: not one colour is sent; what colours say is said by weight.

Works on cells that are drawn already, so no widget needs to know of it. A ground of the terminal's 16
colours marks something (a selected row, a badge) and becomes reversed; the quiet grey becomes dim; a
picture's half blocks become light and dark halves. Grounds of other colours are only decoration.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

UPPER = "▀"
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""Which half blocks show a cell, by whether its upper and its lower half are light."""
LIGHT = 0.45
"""Brightness from which on a pixel counts as light."""
QUIET = 8
"""The number of bright black, in which the ansi theme writes what matters less."""


class NoColour(LineFilter):
    """Takes the colours out of every segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(_text(text, style), plain(style), control) if style is not None else segment
            for segment in segments
            for text, style, control in (segment,)
        ]


@lru_cache(2048)
def plain(style: Style) -> Style:
    """`style` without colours, its meaning in bold, dim and reverse."""
    marks, quiet = _is_ground(style.bgcolor), style.color is not None and style.color.number == QUIET
    weight = Style(reverse=not style.reverse if marks else None, dim=True if quiet and not marks else None)
    return style.without_color + weight


def _is_ground(colour: RichColor | None) -> bool:
    return colour is not None and colour.type in (ColorType.STANDARD, ColorType.EIGHT_BIT)


def _text(text: str, style: Style) -> str:
    upper, lower = style.color, style.bgcolor
    if not text.startswith(UPPER) or upper is None or lower is None or text.strip(UPPER):
        return text
    if upper.type is not ColorType.TRUECOLOR or lower.type is not ColorType.TRUECOLOR:
        return text
    return HALVES[_is_light(upper), _is_light(lower)] * len(text)


def _is_light(colour: RichColor) -> bool:
    return Color.from_rich_color(colour).brightness >= LIGHT
