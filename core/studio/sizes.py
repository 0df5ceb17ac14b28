"""The shapes that pictures come in and how many pixels each has."""

from __future__ import annotations

from typing import Final

from core.wire.pictures import ASPECTS, SIZES

__all__ = ["ASPECTS", "PIXELS", "SIZES", "pixels"]

PIXELS: Final[dict[str, tuple[int, int]]] = {
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
"""Width and height at 1K for gemini-3-pro-image; other sizes are multiples. Source: Antigravity Tools."""

_FACTOR: Final = {"": 1, "1K": 1, "2K": 2, "4K": 4}


def pixels(aspect: str, size: str = "") -> tuple[int, int]:
    """Width and height that a picture of that shape and size will have."""
    width, height = PIXELS.get(aspect or "1:1", PIXELS["1:1"])
    factor = _FACTOR.get(size, 1)
    return width * factor, height * factor
