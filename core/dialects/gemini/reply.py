"""An answer as GenerateContentResponse: whole, as server-sent events, or as one JSON array bit by bit.

A batch becomes one response with every part that it holds; all of a stream share one `responseId`. The
last one has the finish reason and the usage. A failure is a response with nothing but `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from core.dialects.calls import arguments_object
from core.domain.content import (
    Base64Text,
    Media,
    Opaque,
    Part,
    Refusal,
    Search,
    Text,
    Thought,
    ToolCall,
    Url,
)
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.wire.gemini import URL_READ
from core.wire.picture_bytes import encoded
from core.wire.sse import EVENT_STREAM

from .contents import FAMILY
from .errors import error_object

_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode

_FINISH: Final = {
    FinishReason.STOP: "STOP",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.CONTENT_FILTER: "SAFETY",
    FinishReason.OTHER: "OTHER",
}

_TEXT: Final = b'{"candidates":[{"content":{"role":"model","parts":[{"text":'
_THOUGHT: Final = b'{"candidates":[{"content":{"role":"model","parts":[{"thought":true,"text":'

WirePart = dict[str, Any]


class GeminiReply:
    """Speaks Gemini to one client. `model` is the name that the client asked for.

    `array` streams one JSON array instead of events, as Google does without `alt=sse`.
    """

    def __init__(self, reply_id: str, model: str, *, array: bool = False) -> None:
        self._array = array
        self._tail = _encode({"modelVersion": model, "responseId": reply_id})[1:]
        self._same = {"modelVersion": model, "responseId": reply_id}
        self._piece = b'}]},"index":0}],' + self._tail
        self._lead: bytes | None = None
        self._open: Part | None = None
        self._text: list[str] = []
        self._signature = ""
        self._usage = Usage()
        self._search: Search | None = None
        self._begun = self._ended = False

    @property
    def content_type(self) -> str:
        return "application/json" if self._array else EVENT_STREAM

    def frames(self, batch: Sequence[object]) -> bytes:
        """The response that a batch of stream events makes, ready for one write; maybe none."""
        if self._lead is not None and len(batch) == 1 and type(event := batch[0]) is PartDelta:
            if event.signature:
                return self._frame(self._response(self._signed_piece(event), None))
            return self._frame(self._lead + _encode(event.text) + self._piece) if event.text else b""
        parts: list[WirePart] = []
        ending: Finished | None = None
        for event in cast("Sequence[StreamEvent]", batch):
            if self._ended:
                break
            match event:
                case PartDelta():
                    self._delta(event, parts)
                case PartOpened(part=part):
                    self._opened(part, parts)
                case PartClosed(signature=signature):
                    self._closed(signature, parts)
                case UsageSeen(usage=usage):
                    self._usage = usage
                case Finished():
                    self._ended, self._lead = True, None
                    ending = event
                case Failed(failure=failure):
                    self._ended, self._lead = True, None
                    before = self._frame(self._response(parts, None)) if parts else b""
                    return before + self._frame(_encode({"error": error_object(failure)})) + self._last()
                case Started():
                    pass
        if not parts and ending is None:
            return b""
        return self._frame(self._response(parts, ending)) + (self._last() if ending else b"")

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one response."""
        return self.bodies([answer])

    def bodies(self, answers: Sequence[Answer]) -> bytes:
        """Several answers to one request as the candidates of one response."""
        usage = Usage(
            max((answer.usage.input for answer in answers), default=0),
            sum(answer.usage.output for answer in answers),
            max((answer.usage.cache_read for answer in answers), default=0),
            0,
            sum(answer.usage.thoughts for answer in answers),
        )
        candidates: list[dict[str, Any]] = []
        for index, answer in enumerate(answers):
            parts = [wire for part in answer.parts for wire in whole_part(part)]
            search = next((part for part in reversed(answer.parts) if isinstance(part, Search)), None)
            candidates.append(candidate(parts, answer.finish, search, index))
        return _encode({"candidates": candidates, "usageMetadata": usage_object(usage), **self._same})

    def heartbeat(self) -> bytes:
        """A comment, or a blank between two values of the array."""
        return b"\n" if self._array else b": ping\n\n"

    def _signed_piece(self, delta: PartDelta) -> list[WirePart]:
        parts: list[WirePart] = []
        self._delta(delta, parts)
        return parts

    # --- the parts of a batch ---------------------------------------------------------------------

    def _delta(self, delta: PartDelta, parts: list[WirePart]) -> None:
        if isinstance(self._open, ToolCall):
            self._text.append(delta.text)
            self._signature = delta.signature or self._signature
            return
        if delta.text:
            self._say(delta.text, parts)
        if delta.signature:
            self._sign(delta.signature, parts)

    def _opened(self, part: Part, parts: list[WirePart]) -> None:
        self._open, self._lead = part, None
        match part:
            case Text() | Thought() | Refusal():
                self._lead = _THOUGHT if isinstance(part, Thought) else _TEXT
                if part.text:
                    self._say(part.text, parts)
                if not isinstance(part, Refusal) and part.signature:
                    self._sign(part.signature, parts)
            case ToolCall():
                self._text, self._signature = [part.arguments], part.signature
            case Search():
                self._search = part
            case _:
                parts += whole_part(part)

    def _closed(self, signature: str, parts: list[WirePart]) -> None:
        part, self._open, self._lead = self._open, None, None
        if isinstance(part, ToolCall):
            arguments = "".join(self._text)
            signed = signature or self._signature
            parts += whole_part(ToolCall(part.id, part.name, arguments, part.kind, signed))
        elif signature:
            self._open = part
            self._sign(signature, parts)
            self._open = None

    def _say(self, text: str, parts: list[WirePart]) -> None:
        """Add text to the part that stands last, if that is of the same kind and unsigned."""
        thought = isinstance(self._open, Thought)
        last = parts[-1] if parts else None
        unsigned = last is not None and "text" in last and "thoughtSignature" not in last
        if last is not None and unsigned and last.get("thought", False) is thought:
            last["text"] += text
            return
        parts.append({"thought": True, "text": text} if thought else {"text": text})

    def _sign(self, signature: str, parts: list[WirePart]) -> None:
        """A signature rides on the text it belongs to, or on an empty one when that has been sent."""
        self._say("", parts)
        parts[-1]["thoughtSignature"] = signature

    # --- responses ---------------------------------------------------------------------------------

    def _response(self, parts: list[WirePart], ending: Finished | None) -> bytes:
        found = candidate(parts, ending, self._search if ending else None)
        if ending is None:
            return b'{"candidates":[' + _encode(found) + b"]," + self._tail
        usage = _encode(usage_object(self._usage))
        return b'{"candidates":[' + _encode(found) + b'],"usageMetadata":' + usage + b"," + self._tail

    def _frame(self, response: bytes) -> bytes:
        if not self._array:
            return b"data: " + response + b"\n\n"
        before = b",\n" if self._begun else b"["
        self._begun = True
        return before + response

    def _last(self) -> bytes:
        return b"]\n" if self._array else b""


