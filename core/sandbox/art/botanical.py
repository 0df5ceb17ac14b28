"""Flowers on paper: a rosette of petals, or stems with leaves and blossoms."""

import math
from typing import Final

from PIL import ImageDraw

from core.sandbox.art.canvas import Picture, Point, Scene, glow, vertical
from core.sandbox.art.colour import Colour, hexed, lift, mix
from core.sandbox.art.palettes import asked_colour

_GOLDEN: Final = math.pi * (3 - math.sqrt(5))
_ROSE: Final = hexed("#d6336c")


def paint(scene: Scene) -> Picture:
    """One large rosette for single things, a bed of stems for gardens and the like."""
    paper = scene.palette.ground(scene.palette.night)
    picture = vertical(scene.size, (lift(paper, 0.015), paper, lift(paper, -0.03)))
    many = scene.mentions("garden", "meadow", "flowers", "field", "plants", "roses", "tulips", "bouquet")
    if not many and (
        scene.mentions("mandala", "rosette", "dahlia", "lotus", "rose") or scene.random.random() < 0.5
    ):
        _rosette(picture, scene)
    else:
        _bed(picture, scene)
    return picture


def _rosette(picture: Picture, scene: Scene) -> None:
    """Rings of petals, outer ones first, lighter toward the middle; seeds by the golden angle."""
    random, unit = scene.random, scene.unit
    centre = (scene.width * 0.5, scene.height * 0.5)
    glow(picture, centre, unit * 70, scene.palette.light, 0.12 if scene.palette.night else 0.35)
    draw = ImageDraw.Draw(picture)
    outer, heart = random.sample(list(scene.palette.accents), 2)
    outer = asked_colour(scene.prompt) or (_ROSE if scene.mentions("rose") else outer)
    inner = mix(lift(outer, 0.2), scene.palette.light, 0.3)
    leaf = mix(scene.palette.near, (60, 130, 80), 0.5)
    for at in range(9):
        _petal(draw, centre, at * math.tau / 9 + 0.2, unit * 47, unit * 8, leaf)
    rings = random.randint(5, 6)
    for ring in range(rings):
        share = ring / (rings - 1)
        count = 16 - ring
        reach = unit * (42 - 29 * share)
        for at in range(count):
            angle = (at + 0.5 * (ring % 2)) * math.tau / count
            shade = lift(mix(outer, inner, share), 0.03 * math.cos(angle - 0.8))
            _petal(draw, centre, angle, reach, reach * (0.2 + 0.05 * share), shade)
    for at in range(150):
        distance = unit * 0.62 * math.sqrt(at)
        x, y = centre[0] + distance * math.cos(at * _GOLDEN), centre[1] + distance * math.sin(at * _GOLDEN)
        size = unit * (0.34 + 0.2 * at / 150)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=lift(heart, 0.12 - 0.24 * at / 150))


def _petal(
    draw: ImageDraw.ImageDraw, centre: Point, angle: float, reach: float, half: float, colour: Colour
) -> None:
    """One pointed petal with a lighter side and a fine middle vein."""
    cos, sin = math.cos(angle), math.sin(angle)

    def at(along: float, aside: float) -> Point:
        return centre[0] + along * cos - aside * sin, centre[1] + along * sin + aside * cos

    shares = [step / 18 for step in range(19)]
    width = [half * math.sin(math.pi * share**0.75) ** 0.8 for share in shares]
    left = [at(share * reach, -w) for share, w in zip(shares, width, strict=True)]
    right = [at(share * reach, w) for share, w in zip(shares, width, strict=True)]
    spine = [at(share * reach, 0) for share in shares]
    draw.polygon([*left, *reversed(spine)], fill=lift(colour, 0.025))
    draw.polygon([*right, *reversed(spine)], fill=lift(colour, -0.025))
    draw.line(
        [*left, *reversed(right), left[0]],
        fill=lift(colour, -0.09),
        width=max(1, int(half * 0.05)),
        joint="curve",
    )


def _bed(picture: Picture, scene: Scene) -> None:
    """Stems from the lower edge, curved, with paired leaves and a blossom each."""
    random, unit = scene.random, scene.unit
    disc = unit * 15
    x, y = scene.width * random.uniform(0.25, 0.75), scene.height * random.uniform(0.24, 0.34)
    glow(picture, (x, y), disc * 3.4, scene.palette.light, 0.14 if scene.palette.night else 0.5)
    draw = ImageDraw.Draw(picture)
    back = scene.palette.ground(scene.palette.night)
    draw.ellipse((x - disc, y - disc, x + disc, y + disc), fill=mix(back, scene.palette.accents[1], 0.4))
    green = mix(scene.palette.near, (74, 124, 89), 0.55)
    count = max(8, round(12 * scene.width / scene.height))
    order = sorted(range(count), key=lambda _: random.random())
    for rank, slot in enumerate(order):
        depth = rank / max(1, count - 1)
        root = scene.width * (slot + random.uniform(0.25, 0.75)) / count
        tall = scene.height * random.uniform(0.5, 0.86) * (1 - 0.3 * depth)
        colour = scene.palette.accents[rank % len(scene.palette.accents)]
        tint = mix(green, back, 0.45 * (1 - depth))
        _stem(draw, scene, root, tall, tint, mix(colour, back, 0.25 * (1 - depth)))


def _stem(
    draw: ImageDraw.ImageDraw, scene: Scene, root: float, tall: float, green: Colour, colour: Colour
) -> None:
    random, unit = scene.random, scene.unit
    lean, sway = random.uniform(-0.16, 0.16) * tall, random.uniform(-0.06, 0.06) * tall
    line = [
        (root + lean * t * t + sway * math.sin(math.pi * t), scene.height * 1.02 - tall * t)
        for t in (step / 30 for step in range(31))
    ]
    draw.line(line, fill=green, width=max(2, int(unit * 0.75)), joint="curve")
    for at in range(5, 25, 5):
        side = 1 if (at // 5) % 2 else -1
        size = unit * (13 - at * 0.32)
        _petal(draw, line[at], -math.pi / 2 + side * random.uniform(0.7, 1.05), size, size * 0.2, green)
    head = line[-1]
    kind = random.randrange(3)
    size = unit * random.uniform(8, 11.5)
    heart = mix(scene.palette.light, (240, 180, 60), 0.5)
    if kind == 0:
        for ring, (count, share) in enumerate(((12, 1.0), (9, 0.68))):
            for at in range(count):
                _petal(
                    draw,
                    head,
                    (at + ring * 0.5) * math.tau / count,
                    size * share,
                    size * share * 0.2,
                    lift(colour, 0.05 * ring),
                )
        _seed(draw, head, size * 0.26, heart)
    elif kind == 1:
        for spread in (-0.85, 0.85, -0.45, 0.45, 0.0):
            shade = lift(colour, 0.05 - abs(spread) * 0.09)
            _petal(
                draw, (head[0], head[1] + size * 0.4), -math.pi / 2 + spread, size * 1.5, size * 0.36, shade
            )
    else:
        for at in range(34):
            distance = size * 0.15 * math.sqrt(at)
            spot = (head[0] + distance * math.cos(at * _GOLDEN), head[1] + distance * math.sin(at * _GOLDEN))
            _seed(draw, spot, size * (0.2 - at * 0.002), lift(colour, 0.1 - at * 0.005))


def _seed(draw: ImageDraw.ImageDraw, centre: Point, radius: float, colour: Colour) -> None:
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
