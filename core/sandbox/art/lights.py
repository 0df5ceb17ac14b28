"""Northern lights: curtains of rays on winding lines, painted on black to be added to a sky."""

import math
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from core.sandbox.art.canvas import Picture, Scene, mapped, noise, sized, vertical
from core.sandbox.art.colour import Colour, hexed, lift, mix, vivid

_CURTAINS: Final = ("#46ff9a", "#2ff0c0", "#8a5cff", "#ff5fc8")
_SHRINK: Final = 4
"""Light is soft: it is painted at a quarter of the canvas."""


def northern_lights(scene: Scene, horizon: int) -> Picture:
    """The curtains on black, to be added to the sky."""
    random = scene.random
    size = (scene.width // _SHRINK, max(2, horizon // _SHRINK))
    result = Image.new("RGB", size)
    asked = [vivid(lift(one, 0.1), 1.2) for one in scene.palette.accents[:2]]
    chosen = [hexed(one) for one in _CURTAINS]
    if scene.palette.name not in ("night", "winter", "sea"):
        chosen = [mix(a, b, 0.5) for a, b in zip(chosen, [*asked, *asked], strict=False)]
    for at in range(random.randint(2, 3)):
        foot = size[1] * random.uniform(0.62, 0.95)
        layer = _curtain(scene, size, foot, chosen[at % 2], chosen[2 + at % 2])
        result = ImageChops.screen(result, layer)
    return sized(result, (scene.width, horizon))


def _curtain(scene: Scene, size: tuple[int, int], foot: float, low: Colour, high: Colour) -> Picture:
    """One curtain: rays that stand on a winding line, green at the foot and violet above."""
    random = scene.random
    wide, high_px = size
    waves = [
        (random.uniform(0.6, 2.4), random.uniform(0, math.tau), random.uniform(0.3, 1)) for _ in range(3)
    ]
    rays = noise((wide, 1), (wide // 14, 2), random, 3).tobytes()
    mask = Image.new("L", size)
    ray = _ray()
    for x in range(wide):
        share = x / wide
        bend = sum(weight * math.sin(math.tau * rate * share + phase) for rate, phase, weight in waves)
        base = foot + bend * high_px * 0.09
        bright = min(1.0, max(0.12, (rays[x] - 66) / 110)) * (
            0.4 + 0.6 * math.sin(math.pi * (0.1 + share * 0.8))
        )
        length = int(high_px * (0.28 + 0.42 * bright))
        if length < 2 or bright <= 0.02:
            continue
        strip = mapped(sized(ray, (1, length)), [int(value * min(1.0, bright)) for value in range(256)])
        mask.paste(strip, (x, int(base) - length))
    mask = mask.filter(ImageFilter.BoxBlur(1.2))
    colour = vertical(size, (high, high, mix(low, high, 0.35), low, low))
    return Image.composite(colour, Image.new("RGB", size), mask)


def _ray() -> Picture:
    """Brightness along one ray: a bright foot that fades upward."""
    strip = Image.new("L", (1, 64))
    for at in range(64):
        share = at / 63
        value = share**1.7 if share < 0.93 else (1 - share) / 0.07 * 0.93**1.7
        strip.putpixel((0, at), int(250 * value))
    return strip
