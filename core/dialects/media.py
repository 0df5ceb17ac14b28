"""Base64, data URLs and links that clients send, as `Media`; and media of an answer as text.

Base64 is kept as it came; links stay links, for only the guarded fetcher may follow them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from core.dialects import fields
from core.domain.content import Base64Text, Media, Url
from core.wire.picture_bytes import encoded
from core.wire.pictures import base64_mime

FILE_MIMES: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
PDF: Final = "JVBERi"
"""How the base64 of a PDF begins."""


def mime_of(name: str, default: str) -> str:
    """The type that the ending of a file's name or of a link tells."""
    ending = name.partition("?")[0].rpartition(".")[2].lower()
    return FILE_MIMES.get(ending, default)


def from_url(url: str, name: str, default: str = "image/png") -> Media:
    """A data URL or a link, found in the member `name`."""
    if url[:5].lower() != "data:":
        if not url[:8].lower().startswith(("http://", "https://")):
            fields.refuse(name, f"`{name}` has to be a data: URL or an http(s) link.")
        return Media(mime_of(url, default), Url(url, name))
    header, comma, payload = url[5:].partition(",")
    if not comma:
        fields.refuse(name, f"`{name}` is a data: URL without a comma.")
    words = header.lower().split(";")
    mime = words[0].strip()
    if "base64" not in (word.strip() for word in words[1:]):
        return Media(mime or "text/plain", unquote_to_bytes(payload))
    return from_base64(payload, mime, default)


def from_base64(payload: str, mime: str, default: str) -> Media:
    """Base64 of type `mime`; where that says nothing, the bytes tell, else `default`."""
    if mime in ("", "application/octet-stream"):
        mime = base64_mime(payload) or ("application/pdf" if payload.startswith(PDF) else default)
    return Media(mime, Base64Text(payload))


def data_url(media: Media) -> str:
    """The media as one URL; a link stays a link, and what has no bytes here is empty."""
    match media.data:
        case Base64Text(text=text):
            return f"data:{media.mime};base64,{text}"
        case bytes() as raw:
            return f"data:{media.mime};base64,{encoded(raw)}"
        case Url(url=url):
            return url
        case _:
            return ""


def markdown(media: Media) -> str:
    """A picture for clients that show nothing but text."""
    return f"![image]({data_url(media)})"
