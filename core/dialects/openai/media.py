"""Pictures, sounds and files inside OpenAI message content: one content part to one `Media`.

Base64 is kept as it came; links stay links, for only the guarded fetcher may follow them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from core.dialects import fields
from core.domain.content import Base64Text, JsonObject, Media, Url
from core.wire.pictures import base64_mime

AUDIO_MIMES: Final = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "webm": "audio/webm",
    "pcm16": "audio/pcm",
}
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


def _guess(name: str, default: str) -> str:
    ending = name.partition("?")[0].rpartition(".")[2].lower()
    return FILE_MIMES.get(ending, default)


def from_url(url: str, name: str, default: str = "image/png") -> Media:
    """A data URL or a link, found in the member `name`."""
    if url[:5].lower() != "data:":
        if not url[:8].lower().startswith(("http://", "https://")):
            fields.refuse(name, f"`{name}` has to be a data: URL or an http(s) link.")
        return Media(_guess(url, default), Url(url))
    header, comma, payload = url[5:].partition(",")
    if not comma:
        fields.refuse(name, f"`{name}` is a data: URL without a comma.")
    words = header.lower().split(";")
    mime = words[0].strip()
    if "base64" not in (word.strip() for word in words[1:]):
        return Media(mime or "text/plain", unquote_to_bytes(payload))
    return from_base64(payload, mime, default)


def from_base64(payload: str, mime: str, default: str) -> Media:
    if mime in ("", "application/octet-stream"):
        mime = base64_mime(payload) or ("application/pdf" if payload.startswith(PDF) else default)
    return Media(mime, Base64Text(payload))


def image(part: JsonObject, kind: str, at: str) -> Media:
    """`image_url` and `video_url`, as an object with `url` or as the bare text."""
    found = part.get(kind)
    name = f"{at}.{kind}"
    default = "video/mp4" if kind == "video_url" else "audio/mpeg" if kind == "audio_url" else "image/png"
    if isinstance(found, str):
        return from_url(found, name, default)
    url = fields.text(fields.as_object(found, name), "url", name)
    if not url:
        fields.refuse(f"{name}.url", f"`{name}.url` is missing.")
    return from_url(url, f"{name}.url", default)


def audio(part: JsonObject, at: str) -> Media:
    name = f"{at}.input_audio"
    source = fields.as_object(part.get("input_audio"), name)
    payload, form = fields.text(source, "data", name), fields.text(source, "format", name) or "wav"
    if not payload:
        fields.refuse(f"{name}.data", f"`{name}.data` is missing.")
    if form not in AUDIO_MIMES:
        fields.refuse(f"{name}.format", f"`{name}.format` has to be one of {', '.join(AUDIO_MIMES)}.")
    return Media(AUDIO_MIMES[form], Base64Text(payload))


def file(part: JsonObject, at: str) -> Media:
    name = f"{at}.file"
    source = fields.as_object(part.get("file"), name)
    payload, title = fields.text(source, "file_data", name), fields.text(source, "filename", name) or ""
    if not payload:
        if source.get("file_id"):
            fields.refuse(
                f"{name}.file_id", "Stored files are not supported: send the content as `file_data`."
            )
        fields.refuse(f"{name}.file_data", f"`{name}.file_data` is missing.")
    default = _guess(title, "application/pdf")
    if payload[:5].lower() == "data:":
        media = from_url(payload, f"{name}.file_data", default)
    else:
        media = from_base64(payload, "", default)
    return Media(media.mime, media.data, name=title)
