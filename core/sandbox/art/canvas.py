"""What every style paints with: gradients, glows, clouds of noise, ridges.

Sizes are pixels of the canvas, which is larger than the picture where edges are smoothed by shrinking.
"""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Final

from PIL import Image

from core.sandbox.art.colour import Colour, ramp
from core.sandbox.art.palettes import Palette

Picture = Image.Image
Point = tuple[float, float]

_RAMP_STEPS: Final = 96
_RIM: Final = 181
"""Value of Pillow's radial gradient where its circle touches the square."""


class Scene:
    """One picture to be made: its size, its chance, its colours and the words that asked for it."""

    def __init__(self, size: tuple[int, int], random: Random, palette: Palette, prompt: str) -> None:
        self.width, self.height = size
        self.random = random
        self.palette = palette
        self.prompt = prompt.lower()

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side: the measure of everything that isn't placed by width or height."""
        return min(self.width, self.height) / 100

    def mentions(self, *words: str) -> bool:
        """Whether the prompt holds one of `words` (word beginnings)."""
        return any(word in self.prompt for word in words)


def vertical(size: tuple[int, int], stops: Sequence[Colour]) -> Picture:
    """A gradient from top to bottom."""
    strip = column([ramp(stops, at / (_RAMP_STEPS - 1)) for at in range(_RAMP_STEPS)], "RGB")
    return sized(sized(strip, (1, size[1])), size, smooth=False)


def sized(picture: Picture, size: tuple[int, int], smooth: bool = True) -> Picture:
    """`picture` at another size, its colours blended or (not `smooth`) repeated."""
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return picture.resize(size, how)  # pyright: ignore[reportUnknownMemberType]


def mapped(grey: Picture, table: Sequence[int]) -> Picture:
    """`grey` with each of its 256 values replaced by the one in `table`."""
    return grey.point(table)  # pyright: ignore[reportUnknownMemberType]


def column(values: Sequence[int] | Sequence[Colour], mode: str) -> Picture:
    """A picture one pixel wide that holds `values` from top to bottom."""
    strip = Image.new(mode, (1, len(values)))
    strip.putdata(values)  # pyright: ignore[reportUnknownMemberType]
    return strip


def glow(picture: Picture, centre: Point, radius: float, colour: Colour, strength: float) -> None:
    """Lighten `picture` around `centre`, fading out at `radius`. `strength` is 0 to 1."""
    side = max(2, int(radius * 2))
    fall = [max(0.0, 1 - value / _RIM) ** 2.2 * 255 * strength for value in range(256)]
    spot = mapped(sized(Image.radial_gradient("L"), (side, side)), [int(value) for value in fall])
    box = (int(centre[0] - radius), int(centre[1] - radius))
    picture.paste(Image.new("RGB", (side, side), colour), box, spot)


def noise(size: tuple[int, int], cells: tuple[int, int], random: Random, octaves: int = 3) -> Picture:
    """Smooth grey noise: `cells` of the coarsest octave across and down."""
    result: Picture | None = None
    for octave in range(octaves):
        wide, high = max(2, cells[0] << octave), max(2, cells[1] << octave)
        grid = Image.frombytes("L", (wide, high), random.randbytes(wide * high))
        layer = sized(grid, size)
        result = layer if result is None else Image.blend(result, layer, 0.5 ** (octave + 1))
    assert result is not None
    return result


def levels(grey: Picture, low: int, high: int, top: int = 255) -> Picture:
    """`grey` stretched so that `low` and less is 0, `high` and more is `top`."""
    span = max(1, high - low)
    return mapped(grey, [min(top, max(0, (value - low) * top // span)) for value in range(256)])


def ridge(
    width: float, base: float, rise: float, roughness: float, random: Random, steps: int
) -> list[Point]:
    """A mountain line across `width`: points around `base`, up to about `rise` high.

    Midpoint displacement; `roughness` from 0.4 (rolling) to 0.65 (jagged).
    """
    heights = [random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)]
    scale = 1.0
    while len(heights) <= steps:
        finer: list[float] = []
        for left, right in pairwise(heights):
            finer += [left, (left + right) / 2 + random.uniform(-0.5, 0.5) * scale]
        heights = [*finer, heights[-1]]
        scale *= roughness
    lowest, highest = min(heights), max(heights)
    span = (highest - lowest) or 1.0
    step = width / (len(heights) - 1)
    return [(at * step, base - rise * (height - lowest) / span) for at, height in enumerate(heights)]


def fade(size: tuple[int, int], *stops: int) -> Picture:
    """A mask that goes through `stops` (0 to 255), evenly spaced, from top to bottom."""
    return sized(sized(column(stops, "L"), (1, 256)), size)
