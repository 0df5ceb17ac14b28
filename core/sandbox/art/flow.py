"""Thousands of strokes that follow one invisible current."""

import math
from collections.abc import Sequence
from typing import Final

from PIL import ImageDraw

from core.sandbox.art.canvas import Picture, Point, Scene, glow, vertical
from core.sandbox.art.colour import Colour, lift, lightness, mix, ramp

_STEPS: Final = 26
_CELLS: Final = 80


def paint(scene: Scene) -> Picture:
    """Strokes over a plain ground, coloured by where they start, wider ones first."""
    random, palette = scene.random, scene.palette
    dark = palette.night or random.random() < 0.45
    ground = palette.ground(dark)
    picture = vertical(scene.size, (lift(ground, 0.02), ground, lift(ground, -0.025)))
    draw = ImageDraw.Draw(picture)
    field = _Field(scene)
    colours = _order(palette.accents, ground)
    spots = _spread(scene, 900)
    for at, start in enumerate(spots):
        share = at / len(spots)
        width = scene.unit * (2.3 * (1 - share) ** 2 + 0.32)
        line = field.follow(start, scene.unit * (1.5 - 0.6 * share), _STEPS)
        shade = _shade(scene, colours, start, ground, share)
        draw.line(line, fill=shade, width=max(1, int(width)), joint="curve")
        _round_ends(draw, line, width / 2, shade)
    if dark:
        glow(picture, (scene.width * 0.5, scene.height * 0.45), scene.unit * 60, palette.light, 0.08)
    return picture


def _order(accents: Sequence[Colour], ground: Colour) -> list[Colour]:
    """The accents that can be seen on `ground`, neighbours alike in lightness."""
    seen = [one for one in accents if abs(lightness(one) - lightness(ground)) > 0.14]
    return sorted(seen if len(seen) > 1 else accents, key=lightness)


def _shade(scene: Scene, colours: list[Colour], start: Point, ground: Colour, share: float) -> Colour:
    place = 0.5 * start[0] / scene.width + 0.5 * start[1] / scene.height + scene.random.gauss(0, 0.09)
    return mix(ramp(colours, place), ground, scene.random.uniform(0, 0.22) * (1 - share))


def _spread(scene: Scene, count: int) -> list[Point]:
    """Evenly spread points (a jittered lattice) in random order."""
    aspect = scene.width / scene.height
    columns = max(4, round(math.sqrt(count * aspect)))
    rows = max(4, round(count / columns))
    points = [
        (
            (column + scene.random.random()) / columns * scene.width * 1.1 - scene.width * 0.05,
            (row + scene.random.random()) / rows * scene.height * 1.1 - scene.height * 0.05,
        )
        for column in range(columns)
        for row in range(rows)
    ]
    scene.random.shuffle(points)
    return points


def _round_ends(draw: ImageDraw.ImageDraw, line: list[Point], radius: float, colour: Colour) -> None:
    for x, y in (line[0], line[-1]):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


class _Field:
    """A smooth direction for every point: a few long waves and two or three whirls."""

    def __init__(self, scene: Scene) -> None:
        random = scene.random
        self._scale = min(scene.width, scene.height)
        self._cell = self._scale / _CELLS
        self._columns, self._rows = int(scene.width / self._cell), int(scene.height / self._cell)
        self._grid: dict[tuple[int, int], float] = {}
        self._base = random.uniform(-0.5, 0.5)
        self._waves = [
            (
                random.uniform(-2.6, 2.6),
                random.uniform(-2.6, 2.6),
                random.uniform(0, math.tau),
                random.uniform(0.35, 0.9),
            )
            for _ in range(3)
        ]
        self._whirls = [
            (
                random.uniform(0.1, 0.9) * scene.width,
                random.uniform(0.1, 0.9) * scene.height,
                random.choice((-1, 1)),
            )
            for _ in range(random.randint(1, 3))
        ]

    def follow(self, start: Point, step: float, steps: int) -> list[Point]:
        """The line from `start` along the current."""
        x, y = start
        line = [start]
        for _ in range(steps):
            angle = self._at(x, y)
            x += math.cos(angle) * step
            y += math.sin(angle) * step
            line.append((x, y))
        return line

    def _at(self, x: float, y: float) -> float:
        """The direction at a point, from the grid: a stroke asks far more often than the current turns."""
        column = min(max(int(x / self._cell), -1), self._columns)
        row = min(max(int(y / self._cell), -1), self._rows)
        angle = self._grid.get((column, row))
        if angle is None:
            angle = self._angle((column + 0.5) * self._cell, (row + 0.5) * self._cell)
            self._grid[column, row] = angle
        return angle

    def _angle(self, x: float, y: float) -> float:
        across, down = x / self._scale, y / self._scale
        angle = self._base + sum(
            weight * math.sin(rate_x * across + rate_y * down + phase)
            for rate_x, rate_y, phase, weight in self._waves
        )
        for centre_x, centre_y, turn in self._whirls:
            dx, dy = (x - centre_x) / self._scale, (y - centre_y) / self._scale
            pull = math.exp(-(dx * dx + dy * dy) * 14)
            angle += pull * (math.atan2(dy, dx) + turn * math.pi / 2 - angle) if pull > 0.02 else 0.0
        return angle
