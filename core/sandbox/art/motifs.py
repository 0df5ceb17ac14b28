"""Small things a prompt may name: stars, birds, a kite, a lighthouse, pines."""

import math

from PIL import ImageDraw

from core.sandbox.art.canvas import Picture, Point, Scene, glow
from core.sandbox.art.colour import Colour, lift, mix
from core.sandbox.art.palettes import asked_colour


def stars(picture: Picture, scene: Scene, horizon: float) -> None:
    """Stars above `horizon`, thinning out toward it."""
    draw = ImageDraw.Draw(picture)
    for _ in range(int(220 * scene.width / scene.height) + 60):
        x = scene.random.uniform(0, scene.width)
        y = horizon * scene.random.random() ** 1.5
        size = scene.unit * scene.random.choice((0.06, 0.08, 0.1, 0.1, 0.16))
        shade = mix(
            scene.palette.sky[0], (255, 252, 240), scene.random.uniform(0.35, 1.0) * (1 - y / horizon * 0.7)
        )
        draw.ellipse((x - size, y - size, x + size, y + size), fill=shade)


def craters(draw: ImageDraw.ImageDraw, centre: Point, radius: float, colour: Colour) -> None:
    """Three faint spots that make a disc a moon."""
    for dx, dy, share in ((-0.35, -0.2, 0.22), (0.3, 0.25, 0.3), (0.15, -0.45, 0.13)):
        x, y, size = centre[0] + dx * radius, centre[1] + dy * radius, share * radius
        draw.ellipse((x - size, y - size, x + size, y + size), fill=lift(colour, -0.035))


def hint(picture: Picture, scene: Scene, horizon: float) -> None:
    """Add what the prompt names: a kite, a lighthouse, a boat, birds."""
    if scene.mentions("kite"):
        kite(picture, scene)
    elif scene.mentions("lighthouse"):
        lighthouse(picture, scene)
    elif not scene.palette.night and scene.random.random() < 0.75:
        birds(picture, scene, horizon)


def birds(picture: Picture, scene: Scene, horizon: float) -> None:
    """A loose flock, far away."""
    draw = ImageDraw.Draw(picture)
    x0, y0 = scene.width * scene.random.uniform(0.25, 0.7), horizon * scene.random.uniform(0.25, 0.55)
    ink = mix(scene.palette.near, scene.palette.sky[0], 0.25)
    for _ in range(scene.random.randint(5, 9)):
        x = x0 + scene.random.gauss(0, 9) * scene.unit
        y = y0 + scene.random.gauss(0, 4) * scene.unit
        span = scene.unit * scene.random.uniform(0.9, 1.7)
        width = max(1, int(span * 0.16))
        wing = [
            (share * span, -math.sin(math.pi * share**0.8) * span * 0.5 + share * span * 0.12)
            for share in (step / 8 for step in range(9))
        ]
        for side in (-1, 1):
            draw.line([(x + side * dx, y + dy) for dx, dy in wing], fill=ink, width=width, joint="curve")


