"""Procedural pictures: what the sandbox's image models draw, and what its chat models see.

A picture depends on the prompt, the shape, the variant and the colours of reference pictures, and on
nothing else. Everything here is blocking: call it in a thread. Pillow stays inside this package.
"""

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from PIL import Image, ImageFilter, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from core.sandbox.art import bauhaus, botanical, city, flow, landscape, seascape
from core.sandbox.art.canvas import Picture, Scene, sized
from core.sandbox.art.colour import Colour
from core.sandbox.art.palettes import palette_for

SIZES: Final[dict[str, tuple[int, int]]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
"""Pixels of each aspect ratio at 1K (spec/antigravity-tools-contract.md B.5)."""

_FACTOR: Final = {"1K": 1, "2K": 2, "4K": 4}
_SMOOTHING: Final = 2
_MOST_PIXELS: Final = 64_000_000
_Style = Callable[[Scene], Picture]
_STYLES: Final[tuple[tuple[_Style, str], ...]] = (
    (
        seascape.paint,
        r"aurora\w*|northern lights|polar lights?|seas?|ocean\w*|lakes?|harbo\w*|boats?|ships?|sail\w*|"
        r"fjords?|lighthouses?|island\w*|beach\w*|coast\w*|water",
    ),
    (
        city.paint,
        r"city|cities|streets?|skylines?|towns?|buildings?|towers?|tokyo|new york|london|berlin|paris|"
        r"cyber\w*|neon|downtown",
    ),
    (
        botanical.paint,
        r"flowers?|roses?|gardens?|plants?|leaf|leaves|botanical\w*|bloom\w*|tulips?|meadows?|lotus|"
        r"bouquets?|mandalas?|rosettes?|dahlias?",
    ),
    (
        landscape.paint,
        r"kites?|mountains?|dunes?|hills?|deserts?|forests?|landscapes?|valleys?|canyons?|sunsets?|"
        r"sunrises?|moon|pines?|woods|snow\w*",
    ),
    (
        bauhaus.paint,
        r"posters?|logos?|geometric\w*|bauhaus|abstract\w*|patterns?|icons?|shapes?|minimal\w*",
    ),
    (flow.paint, r"wind\w*|music\w*|dreams?|flow\w*|waves?|smoke|silk|energy|chaos|swirl\w*|hair"),
)
"""Each style, and the words in a prompt that ask for it."""


class UnreadableError(ValueError):
    """A reference isn't a picture that can be decoded."""


def draw(prompt: str, ratio: str | None, size: str, variant: int, references: Sequence[bytes]) -> bytes:
    """A PNG of exactly the pixels of `ratio` (square if None) at `size` (1K, 2K or 4K).

    Raises UnreadableError for a reference that can't be decoded.
    """
    wide, high = SIZES[ratio or "1:1"]
    factor = _FACTOR[size]
    seen = [colour for one in references for colour in _main_colours(_open(one))]
    style = Random(hashlib.sha256(prompt.encode()).digest()[:8])
    random = Random(hashlib.sha256(f"{variant}\n{prompt}".encode()).digest()[:8])
    palette = palette_for(prompt, style, seen)
    paint = _style_for(prompt, style)
    picture = paint(Scene((wide * _SMOOTHING, high * _SMOOTHING), random, palette, prompt))
    if factor == 1:
        picture = picture.reduce(_SMOOTHING)
    else:
        picture = sized(picture.filter(ImageFilter.SMOOTH), (wide * factor, high * factor))
    return _png(picture, prompt)


def drafts(picture: bytes) -> tuple[bytes, bytes]:
    """What a model shows on the way to `picture` (a PNG): colours first, then forms; half as wide."""
    whole = _open(picture).convert("RGB")
    half = (max(1, whole.width // 2), max(1, whole.height // 2))
    found: list[bytes] = []
    for coarse in (24, 6):
        small = whole.reduce(max(1, min(coarse * whole.width // 1024, *whole.size)))
        file = io.BytesIO()
        sized(small, half).save(file, "PNG", compress_level=1)
        found.append(file.getvalue())
    return found[0], found[1]


def _style_for(prompt: str, random: Random) -> _Style:
    """The style whose word comes first in `prompt`, else any."""
    lower = prompt.lower()
    found = [
        (match.start(), paint) for paint, words in _STYLES if (match := re.search(rf"\b(?:{words})\b", lower))
    ]
    anything = random.choice(_STYLES)[0]
    return min(found, key=lambda pair: pair[0])[1] if found else anything


def describe(data: bytes, mime: str) -> str:
    """One sentence about a picture: size, form, main colours. Other media are named by type and size."""
    if not mime.startswith("image/"):
        return f"A file of type `{mime}`, {len(data):,} bytes."
    picture = _open(data)
    wide, high = picture.size
    form = "square" if wide == high else "landscape" if wide > high else "portrait"
    colours = ", ".join(
        f"`#{red:02x}{green:02x}{blue:02x}`" for red, green, blue in _main_colours(picture)[:3]
    )
    return f"A {form} picture of **{wide} × {high}** pixels; main colours {colours}."


def _open(data: bytes) -> Picture:
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > _MOST_PIXELS:
            raise UnreadableError("too many pixels")
        picture.draft("RGB", (256, 256))
        return picture
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as broken:
        raise UnreadableError(str(broken)) from broken


def _main_colours(picture: Picture) -> list[Colour]:
    """Up to five colours that stand for the picture, the most frequent first."""
    try:
        small = sized(picture.convert("RGB"), (64, 64))
    except (OSError, ValueError, SyntaxError) as broken:
        raise UnreadableError(str(broken)) from broken
    few = small.quantize(5)
    table = few.getpalette() or []
    counts = sorted(few.getcolors() or [], reverse=True)
    return [(table[3 * at], table[3 * at + 1], table[3 * at + 2]) for _, at in counts if isinstance(at, int)]


def _png(picture: Picture, prompt: str) -> bytes:
    words = PngInfo()
    words.add_itxt("prompt", prompt, lang="", tkey="")
    words.add_text("Software", "agtui sandbox")
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=4, pnginfo=words)
    return file.getvalue()
