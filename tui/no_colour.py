"""NO_COLOR: not one colour is sent; what colours say is said by weight.

Works on cells that are drawn already, so no widget needs to know of it. A ground of the terminal's 16
colours marks something (a selected row, a badge) and becomes reversed; the quiet grey becomes dim; a
picture's half blocks become light and dark halves, more of them light where it is brighter. Grounds of
other colours are only decoration.
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
ORDER = ((0, 4, 1, 5), (6, 2, 7, 3))
"""In which order the halves of four cells become light as it gets brighter (ordered dithering), so that greys
are seen, too. Rows are drawn one by one and in any order, so every row of cells has the same pattern."""
QUIET = 8
"""The number of bright black, in which the ansi theme writes what matters less."""


class NoColour(LineFilter):
    """Takes the colours out of every segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        plain_segments: list[Segment] = []
        column = 0
        for segment in segments:
            text, style, control = segment
            if style is not None:
                segment = Segment(_text(text, style, column), plain(style), control)
            plain_segments.append(segment)
            column += segment.cell_length
        return plain_segments


@lru_cache(2048)
def plain(style: Style) -> Style:
    """`style` without colours, its meaning in bold, dim and reverse."""
    marks, quiet = _is_ground(style.bgcolor), style.color is not None and style.color.number == QUIET
    weight = Style(reverse=not style.reverse if marks else None, dim=True if quiet and not marks else None)
    return style.without_color + weight


def _is_ground(colour: RichColor | None) -> bool:
    return colour is not None and colour.type in (ColorType.STANDARD, ColorType.EIGHT_BIT)


def _text(text: str, style: Style, column: int) -> str:
    """`text`, or light and dark halves if it is a picture's, from `column` on."""
    upper, lower = style.color, style.bgcolor
    if not text.startswith(UPPER) or upper is None or lower is None or text.strip(UPPER):
        return text
    if upper.type is not ColorType.TRUECOLOR or lower.type is not ColorType.TRUECOLOR:
        return text
    bright = (_brightness(upper), _brightness(lower))
    return "".join(_cell(*bright, at % 4) for at in range(column, column + len(text)))


def _cell(upper: float, lower: float, at: int) -> str:
    above, below = ((order[at] + 0.5) / 8 for order in ORDER)
    return HALVES[upper > above, lower > below]


def _brightness(colour: RichColor) -> float:
    return Color.from_rich_color(colour).brightness