def candidate(
    parts: list[WirePart], ending: Finished | None, search: Search | None, index: int = 0
) -> dict[str, Any]:
    """One candidate; without an ending, a piece of one."""
    found: dict[str, Any] = {"content": {"role": "model", "parts": parts or [{"text": ""}]}}
    if ending is not None:
        found["finishReason"] = _FINISH[ending.reason]
        if ending.message:
            found["finishMessage"] = ending.message
    if search is not None:
        found["groundingMetadata"] = {
            "webSearchQueries": search.queries,
            "groundingChunks": [{"web": {"uri": one.uri, "title": one.title}} for one in search.sources],
        }
    if search is not None and search.pages:
        found["urlContextMetadata"] = {
            "urlMetadata": [
                {"retrievedUrl": page.url, "urlRetrievalStatus": page.trouble or URL_READ}
                for page in search.pages
            ]
        }
    found["index"] = index
    return found


def whole_part(part: Part) -> list[WirePart]:
    """A complete part in Gemini's shape; nothing for what it has no shape for."""
    match part:
        case Text(text=text, signature=signature):
            return [_signed({"text": text}, signature)]
        case Thought(text=text, signature=signature):
            return [_signed({"thought": True, "text": text}, signature)]
        case Refusal(text=text):
            return [{"text": text}]
        case ToolCall(kind="builtin"):
            return []
        case ToolCall():
            call = {"id": part.id, "name": part.name, "args": arguments_object(part)}
            return [_signed({"functionCall": call}, part.signature)]
        case Media(data=Url(url=url)):
            return [{"fileData": {"mimeType": part.mime, "fileUri": url}}]
        case Media(data=Base64Text(text=text)):
            return [{"inlineData": {"mimeType": part.mime, "data": text}}]
        case Media(data=bytes() as raw):
            return [{"inlineData": {"mimeType": part.mime, "data": encoded(raw)}}]
        case Opaque(family=family, raw=raw):
            return [cast(WirePart, msgspec.json.decode(raw))] if family == FAMILY else []
        case _:
            return []


def _signed(part: WirePart, signature: str) -> WirePart:
    return {**part, "thoughtSignature": signature} if signature else part


def usage_object(usage: Usage) -> dict[str, int]:
    """`candidatesTokenCount` leaves thoughts out, `promptTokenCount` includes what was cached."""
    found = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.thoughts),
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.thoughts:
        found["thoughtsTokenCount"] = usage.thoughts
    if usage.cache_read:
        found["cachedContentTokenCount"] = usage.cache_read
    return found
