"""Colours: mixing, lightness and ramps, in OKLab, where halfway looks like halfway.

OKLab: Björn Ottosson, "A perceptual color space for image processing".
"""

from collections.abc import Sequence

Colour = tuple[int, int, int]
Lab = tuple[float, float, float]


def hexed(text: str) -> Colour:
    """`#f4a261` as a colour."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` (0 to 1) of `second` in it."""
    left, right = _lab(first), _lab(second)
    light, red, blue = (a + (b - a) * share for a, b in zip(left, right, strict=True))
    return _rgb((light, red, blue))


def lift(colour: Colour, by: float) -> Colour:
    """`colour` made lighter (or, with a negative `by`, darker); 1 is the way from black to white."""
    light, red, blue = _lab(colour)
    return _rgb((min(1.0, max(0.0, light + by)), red, blue))


def vivid(colour: Colour, by: float) -> Colour:
    """`colour` with its chroma times `by`."""
    light, red, blue = _lab(colour)
    return _rgb((light, red * by, blue * by))


def lightness(colour: Colour) -> float:
    """0 for black to 1 for white."""
    return _lab(colour)[0]


def chroma(colour: Colour) -> float:
    """0 for grey; about 0.3 for the strongest."""
    _, red, blue = _lab(colour)
    return (red * red + blue * blue) ** 0.5


def ramp(stops: Sequence[Colour], at: float) -> Colour:
    """The colour at `at` (0 to 1) along evenly spaced `stops`."""
    place = min(max(at, 0.0), 1.0) * (len(stops) - 1)
    index = min(int(place), len(stops) - 2)
    return mix(stops[index], stops[index + 1], place - index)


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _gamma(share: float) -> int:
    share = min(max(share, 0.0), 1.0)
    bent = share * 12.92 if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055
    return round(bent * 255)


def _lab(colour: Colour) -> Lab:
    red, green, blue = (_linear(value) for value in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _rgb(lab: Lab) -> Colour:
    light, red, blue = lab
    long = (light + 0.3963377774 * red + 0.2158037573 * blue) ** 3
    medium = (light - 0.1055613458 * red - 0.0638541728 * blue) ** 3
    short = (light - 0.0894841775 * red - 1.2914855480 * blue) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )
