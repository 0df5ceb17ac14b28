"""What a file is, told from its first bytes: pictures, sounds, videos and PDF. Nothing else has a name here,
so text, pages and programs are none of them.
"""

from __future__ import annotations

from typing import Final

from .pictures import picture_mime

ENOUGH: Final = 64
"""Bytes from which the kind can be told."""

BEGINNINGS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
)

FORMS: Final = {
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "video/avi",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}
"""Containers: the first four bytes, and the four that tell the form after a length."""

BRANDS: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
"""Brands of ISO media files; any other is a video/mp4. Source: mp4ra.org."""


def media_mime(content: bytes) -> str:
    """The type that the first bytes tell; empty for what is no picture, sound, video or PDF."""
    if mime := picture_mime(content):
        return mime
    if form := FORMS.get((content[:4], content[8:12])):
        return form
    if content[4:8] == b"ftyp":
        return BRANDS.get(content[8:12], "video/mp4")
    if mime := next((mime for magic, mime in BEGINNINGS if content.startswith(magic)), ""):
        return mime
    return _frame(content[:4])


def _frame(head: bytes) -> str:
    """The type of bare MPEG audio, which has no magic but a frame header with fields that must make sense."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13 else ""
    sound = version != 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if sound else ""
