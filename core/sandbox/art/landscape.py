"""Layered land under a large sky: dunes, mountains or pine hills, with the sun or the moon."""

import math

from PIL import Image, ImageDraw

from core.sandbox.art import motifs
from core.sandbox.art.canvas import Picture, Point, Scene, fade, glow, levels, noise, ridge, sized, vertical
from core.sandbox.art.colour import Colour, lift, mix


def paint(scene: Scene) -> Picture:
    """Sky, sun, then layers of land from far to near, each darker and lower."""
    picture = vertical(scene.size, scene.palette.sky)
    horizon = scene.height * scene.random.uniform(0.56, 0.66)
    if scene.palette.night:
        motifs.stars(picture, scene, horizon)
    _clouds(picture, scene, horizon)
    _sun(picture, scene, horizon)
    _land(picture, scene, horizon)
    motifs.hint(picture, scene, horizon)
    return picture


def _sun(picture: Picture, scene: Scene, horizon: float) -> None:
    random, light = scene.random, scene.palette.light
    x = scene.width * random.choice((random.uniform(0.2, 0.38), random.uniform(0.62, 0.8)))
    y = horizon - scene.unit * random.uniform(4, 26)
    radius = scene.unit * random.uniform(6.5, 9.5)
    glow(picture, (x, y), radius * 7, mix(light, scene.palette.sky[-1], 0.45), 0.55)
    glow(picture, (x, y), radius * 2.6, light, 0.7)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    if scene.palette.night:
        motifs.craters(draw, (x, y), radius, light)


def _clouds(picture: Picture, scene: Scene, horizon: float) -> None:
    """Long thin bands of light cloud in the lower half of the sky."""
    size = (scene.width, int(horizon))
    low = (max(2, size[0] // 4), max(2, size[1] // 4))
    mask = levels(noise(low, (2, 9), scene.random, 3), 132, 232, 120)
    mask = Image.composite(mask, Image.new("L", low, 0), fade(low, 10, 255, 0))
    tint = mix(scene.palette.light, scene.palette.sky[-2], 0.35)
    picture.paste(Image.new("RGB", size, tint), (0, 0), sized(mask, size))


def _land(picture: Picture, scene: Scene, horizon: float) -> None:
    random = scene.random
    dunes = scene.palette.name == "desert" or scene.mentions("dune", "sand", "desert", "hill")
    layers = random.randint(5, 6)
    for at in range(layers):
        depth = at / (layers - 1)
        base = horizon + (scene.height - horizon) * (depth**1.25) * 0.86 + scene.unit * 2
        rise = scene.unit * (22 - 9 * depth) * (0.55 if dunes else 1.0)
        colour = mix(scene.palette.far, scene.palette.near, depth**0.8)
        if dunes:
            line = _dune_line(scene, base, rise)
        else:
            line = ridge(scene.width, base, rise, 0.42 + 0.1 * (1 - depth), random, 512)
        _fill(picture, scene, line, colour, depth)
        if depth > 0.3 and (scene.palette.name in ("forest", "winter") or scene.mentions("pine", "forest")):
            motifs.pines(picture, scene, line, lift(colour, -0.05), depth)


def _dune_line(scene: Scene, base: float, rise: float) -> list[Point]:
    """A long soft wave with one sharper crest."""
    random = scene.random
    waves = [
        (random.uniform(0.4, 1.3), random.uniform(0, math.tau), random.uniform(0.4, 1.0)) for _ in range(3)
    ]
    steps = 256
    points: list[Point] = []
    for at in range(steps + 1):
        share = at / steps
        height = sum(weight * math.sin(math.tau * rate * share + phase) for rate, phase, weight in waves) / 2
        points.append((share * scene.width, base - rise * (0.5 + 0.5 * height)))
    return points


def _fill(picture: Picture, scene: Scene, line: list[Point], colour: Colour, depth: float) -> None:
    """Fill below `line`, lighter along the top, so that haze seems to lie between the layers."""
    top = int(min(y for _, y in line))
    height = scene.height - top
    if height <= 0:
        return
    mask = Image.new("L", (scene.width, height), 0)
    shape = [(x, y - top) for x, y in line]
    ImageDraw.Draw(mask).polygon([*shape, (scene.width, height), (0, height)], fill=255)
    haze = mix(colour, scene.palette.sky[-1], 0.30 * (1 - depth))
    body = vertical(
        (scene.width, height), (lift(colour, 0.035), colour, haze if depth < 0.75 else lift(colour, -0.04))
    )
    picture.paste(body, (0, top), mask)
