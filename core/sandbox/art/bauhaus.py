"""A geometric composition on paper: a grid of tiles, each one plain form in a few flat colours."""

import math
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw

from core.sandbox.art.canvas import Picture, Scene
from core.sandbox.art.colour import Colour

Box = tuple[float, float, float, float]
Draw = ImageDraw.ImageDraw
Tile = Callable[[Draw, Scene, Box, Colour, Colour], None]


def paint(scene: Scene) -> Picture:
    """A margin of paper, a grid of square tiles, here and there one large form over four of them."""
    random, palette = scene.random, scene.palette
    paper = palette.paper
    picture = Image.new("RGB", scene.size, paper)
    draw = ImageDraw.Draw(picture)
    short = min(scene.width, scene.height)
    margin = short * 0.07
    across = 4 if scene.width >= scene.height else 3
    side = (scene.width - 2 * margin) / max(across, round(across * scene.width / scene.height))
    columns = round((scene.width - 2 * margin) / side)
    rows = max(1, int((scene.height - 2 * margin) // side))
    left, top = (scene.width - columns * side) / 2, (scene.height - rows * side) / 2
    colours = [*palette.accents[:4], palette.ink]
    taken: set[tuple[int, int]] = set()
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            span = 1
            if row + 1 < rows and column + 1 < columns and random.random() < 0.16:
                block = {(row + i, column + j) for i in (0, 1) for j in (0, 1)}
                if not block & taken:
                    span = 2
                    taken |= block
            x, y = left + column * side, top + row * side
            back, form = _pair(scene, colours, paper)
            tile = random.choice(_TILES)
            box = (x, y, x + side * span, y + side * span)
            if back != paper:
                draw.rectangle(box, fill=back)
            tile(draw, scene, box, form, back)
    return picture


def _pair(scene: Scene, colours: list[Colour], paper: Colour) -> tuple[Colour, Colour]:
    """A ground and a different colour on it; the ground is often the paper."""
    back = paper if scene.random.random() < 0.42 else scene.random.choice(colours)
    form = scene.random.choice([one for one in [*colours, paper] if one != back])
    return back, form


def _quarter(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, y1 = box
    side = x1 - x0
    turn = scene.random.randrange(4)
    cx, cy = (x0, x1, x1, x0)[turn], (y0, y0, y1, y1)[turn]
    draw.pieslice((cx - side, cy - side, cx + side, cy + side), turn * 90, turn * 90 + 90, fill=form)
    if scene.random.random() < 0.5:
        inner = side * 0.5
        draw.pieslice((cx - inner, cy - inner, cx + inner, cy + inner), turn * 90, turn * 90 + 90, fill=back)


def _half(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, y1 = box
    half = (x1 - x0) / 2
    if scene.random.random() < 0.5:
        draw.pieslice((x0, y0 - half, x1, y0 + half), 0, 180, fill=form)
        draw.pieslice((x0, y0, x1, y1), 0, 180, fill=form)
    else:
        draw.pieslice((x0 - half, y0, x0 + half, y1), 270, 450, fill=form)
        draw.pieslice((x0, y0, x1, y1), 270, 450, fill=form)


def _rings(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, _ = box
    side = x1 - x0
    accent = scene.random.choice(scene.palette.accents)
    for at, colour in enumerate((form, back, form, back if accent == form else accent)):
        inset = side * (0.08 + 0.11 * at)
        draw.ellipse((x0 + inset, y0 + inset, x0 + side - inset, y0 + side - inset), fill=colour)


def _dot(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, _ = box
    side = x1 - x0
    inset = side * scene.random.choice((0.1, 0.2, 0.28))
    draw.ellipse((x0 + inset, y0 + inset, x0 + side - inset, y0 + side - inset), fill=form)


def _stripes(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, y1 = box
    count = scene.random.choice((4, 5, 6))
    step = (x1 - x0) / count
    upright = scene.random.random() < 0.5
    for at in range(count):
        low, high = at * step, at * step + step * 0.5
        if upright:
            draw.rectangle((x0 + low, y0, x0 + high, y1), fill=form)
        else:
            draw.rectangle((x0, y0 + low, x1, y0 + high), fill=form)


def _triangle(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, y1 = box
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    corners.pop(scene.random.randrange(4))
    draw.polygon(corners, fill=form)


def _lattice(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    x0, y0, x1, _ = box
    count = 4
    step = (x1 - x0) / count
    radius = step * 0.24
    for row in range(count):
        for column in range(count):
            cx, cy = x0 + (column + 0.5) * step, y0 + (row + 0.5) * step
            draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=form)


def _petals(draw: Draw, scene: Scene, box: Box, form: Colour, back: Colour) -> None:
    """Two leaves that meet in opposite corners."""
    x0, y0, x1, y1 = box
    side = x1 - x0
    flip = scene.random.random() < 0.5
    for cx, cy, start in ((x0, y1, 270), (x1, y0, 90)) if flip else ((x0, y0, 0), (x1, y1, 180)):
        points = [(cx, cy)]
        points = [
            (
                cx + side * math.cos(math.radians(start + degree)),
                cy + side * math.sin(math.radians(start + degree)),
            )
            for degree in range(0, 91, 3)
        ]
        draw.polygon(points, fill=form)


_TILES: Final[tuple[Tile, ...]] = (
    _quarter,
    _quarter,
    _half,
    _rings,
    _dot,
    _stripes,
    _triangle,
    _lattice,
    _petals,
)
