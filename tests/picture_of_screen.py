"""A Textual screen as a PNG: each cell drawn as a terminal would, half-blocks as exact rectangles.

Needs a monospaced TrueType font on the machine; without one there is no PNG, and `PngError` says so.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.app import App

FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "NotoSansMono-Regular.ttf", "Menlo.ttc")
BOLD = {
    "DejaVuSansMono.ttf": "DejaVuSansMono-Bold.ttf",
    "LiberationMono-Regular.ttf": "LiberationMono-Bold.ttf",
}
SIZE = 16
EIGHTHS = {chr(0x2580 + number): number for number in range(1, 9)}
RGB = tuple[int, int, int]


class PngError(Exception):
    """There is no font to draw with."""


def _fonts() -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]:
    for name in FONTS:
        try:
            regular = ImageFont.truetype(name, SIZE)
        except OSError:
            continue
        try:
            return regular, ImageFont.truetype(BOLD.get(name, name), SIZE)
        except OSError:
            return regular, regular
    raise PngError(f"none of these fonts is installed: {', '.join(FONTS)}")


def _rgb(color: Color | None, default: RGB) -> RGB:
    if color is None or color.is_default:
        return default
    red, green, blue = color.get_truecolor()
    return red, green, blue


def save_png(app: App[object], path: Path) -> None:
    """Draw what `app` shows now into `path`. Raises PngError without a font."""
    regular, bold = _fonts()
    wide, high = round(regular.getlength("M")), sum(regular.getmetrics()) + 1
    background: RGB = _rgb(Color.parse(app.theme_variables["background"][:7]), (16, 16, 20))
    columns, rows = app.size
    image = Image.new("RGB", (columns * wide, rows * high), background)
    draw = ImageDraw.Draw(image)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            style = segment.style or Style()
            ink, paper = _rgb(style.color, (216, 216, 216)), _rgb(style.bgcolor, background)
            if style.reverse:
                ink, paper = paper, ink
            if style.dim:
                ink = tuple((a * 2 + b) // 3 for a, b in zip(ink, paper, strict=True))  # type: ignore[assignment]
            for letter in segment.text:
                cells = cell_len(letter)
                left, top = x * wide, y * high
                right, bottom = left + cells * wide - 1, top + high - 1
                draw.rectangle((left, top, right, bottom), fill=paper)
                if letter == "▀":
                    draw.rectangle((left, top, right, top + high // 2 - 1), fill=ink)
                elif letter in EIGHTHS:
                    draw.rectangle(
                        (left, bottom - round(high * EIGHTHS[letter] / 8) + 1, right, bottom), fill=ink
                    )
                elif letter == "▌":
                    draw.rectangle((left, top, left + wide // 2 - 1, bottom), fill=ink)
                elif letter.strip():
                    draw.text((left, top), letter, font=bold if style.bold else regular, fill=ink)
                if style.underline:
                    draw.line((left, bottom - 1, right, bottom - 1), fill=ink)
                x += cells
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)