def kite(picture: Picture, scene: Scene) -> None:
    """A diamond kite with cross-folds, a swinging tail and its line to the ground."""
    draw = ImageDraw.Draw(picture)
    unit = scene.unit
    colour = asked_colour(scene.prompt) or scene.palette.accents[0]
    x, y = scene.width * scene.random.uniform(0.5, 0.62), scene.height * scene.random.uniform(0.2, 0.3)
    tilt = scene.random.uniform(0.35, 0.6)
    size = unit * 11

    def at(dx: float, dy: float) -> Point:
        return (
            x + size * (dx * math.cos(tilt) - dy * math.sin(tilt)),
            y + size * (dx * math.sin(tilt) + dy * math.cos(tilt)),
        )

    top, right, bottom, left, middle = at(0, -1), at(0.68, -0.25), at(0, 1.05), at(-0.68, -0.25), at(0, -0.25)
    ground = (scene.width * 0.3, scene.height * 0.93)
    string = [
        (
            middle[0] + (ground[0] - middle[0]) * t,
            middle[1] + (ground[1] - middle[1]) * t + math.sin(math.pi * t) * unit * 7,
        )
        for t in (step / 40 for step in range(41))
    ]
    draw.line(
        string,
        fill=mix(scene.palette.near, scene.palette.light, 0.35),
        width=max(1, int(unit * 0.2)),
        joint="curve",
    )
    for corner, shade in (
        ((top, right), 0.06),
        ((right, bottom), -0.05),
        ((bottom, left), -0.12),
        ((left, top), 0.0),
    ):
        draw.polygon([middle, *corner], fill=lift(colour, shade))
    tail = [
        (
            bottom[0] - unit * 0.9 * step * 0.55,
            bottom[1] + unit * 0.62 * step + math.sin(step / 2.6) * unit * 1.5,
        )
        for step in range(26)
    ]
    draw.line(tail, fill=lift(colour, -0.1), width=max(1, int(unit * 0.3)), joint="curve")
    for step in range(4, 26, 7):
        bx, by = tail[step]
        bow = unit * 1.7
        shade = scene.palette.accents[(step // 5) % len(scene.palette.accents)]
        draw.polygon([(bx, by), (bx - bow, by - bow * 0.6), (bx - bow, by + bow * 0.6)], fill=shade)
        draw.polygon([(bx, by), (bx + bow, by - bow * 0.6), (bx + bow, by + bow * 0.6)], fill=shade)


def lighthouse(picture: Picture, scene: Scene) -> None:
    """A banded tower on a rock, its lamp lit."""
    unit = scene.unit
    x, foot = scene.width * scene.random.choice((0.24, 0.76)), scene.height * 0.8
    height, wide, slim = unit * 42, unit * 4.6, unit * 3.0
    lamp = (x, foot - height - unit * 2.4)
    glow(picture, lamp, unit * 26, scene.palette.light, 0.75)
    draw = ImageDraw.Draw(picture)
    rock = [
        (x - unit * 26, scene.height),
        (x - unit * 15, foot + unit * 3),
        (x - unit * 6, foot - unit),
        (x + unit * 6, foot - unit * 0.4),
        (x + unit * 14, foot + unit * 4),
        (x + unit * 27, scene.height),
    ]
    draw.polygon(rock, fill=scene.palette.near)
    bands = 5
    red = asked_colour(scene.prompt) or (200, 60, 60)
    white = mix((250, 246, 236), scene.palette.sky[1], 0.15)
    for band in range(bands):
        low, high = band / bands, (band + 1) / bands
        y0, y1 = foot - height * low, foot - height * high
        w0, w1 = wide + (slim - wide) * low, wide + (slim - wide) * high
        colour = red if band % 2 else white
        draw.polygon([(x - w0, y0), (x + w0, y0), (x + w1, y1), (x - w1, y1)], fill=colour)
        draw.polygon(
            [(x + w0 * 0.35, y0), (x + w0, y0), (x + w1, y1), (x + w1 * 0.35, y1)], fill=lift(colour, -0.1)
        )
    top = foot - height
    dark = lift(scene.palette.near, 0.03)
    draw.rectangle((x - slim * 1.35, top - unit * 0.8, x + slim * 1.35, top), fill=dark)
    draw.rectangle(
        (x - slim * 0.75, top - unit * 4, x + slim * 0.75, top - unit * 0.8),
        fill=lift(scene.palette.light, 0.05),
    )
    draw.polygon([(x - slim, top - unit * 4), (x + slim, top - unit * 4), (x, top - unit * 7.2)], fill=red)


def pines(picture: Picture, scene: Scene, line: list[Point], colour: Colour, depth: float) -> None:
    """Pines along a ridge `line`, larger the nearer (`depth` 0 to 1) it is."""
    draw = ImageDraw.Draw(picture)
    x = 0.0
    while x < scene.width:
        index = min(int(x / scene.width * (len(line) - 1)), len(line) - 1)
        y = line[index][1] + scene.unit * 0.8
        tall = scene.unit * scene.random.uniform(2.2, 5.2) * (0.5 + 1.5 * depth)
        half = tall * scene.random.uniform(0.17, 0.23)
        for tier in range(4):
            low, high = y - tall * tier * 0.21, y - tall * (tier * 0.21 + 0.42)
            spread = half * (1 - tier * 0.2)
            draw.polygon([(x - spread, low), (x + spread, low), (x, high)], fill=colour)
        x += half * scene.random.uniform(0.7, 2.6)


def boat(picture: Picture, scene: Scene, horizon: float) -> None:
    """A small sailing boat on the water below `horizon`, with its shadow."""
    unit = scene.unit
    x = scene.width * scene.random.choice(
        (scene.random.uniform(0.22, 0.38), scene.random.uniform(0.62, 0.78))
    )
    y = horizon + (scene.height - horizon) * 0.36
    dark = mix(scene.palette.near, (6, 8, 18), 0.5)
    sail = mix(asked_colour(scene.prompt) or scene.palette.light, scene.palette.sky[-1], 0.15)
    draw = ImageDraw.Draw(picture)
    draw.polygon(
        [
            (x - unit * 5, y),
            (x + unit * 5.4, y),
            (x + unit * 3.6, y + unit * 1.7),
            (x - unit * 3.8, y + unit * 1.7),
        ],
        fill=dark,
    )
    draw.line((x, y, x, y - unit * 12), fill=dark, width=max(1, int(unit * 0.3)))
    draw.polygon(
        [(x + unit * 0.5, y - unit * 0.9), (x + unit * 0.5, y - unit * 11.4), (x + unit * 5, y - unit * 0.9)],
        fill=sail,
    )
    draw.polygon(
        [
            (x - unit * 0.5, y - unit * 0.9),
            (x - unit * 0.5, y - unit * 9.6),
            (x - unit * 3.7, y - unit * 0.9),
        ],
        fill=lift(sail, -0.08),
    )
    for at in range(7):
        wide = unit * (4.4 - at * 0.5)
        offset = scene.random.uniform(-0.6, 0.6) * unit
        line = y + unit * (2.3 + at * 1.15)
        shade = mix(dark, scene.palette.sky[1], 0.25 + at * 0.09)
        draw.line(
            (x - wide + offset, line, x + wide + offset, line), fill=shade, width=max(1, int(unit * 0.3))
        )
