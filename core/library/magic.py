"""What a picture is, told from its first bytes: its type and its size, without decoding anything.

Names and declared types are not believed. The limits are checked here, before a decoder sees a byte:
a few kilobytes can unfold to gigabytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from core.domain.failure import GatewayError, Kind, Scope
from core.wire.pictures import picture_mime

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000

# JPEG markers that begin a frame (ITU T.81 table B.1), and those that stand alone.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE: Final = frozenset([0x01, *range(0xD0, 0xD9)])


class Header(NamedTuple):
    mime: str
    width: int
    height: int


def read_header(content: bytes) -> Header | None:
    """Type and size of a PNG, JPEG, WebP or GIF; None for anything else and for a cut header."""
    match mime := picture_mime(content):
        case "image/png" if content[12:16] == b"IHDR" and len(content) >= 24:
            return Header(mime, _big(content, 16, 4), _big(content, 20, 4))
        case "image/gif" if len(content) >= 10:
            return Header(mime, _little(content, 6, 2), _little(content, 8, 2))
        case "image/webp" if len(content) >= 30:
            return _webp(content)
        case "image/jpeg":
            return _jpeg(content)
        case _:
            return None


def checked_header(content: bytes) -> Header:
    """The header of a picture that may be kept and decoded.

    Raises GatewayError: upstream for what is no picture, too_large (code IMAGE_TOO_LARGE) beyond 64 MiB
    or 40 megapixels.
    """
    header = read_header(content)
    if header is None or header.width < 1 or header.height < 1:
        raise GatewayError.of(
            Kind.UPSTREAM, "What came is not a PNG, JPEG, WebP or GIF picture.", scope=Scope.REQUEST
        )
    if len(content) > MOST_BYTES or header.width * header.height > MOST_PIXELS:
        raise GatewayError.of(
            Kind.TOO_LARGE,
            f"A picture of {header.width}x{header.height} pixels and {len(content)} bytes is more than "
            "agtui takes (40 megapixels, 64 MiB).",
            params={"code": "IMAGE_TOO_LARGE"},
        )
    return header


def _big(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "big")


def _little(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "little")


def _webp(content: bytes) -> Header | None:
    match content[12:16]:
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a":
            return Header("image/webp", _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF)
        case b"VP8L" if content[20] == 0x2F:
            bits = _little(content, 21, 4)
            return Header("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            return Header("image/webp", _little(content, 24, 3) + 1, _little(content, 27, 3) + 1)
        case _:
            return None


def _jpeg(content: bytes) -> Header | None:
    at = 2
    while at + 9 <= len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return Header("image/jpeg", _big(content, at + 7, 2), _big(content, at + 5, 2))
        else:
            at += 2 + max(2, _big(content, at + 2, 2))
    return None
