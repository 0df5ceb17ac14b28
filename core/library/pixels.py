"""Small pictures of large ones. The only module of the library that decodes; imports Pillow when used.

Blocks for up to some hundred milliseconds: call it in a thread.
"""

from __future__ import annotations

import io
from typing import Final

from core.domain.failure import GatewayError, Kind, Scope

from .magic import MOST_PIXELS, checked_header

EDGE: Final = 256
"""Pixels of a thumbnail's longer side."""


def thumbnail(content: bytes, edge: int = EDGE) -> bytes:
    """A WebP of at most `edge` pixels a side, upright, from a picture of any type the library keeps.

    Raises GatewayError: too_large before anything is decoded, upstream for a broken picture.
    """
    checked_header(content)
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _broken()
            picture.draft("RGB", (edge * 2, edge * 2))  # a JPEG is decoded no larger than needed
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((edge, edge))
            see_through = "A" in small.getbands() or "transparency" in small.info
            out = io.BytesIO()
            small.convert("RGBA" if see_through else "RGB").save(out, "WEBP", quality=80, method=2)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _broken() from error
    return out.getvalue()


def painted_mask(content: bytes) -> bytes | None:
    """A mask that marks by being transparent, as one that marks with white on black (a PNG of one channel);
    None if nothing of it is transparent. Raises what `thumbnail` raises.
    """
    checked_header(content)
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "WEBP", "GIF", "JPEG")) as mask:
            if mask.width * mask.height > MOST_PIXELS:
                raise _broken()
            if "A" not in mask.getbands() and "transparency" not in mask.info:
                return None
            alpha = mask.convert("RGBA").getchannel("A")
            if alpha.getextrema() == (255, 255):
                return None
            out = io.BytesIO()
            ImageOps.invert(alpha).save(out, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _broken() from error
    return out.getvalue()


def _broken() -> GatewayError:
    return GatewayError.of(Kind.UPSTREAM, "The picture is broken and can't be shown.", scope=Scope.REQUEST)
