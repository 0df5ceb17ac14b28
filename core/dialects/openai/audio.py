"""Recordings in OpenAI's words: `/v1/audio/transcriptions` as a chat request, the answer as a transcript.

No upstream here has a call for transcripts: a model that hears is asked to write down what it hears.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from core.dialects import fields
from core.dialects.form import Form, Upload
from core.domain.content import JsonObject, Media, Role, Text, Turn, text_of
from core.domain.events import Answer, Failed, Finished, FinishReason, PartDelta, PartOpened, Usage, UsageSeen
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest, Sampling

from .errors import error_object

MOST_BYTES: Final = 15 * 1024 * 1024
MIMES: Final = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aiff": "audio/aiff",
    "aif": "audio/aiff",
}
"""By the ending of the file's name. Source: Antigravity Tools, audio."""

NOBODYS: Final = (
    "whisper",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gemini-2.0-flash",
)
"""How names begin that nobody serves here: OpenAI's own models for transcripts, and the retired one that
Antigravity Tools asks by default."""

TASK: Final = (
    "Write a transcript of the speech in this recording: the words that are spoken and nothing else, in "
    "their own language, without a title, remarks or times."
)
UNDERSTOOD: Final = frozenset(
    {
        "file",
        "model",
        "prompt",
        "response_format",
        "temperature",
        "language",
        "languages",
        "keywords",
        "stream",
        "user",
    }
)


class AudioOrder(Struct, frozen=True):
    """What was asked and how the transcript is handed over."""

    request: ChatRequest
    form: Literal["json", "text"]
    stream: bool = False


def decode(form: Form, model: str) -> AudioOrder:
    """Read a form. `model` is asked where none is named, or one that nobody here serves.

    Raises GatewayError `bad_request` naming the member.
    """
    source = form.source()
    recording = _recording(form.files)
    kind = fields.text(source, "response_format") or "json"
    if kind not in ("json", "text"):
        fields.refuse(
            "response_format",
            f"`response_format` has to be json or text: {kind!r:.40} needs times, and models here tell none.",
        )
    asked = fields.text(source, "model") or ""
    others = {file.field: True for file in form.files if file.field != "file"}
    extras: dict[str, Any] = {
        name: value
        for name, value in (source | others).items()
        if name not in UNDERSTOOD and fields.says_something(value)
    }
    request = ChatRequest(
        model if not asked or asked.startswith(NOBODYS) else asked,
        (Turn(Role.USER, (Text(_task(source)), recording)),),
        sampling=Sampling(temperature=fields.number(source, "temperature")),
        extras=extras,
    )
    return AudioOrder(request, kind, bool(fields.flag(source, "stream")))


def _recording(files: Sequence[Upload]) -> Media:
    file = next((one for one in files if one.field == "file"), None)
    if file is None or not file.name:
        fields.refuse("file", "`file` is missing: send the recording as a file with a name.")
    mime = MIMES.get(file.name.rpartition(".")[2].lower()) if "." in file.name else None
    if mime is None:
        fields.refuse("file", f"`file` has to be a recording whose name ends in {', '.join(MIMES)}.")
    if not file.content:
        fields.refuse("file", "`file` is empty.")
    return Media(mime, file.content, name=file.name)


def _task(source: JsonObject) -> str:
    """What the model is told, with what the caller knows of the recording."""
    said = [TASK]
    if languages := _words(source, "language") + _words(source, "languages"):
        said.append(f"Spoken language (ISO 639-1): {', '.join(languages)}.")
    if keywords := _words(source, "keywords"):
        said.append(f"Words that may occur: {', '.join(keywords)}.")
    if hint := fields.text(source, "prompt"):
        said.append(f"Go by this for spelling and style, and don't repeat it: {hint}")
    return "\n\n".join(said)


def _words(source: JsonObject, name: str) -> list[str]:
    found = source.get(name)
    return [str(one) for one in (found if isinstance(found, list) else [found]) if one]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


class TranscriptReply:
    """Reply (domain/ports.py) of a transcript; one object a request. Thoughts are no words of a recording."""

    content_type = "text/event-stream"

    def __init__(self, form: Literal["json", "text"]) -> None:
        self._form = form
        self._speaking = False
        self._text: list[str] = []
        self._usage = Usage()

    @property
    def body_type(self) -> str:
        return "application/json" if self._form == "json" else "text/plain; charset=utf-8"

    def body(self, answer: Answer) -> bytes:
        """The transcript. Raises GatewayError `upstream` where a filter let nothing through."""
        text = text_of(answer.parts).strip()
        if not text and answer.finish.reason is FinishReason.CONTENT_FILTER:
            raise GatewayError.of(
                Kind.UPSTREAM, "A filter of the model's let nothing of this recording through."
            )
        if self._form == "text":
            return f"{text}\n".encode()
        return msgspec.json.encode({"text": text, "usage": usage_object(answer.usage)})

    def frames(self, batch: Sequence[object]) -> bytes:
        return b"".join(self._frame(event) for event in batch)

    def heartbeat(self) -> bytes:
        return b": ping\n\n"

    def _frame(self, event: object) -> bytes:
        match event:
            case PartOpened(part=part):
                self._speaking = isinstance(part, Text)
                return self._delta(part.text) if isinstance(part, Text) else b""
            case PartDelta(text=text) if self._speaking:
                return self._delta(text)
            case UsageSeen(usage=usage):
                self._usage = usage
                return b""
            case Finished():
                told = {"text": "".join(self._text).strip(), "usage": usage_object(self._usage)}
                return _sse({"type": "transcript.text.done"} | told)
            case Failed(failure=failure):
                return _sse({"type": "error", "error": error_object(failure)})
            case _:
                return b""

    def _delta(self, text: str) -> bytes:
        if not text:
            return b""
        self._text.append(text)
        return _sse({"type": "transcript.text.delta", "delta": text})


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "type": "tokens",
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }


def _sse(payload: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (payload["type"].encode(), msgspec.json.encode(payload))
