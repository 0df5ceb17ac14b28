"""Moods: the colours of a picture, chosen by the words of its prompt or else by its hash."""

import re
from collections.abc import Sequence
from random import Random
from typing import Final

from msgspec import Struct

from core.sandbox.art.colour import Colour, chroma, hexed, lightness, mix, vivid


class Palette(Struct, frozen=True):
    """`sky` from top to horizon; `far` and `near` are the ends of the land's colours; `light` is the sun,
    moon or lamp; `accents` stand out; `paper` and `ink` are for drawings on a ground. `night` shows stars.
    """

    name: str
    sky: tuple[Colour, ...]
    far: Colour
    near: Colour
    light: Colour
    accents: tuple[Colour, ...]
    paper: Colour
    ink: Colour
    night: bool = False

    def ground(self, dark: bool) -> Colour:
        """The darker or the lighter of paper and ink."""
        return min(self.paper, self.ink, key=lambda one: lightness(one) if dark else -lightness(one))


def _palette(
    name: str, sky: str, land: str, light: str, accents: str, ground: str, night: bool = False
) -> Palette:
    far, near = (hexed(one) for one in land.split())
    paper, ink = (hexed(one) for one in ground.split())
    return Palette(
        name,
        tuple(hexed(one) for one in sky.split()),
        far,
        near,
        hexed(light),
        tuple(hexed(one) for one in accents.split()),
        paper,
        ink,
        night,
    )


PALETTES: Final[dict[str, Palette]] = {
    row.name: row
    for row in (
        _palette(
            "sunset",
            "#2b2d5b #6a4c93 #d1557a #f58f5c #ffd28a",
            "#c9677a #2a1b3d",
            "#fff1c9",
            "#e63946 #f4a261 #ffd166 #6a4c93 #2ec4b6",
            "#fbf0df #2b1f33",
        ),
        _palette(
            "desert",
            "#2f6690 #7fb7be #f3d9b1 #f7b267 #f27059",
            "#e8a87c #6b2737",
            "#fff3d6",
            "#d62828 #f77f00 #fcbf49 #1d7874 #003049",
            "#f6ead7 #40241a",
        ),
        _palette(
            "night",
            "#070b24 #101a44 #23306e #47509a",
            "#3a4680 #060916",
            "#f4f1de",
            "#ffd166 #ef476f #8ecae6 #b388eb #06d6a0",
            "#10142e #e9e6f5",
            True,
        ),
        _palette(
            "sea",
            "#0b4f6c #2a8fb0 #8fd3dc #e8f6ef",
            "#5aa9b8 #073042",
            "#fffbe6",
            "#ff6b6b #ffe66d #1a936f #114b5f #f3e9d2",
            "#eef6f3 #0b3142",
        ),
        _palette(
            "forest",
            "#a8c8c0 #d3e2cf #f2f0d8",
            "#9fc0a5 #12301f",
            "#fffbe0",
            "#e07a5f #f2cc8f #3d7a4f #81b29a #2f3e46",
            "#f3efe0 #1f2d24",
        ),
        _palette(
            "winter",
            "#6c8fb3 #a9c4dc #dbe7f2 #fbeee6",
            "#b9cce0 #29405e",
            "#fffaf0",
            "#c1121f #669bbc #003049 #e0e1dd #f2b5d4",
            "#f4f7fb #1d2d44",
        ),
        _palette(
            "spring",
            "#8fc7e8 #cfe8f3 #fdf3e7 #ffdfe4",
            "#b7d7a8 #3c6e47",
            "#fffdf0",
            "#f28482 #f6bd60 #84a59d #f5cac3 #6d597a",
            "#fdf8f0 #38413a",
        ),
        _palette(
            "autumn",
            "#5b6c8f #b59a9a #e9b872 #f6d99b",
            "#d98e4a #3b1f1a",
            "#fff2cc",
            "#9c2c17 #d9782d #e9b44c #50654e #26324a",
            "#f8efdf #33201a",
        ),
        _palette(
            "neon",
            "#0d0221 #26084d #6a0f7a #e0218a",
            "#8a1c8f #0a0318",
            "#ffe3fb",
            "#00f0ff #ff2a6d #f9f871 #7b2dff #05ffa1",
            "#120626 #f6e9ff",
            True,
        ),
        _palette(
            "dawn",
            "#394b7a #8a84b7 #e6aebc #fbd7c3 #fff0d9",
            "#c9a7b8 #333a5e",
            "#fffaf0",
            "#e56b6f #eaac8b #6d597a #355070 #b5e2d3",
            "#fdf3ec #2e2f45",
        ),
    )
}

