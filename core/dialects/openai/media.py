"""Pictures, sounds and files inside OpenAI message content: one content part to one `Media`."""

from __future__ import annotations

from typing import Final

from core.dialects import fields
from core.dialects.media import from_base64, from_url, mime_of
from core.domain.content import Base64Text, JsonObject, Media

AUDIO_MIMES: Final = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "webm": "audio/webm",
    "pcm16": "audio/pcm",
}


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
    default = mime_of(title, "application/pdf")
    if payload[:5].lower() == "data:":
        media = from_url(payload, f"{name}.file_data", default)
    else:
        media = from_base64(payload, "", default)
    return Media(media.mime, media.data, name=title)
