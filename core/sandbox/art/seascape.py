"""Open water: the sea by day under the sun, or by night under northern lights, with all of it mirrored."""

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from core.sandbox.art import motifs
from core.sandbox.art.canvas import Picture, Scene, fade, glow, levels, noise, ridge, sized, vertical
from core.sandbox.art.colour import hexed, lift, mix
from core.sandbox.art.lights import northern_lights
from core.sandbox.art.palettes import PALETTES


def paint(scene: Scene) -> Picture:
    """Sky, far hills, their reflection, and a boat or a lighthouse."""
    horizon = int(scene.height * scene.random.uniform(0.56, 0.64))
    night = scene.palette.night or scene.mentions("aurora", "northern light", "polar light")
    sun = scene.width * scene.random.uniform(0.3, 0.7)
    upper = _night(scene, horizon) if night else _day(scene, horizon, sun)
    _hills(upper, scene, horizon, night)
    picture = Image.new("RGB", scene.size)
    picture.paste(upper)
    _water(picture, upper, scene, horizon, night)
    if not night:
        _glitter(picture, scene, horizon, sun)
    if scene.mentions("lighthouse"):
        motifs.lighthouse(picture, scene)
    if not scene.mentions("lighthouse") or scene.mentions("boat", "ship", "sail"):
        motifs.boat(picture, scene, horizon)
    return picture


def _night(scene: Scene, horizon: int) -> Picture:
    sky = (scene.palette if scene.palette.night else PALETTES["night"]).sky
    stops = [lift(sky[0], -0.03), *sky[1:-1], mix(sky[-1], hexed("#2f7f86"), 0.5)]
    upper = vertical((scene.width, horizon), stops)
    motifs.stars(upper, scene, horizon)
    return ImageChops.screen(upper, northern_lights(scene, horizon))


def _day(scene: Scene, horizon: int, sun: float) -> Picture:
    """A gradient, banks of cloud, and the sun a little above the water."""
    random, palette, unit = scene.random, scene.palette, scene.unit
    upper = vertical((scene.width, horizon), palette.sky)
    x, y = sun, horizon - unit * random.uniform(5, 22)
    radius = unit * random.uniform(5.5, 8)
    glow(upper, (x, y), radius * 8, mix(palette.light, palette.sky[-1], 0.4), 0.6)
    low = (max(2, scene.width // 4), max(2, horizon // 4))
    clouds = levels(noise(low, (3, 10), random, 4), 128, 225, 150)
    clouds = Image.composite(clouds, Image.new("L", low, 0), fade(low, 0, 200, 255, 30))
    tint = mix(palette.light, palette.sky[-1], 0.25)
    upper.paste(Image.new("RGB", upper.size, tint), (0, 0), sized(clouds, upper.size))
    glow(upper, (x, y), radius * 2.8, palette.light, 0.75)
    ImageDraw.Draw(upper).ellipse((x - radius, y - radius, x + radius, y + radius), fill=palette.light)
    motifs.birds(upper, scene, horizon)
    return upper


def _hills(picture: Picture, scene: Scene, horizon: int, night: bool) -> None:
    """Two low chains of land; by day the far one nearly melts into the sky."""
    draw = ImageDraw.Draw(picture)
    far, near = scene.palette.sky[-1], scene.palette.near
    if night:
        far, near = scene.palette.sky[1], (4, 8, 20)
    for depth, rise in ((0.3, 12.0), (0.9, 6.0)):
        line = ridge(scene.width, horizon + scene.unit * 1.5, scene.unit * rise, 0.48, scene.random, 512)
        draw.polygon([*line, (scene.width, horizon), (0, horizon)], fill=mix(far, near, 0.2 + 0.6 * depth))


def _water(picture: Picture, upper: Picture, scene: Scene, horizon: int, night: bool) -> None:
    """Mirror `upper`, squeezed and rippled, darker than the sky."""
    depth = scene.height - horizon
    size = (scene.width, depth)
    mirror = upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = sized(mirror.crop((0, 0, scene.width, min(horizon, int(depth * 1.6)))), size)
    body = _rippled(mirror.filter(ImageFilter.BoxBlur((scene.unit * 0.2, scene.unit * 1.1))), scene)
    if night:
        deep = vertical(size, (lift(scene.palette.sky[1], -0.05), (3, 6, 18)))
        glint = mix(scene.palette.light, (120, 240, 210), 0.5)
    else:
        deep = vertical(size, (mix(scene.palette.far, scene.palette.sky[-1], 0.4), scene.palette.near))
        glint = mix(scene.palette.light, scene.palette.sky[-1], 0.3)
    body = Image.blend(body, deep, 0.38 if night else 0.5)
    shine = levels(noise((scene.width // 4, depth // 4), (3, 60), scene.random, 2), 150, 240, 70)
    body.paste(Image.new("RGB", size, glint), (0, 0), sized(shine, size))
    picture.paste(body, (0, horizon))


def _glitter(picture: Picture, scene: Scene, horizon: int, sun: float) -> None:
    """The path of broken light that leads from the sun to the front."""
    draw = ImageDraw.Draw(picture)
    random, unit = scene.random, scene.unit
    depth = scene.height - horizon
    for _ in range(150):
        share = random.random() ** 1.4
        y = horizon + unit * 0.8 + share * depth
        spread = unit * (3.5 + 9 * share)
        x = sun + random.gauss(0, 0.42) * spread
        half = unit * random.uniform(0.5, 2.4) * (0.45 + share) * max(0.25, 1 - abs(x - sun) / (2.2 * spread))
        shade = mix(scene.palette.light, scene.palette.sky[-1], random.uniform(0.0, 0.5) + 0.3 * share)
        thick = max(1, int(unit * 0.24 * (0.5 + share)))
        draw.line((x - half, y, x + half, y), fill=shade, width=thick)


def _rippled(mirror: Picture, scene: Scene) -> Picture:
    """`mirror` cut into bands that slip sideways, more and wider toward the front."""
    depth = mirror.height
    result = Image.new("RGB", mirror.size)
    step = max(2, int(scene.unit * 0.35))
    y = 0
    while y < depth:
        share = y / depth
        high = max(step, int(step * (1 + 4 * share)))
        shift = int(scene.random.gauss(0, 1) * scene.unit * (0.25 + 1.4 * share))
        band = mirror.crop((0, y, scene.width, min(depth, y + high)))
        result.paste(ImageChops.offset(band, shift, 0), (0, y))
        y += high
    return result