_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"neon|cyber\w*|synthwave|vaporwave|arcade|disco", "neon"),
    (r"night\w*|midnight|moon\w*|star\w*|galax\w*|aurora|northern lights|space|dark\w*", "night"),
    (r"sunset\w*|dusk|evening|golden hour|twilight|romantic", "sunset"),
    (r"dawn|sunrise|morning|pastel\w*|soft|dream\w*", "dawn"),
    (r"winter\w*|snow\w*|ice\w*|frost\w*|arctic|glacier\w*|christmas", "winter"),
    (r"autumn\w*|fall leaves|october|harvest|rust\w*", "autumn"),
    (r"desert\w*|dune\w*|sand\w*|sahara|canyon\w*|mars|camel\w*", "desert"),
    (r"sea\w*|ocean\w*|water|wave\w*|beach\w*|lake\w*|river\w*|harbo\w*|ship\w*|boat\w*|lighthouse", "sea"),
    (r"forest\w*|jungle\w*|wood\w*|moss\w*|fern\w*|green|pine\w*", "forest"),
    (r"spring|flower\w*|garden\w*|blossom\w*|meadow\w*|rose\w*|tulip\w*", "spring"),
)
_COLOURS: Final[dict[str, str]] = {
    "red": "#e63946",
    "crimson": "#b5172f",
    "orange": "#f4802c",
    "yellow": "#ffcf33",
    "golden": "#e9b44c",
    "gold": "#e9b44c",
    "green": "#2a9d5c",
    "teal": "#1a8a8a",
    "turquoise": "#2ec4b6",
    "blue": "#2f6fd6",
    "purple": "#7b3fa0",
    "violet": "#7b3fa0",
    "pink": "#f06a9b",
    "white": "#f7f3ea",
    "black": "#1c1a22",
    "brown": "#7a4a2b",
}


def palette_for(prompt: str, random: Random, references: Sequence[Colour]) -> Palette:
    """The palette for `prompt`: by its words, else one of them all; tinted by colours of references."""
    lower = prompt.lower()
    named = [name for words, name in _WORDS if re.search(rf"\b(?:{words})\b", lower)]
    palette = PALETTES[named[0]] if named else PALETTES[random.choice(sorted(PALETTES))]
    asked = [hexed(code) for word, code in _COLOURS.items() if re.search(rf"\b{word}\b", lower)]
    if asked:
        palette = _with_accents(palette, asked)
    return tinted(palette, references) if references else palette


def asked_colour(prompt: str) -> Colour | None:
    """The first colour that `prompt` names."""
    found = (
        (match.start(), code)
        for word, code in _COLOURS.items()
        if (match := re.search(rf"\b{word}\b", prompt.lower()))
    )
    first = min(found, default=None)
    return hexed(first[1]) if first else None


def _with_accents(palette: Palette, asked: Sequence[Colour]) -> Palette:
    kept = palette.accents[: max(2, len(palette.accents) - len(asked))]
    return _replace(palette, palette.sky, palette.far, palette.near, (*asked, *kept))


def tinted(palette: Palette, colours: Sequence[Colour]) -> Palette:
    """`palette` moved most of the way to `colours`, dark ones to the land and light ones to the sky."""
    order = sorted(colours, key=lightness)
    dark, bright = order[0], order[-1]
    middle = sorted(order, key=chroma)[-1]
    spread = [mix(dark, middle, 0.35), middle, mix(middle, bright, 0.6), bright]
    sky = tuple(mix(stop, spread[min(at, len(spread) - 1)], 0.65) for at, stop in enumerate(palette.sky))
    accents = tuple(vivid(mix(one, middle, 0.5), 1.1) for one in palette.accents)
    return _replace(palette, sky, mix(palette.far, middle, 0.6), mix(palette.near, dark, 0.7), accents)


def _replace(
    palette: Palette, sky: tuple[Colour, ...], far: Colour, near: Colour, accents: tuple[Colour, ...]
) -> Palette:
    return Palette(
        palette.name,
        sky,
        far,
        near,
        palette.light,
        accents,
        palette.paper,
        palette.ink,
        palette.night,
    )
