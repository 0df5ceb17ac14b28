"""A skyline with lit windows, in three depths, above a river that mirrors it."""

from PIL import Image, ImageDraw, ImageFilter

from core.sandbox.art import motifs
from core.sandbox.art.canvas import Picture, Scene, glow, sized, vertical
from core.sandbox.art.colour import Colour, lift, mix


def paint(scene: Scene) -> Picture:
    """Sky, a low sun or moon, three rows of buildings, water."""
    random, palette = scene.random, scene.palette
    ground = int(scene.height * random.uniform(0.74, 0.8))
    picture = vertical(scene.size, palette.sky)
    if palette.night:
        motifs.stars(picture, scene, ground * 0.75)
    _disc(picture, scene, ground)
    for depth in (0.0, 0.45, 1.0):
        _row(picture, scene, ground, depth)
    _river(picture, scene, ground)
    return picture


def _disc(picture: Picture, scene: Scene, ground: int) -> None:
    random, light = scene.random, scene.palette.light
    x, y = scene.width * random.uniform(0.25, 0.75), ground * random.uniform(0.32, 0.55)
    radius = scene.unit * random.uniform(9, 13)
    glow(picture, (x, y), radius * 5, mix(light, scene.palette.sky[-1], 0.4), 0.55)
    draw = ImageDraw.Draw(picture)
    draw.ellipse(
        (x - radius, y - radius, x + radius, y + radius), fill=mix(light, scene.palette.sky[-1], 0.12)
    )
    if scene.palette.night:
        motifs.craters(draw, (x, y), radius, light)


def _row(picture: Picture, scene: Scene, ground: int, depth: float) -> None:
    """One row of buildings; `depth` 0 is far and hazy, 1 near, dark and lit."""
    random, palette, unit = scene.random, scene.palette, scene.unit
    draw = ImageDraw.Draw(picture)
    wall = mix(mix(palette.far, palette.sky[-1], 0.35), lift(palette.near, -0.02), depth)
    x = -unit * random.uniform(0, 6)
    while x < scene.width:
        wide = unit * random.uniform(5, 9.5) * (0.75 + 0.45 * depth)
        centre = 1 - abs((x + wide / 2) / scene.width - 0.5) * 1.1
        tall = unit * random.uniform(16, 46) * (1.12 - 0.5 * depth) * (0.5 + 0.6 * centre)
        top = ground - tall
        shade = lift(wall, random.uniform(-0.018, 0.018))
        draw.rectangle((x, top, x + wide, ground), fill=shade)
        draw.rectangle((x + wide * 0.72, top, x + wide, ground), fill=lift(shade, -0.035))
        _roof(draw, scene, (x, top, wide), shade, depth)
        if depth > 0.2:
            _windows(draw, scene, (x, top, x + wide, ground), depth)
        x += wide + unit * random.choice((0, 0, 0.3, 1.2)) * (1 + depth)


def _roof(
    draw: ImageDraw.ImageDraw, scene: Scene, place: tuple[float, float, float], shade: Colour, depth: float
) -> None:
    x, top, wide = place
    unit, kind = scene.unit, scene.random.random()
    middle = x + wide / 2
    if kind < 0.18:
        draw.polygon([(x, top), (x + wide, top), (middle, top - wide * 0.75)], fill=shade)
        draw.line(
            (middle, top - wide * 0.7, middle, top - wide * 0.7 - unit * 5),
            fill=shade,
            width=max(1, int(unit * 0.3)),
        )
    elif kind < 0.4:
        draw.rectangle((x + wide * 0.2, top - unit * 2.4, x + wide * 0.8, top), fill=shade)
        draw.rectangle((x + wide * 0.36, top - unit * 4.4, x + wide * 0.64, top - unit * 2.2), fill=shade)
    elif kind < 0.55:
        draw.line((middle, top, middle, top - unit * 6), fill=shade, width=max(1, int(unit * 0.35)))
        if depth == 1.0:
            size = unit * 0.45
            red = scene.palette.accents[0]
            draw.ellipse(
                (middle - size, top - unit * 6 - size, middle + size, top - unit * 6 + size), fill=red
            )
    elif kind < 0.68:
        draw.pieslice((x, top - wide * 0.5, x + wide, top + wide * 0.5), 180, 360, fill=shade)


def _windows(
    draw: ImageDraw.ImageDraw, scene: Scene, box: tuple[float, float, float, float], depth: float
) -> None:
    """Rows of windows, some lit in the light's colour, a few in an accent's."""
    random, unit = scene.random, scene.unit
    left, top, right, bottom = box
    gap_x, gap_y = unit * (1.25 + 0.3 * depth), unit * (1.75 + 0.4 * depth)
    wide, high = gap_x * 0.5, gap_y * 0.52
    share = 0.5 if scene.palette.night else 0.34
    warm = mix(scene.palette.light, (255, 190, 90), 0.55)
    columns = int((right - left - gap_x * 0.5) / gap_x)
    start = left + (right - left - columns * gap_x + gap_x - wide) / 2
    y = top + gap_y * 0.8
    while y < bottom - gap_y:
        for column in range(columns):
            if random.random() < share * (0.5 + 0.5 * depth):
                x = start + column * gap_x
                colour = warm if random.random() < 0.88 else random.choice(scene.palette.accents)
                dim = mix(colour, scene.palette.near, random.uniform(0.0, 0.45) + (1 - depth) * 0.25)
                draw.rectangle((x, y, x + wide, y + high), fill=dim)
        y += gap_y


def _river(picture: Picture, scene: Scene, ground: int) -> None:
    """Mirror the city below `ground`, blurred downward, with broken bands of light."""
    depth = scene.height - ground
    mirror = picture.crop((0, max(0, ground - depth * 2), scene.width, ground))
    mirror = sized(mirror.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (scene.width, depth))
    mirror = mirror.filter(ImageFilter.BoxBlur((scene.unit * 0.35, scene.unit * 1.6)))
    tint = vertical(
        (scene.width, depth),
        (mix(scene.palette.near, scene.palette.sky[-1], 0.25), lift(scene.palette.near, -0.05)),
    )
    body = Image.blend(mirror, tint, 0.42)
    draw = ImageDraw.Draw(body)
    pale = mix(scene.palette.sky[-1], scene.palette.light, 0.3)
    for _ in range(int(scene.width / scene.unit * 0.9)):
        share = scene.random.random() ** 0.8
        y = share * depth
        length = scene.unit * scene.random.uniform(1.5, 7) * (0.5 + share)
        x = scene.random.uniform(-length, scene.width)
        under = body.getpixel((min(max(int(x), 0), scene.width - 1), min(int(y), depth - 1)))
        shade = mix(under, pale, 0.2) if isinstance(under, tuple) and len(under) == 3 else pale
        thick = max(1, int(scene.unit * 0.22 * (0.5 + share)))
        draw.line((x, y, x + length, y), fill=shade, width=thick)
    picture.paste(body, (0, ground))
    ImageDraw.Draw(picture).rectangle(
        (0, ground - scene.unit * 0.5, scene.width, ground + scene.unit * 0.35),
        fill=lift(scene.palette.near, -0.04),
    )
