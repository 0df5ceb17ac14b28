"""Pictures between base64 and bytes, without holding up anybody.

Base64 keeps the interpreter to itself while it works, even in a thread: 40 MB in one go stop the loop for
some 90 ms. So large pictures are done in a thread and in slices, between which the loop gets its turn.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

from core.domain.content import Base64Text, Media
from core.domain.failure import GatewayError, Kind

OFF_LOOP: Final = 256 * 1024
"""Longer than this, in characters or bytes, is done in a thread."""

SLICE: Final = 1024 * 1024
"""Characters at a time: a multiple of 4, so that each slice is base64 of its own."""


async def raw_bytes(media: Media) -> bytes:
    """The bytes of a picture. Raises GatewayError `upstream` if its base64 is broken."""
    if isinstance(media.data, bytes):
        return media.data
    if not isinstance(media.data, Base64Text):
        raise GatewayError.of(Kind.INTERNAL, "A picture came as a reference and not as bytes.")
    text = media.data.text
    try:
        return await asyncio.to_thread(decoded, text) if len(text) > OFF_LOOP else b64decode(text)
    except (Base64Error, ValueError) as error:
        raise GatewayError.of(Kind.UPSTREAM, "The picture's data is damaged.") from error


async def base64_of(media: Media) -> str:
    """A picture as base64: as it came, if it came so. Raises what `raw_bytes` raises."""
    if isinstance(media.data, Base64Text):
        return media.data.text
    content = await raw_bytes(media)
    return await asyncio.to_thread(encoded, content) if len(content) > OFF_LOOP else encoded(content)


def decoded(text: str) -> bytes:
    """Base64 to bytes in slices. Raises ValueError (binascii.Error) for what is no base64."""
    try:
        return b"".join(b64decode(text[at : at + SLICE]) for at in range(0, len(text), SLICE))
    except Base64Error:
        # Line breaks shift the groups of four that slices are cut at.
        return b64decode(text)


def encoded(content: bytes) -> str:
    """Bytes to base64 in slices."""
    step = SLICE // 4 * 3
    return "".join(b64encode(content[at : at + step]).decode() for at in range(0, len(content), step))
