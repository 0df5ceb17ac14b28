"""Shapes, sizes and kinds of pictures: as clients name them, as the upstream takes them, as files begin.

Facts only: the order of the ratio table decides where sizes that fit two ratios land.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Final

from msgspec import Struct

TOLERANCE: Final = 0.05
RATIOS: Final[tuple[tuple[str, float], ...]] = (
    ("21:9", 21 / 9),
    ("16:9", 16 / 9),
    ("4:3", 4 / 3),
    ("3:4", 3 / 4),
    ("9:16", 9 / 16),
    ("3:2", 3 / 2),
    ("2:3", 2 / 3),
    ("5:4", 5 / 4),
    ("4:5", 4 / 5),
    ("1:1", 1.0),
)
"""Compared in this order, first hit wins. Source: Antigravity Tools, images."""

ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
"""The kinds that are kept and shown, with the endings of their files."""

MIMES: Final = {ending: mime for mime, ending in ENDINGS.items()}

BEGINNINGS: Final[tuple[tuple[str, int, bytes], ...]] = (
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBP"),
    ("image/heic", 4, b"ftypheic"),
)
"""Kinds with the offset and the first bytes that tell them."""

ASPECTS: Final = tuple(name for name, _ in RATIOS)
SIZES: Final = ("1K", "2K", "4K")

QUALITY_SIZES: Final = {"hd": "4K", "4k": "4K", "medium": "2K", "2k": "2K", "standard": "1K", "1k": "1K"}
"""`quality` in any case to a size; other words (auto, low, high) leave it open."""

_PAIR: Final = re.compile(r"\s*(\d{1,5})\s*[x:×*]\s*(\d{1,5})\s*", re.IGNORECASE)
_SUFFIX: Final = re.compile(
    r"-(?:(?P<hd>hd|4k)|(?P<size>2k|1k)|(?P<w>21|16|9|4|3|2|5|1)[x-](?P<h>9|16|3|4|2|5|1))$", re.IGNORECASE
)


class NamedShape(Struct, frozen=True):
    """What a model's name says beyond the model: `aspect` and `size` are empty if it says nothing."""

    model: str
    aspect: str = ""
    size: str = ""


def picture_mime(content: bytes) -> str:
    """The type that the first bytes tell, whatever anybody calls it; empty for what is no picture."""
    found = next((mime for mime, at, magic in BEGINNINGS if content.startswith(magic, at)), "")
    return "" if found == "image/webp" and not content.startswith(b"RIFF") else found


def base64_mime(text: str) -> str:
    """The same of a picture's base64."""
    try:
        return picture_mime(b64decode(text[:32]))
    except ValueError:
        return ""


def aspect_of(size: str) -> str:
    """The ratio for `1920x1080` or `16:9`; `1:1` for anything that fits none.

    Empty and `auto` give empty: the model decides.
    """
    word = size.strip().lower()
    if word in ("", "auto"):
        return ""
    pair = _PAIR.fullmatch(word)
    if pair is None or not int(pair[1]) or not int(pair[2]):
        return "1:1"
    asked = int(pair[1]) / int(pair[2])
    for name, ratio in RATIOS:
        if abs(asked - ratio) < TOLERANCE:
            return name
    return "1:1"


def size_of(quality: str, image_size: str = "") -> str:
    """`1K`, `2K`, `4K` or empty. An explicit image size wins over what the quality implies."""
    word = image_size.strip().upper()
    if word in SIZES:
        return word
    return QUALITY_SIZES.get(quality.strip().lower(), "")


def split_model(model: str) -> NamedShape:
    """Take `-16x9`, `-16-9`, `-4k`, `-hd`, `-2k` off a model's name, as often as they occur."""
    aspect = size = ""
    while found := _SUFFIX.search(model):
        if found["hd"]:
            size = size or "4K"
        elif found["size"]:
            size = size or found["size"].upper()
        else:
            ratio = f"{found['w']}:{found['h']}"
            if ratio not in ASPECTS:
                break
            aspect = aspect or ratio
        model = model[: found.start()]
    return NamedShape(model, aspect, size)
