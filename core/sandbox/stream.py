"""An answer on the wire: one JSON body, or server-sent events in pieces with a pause between them."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.sandbox.catalogue import Model
from core.sandbox.compose import Composed, Usage
from core.wire.sse import frame

_PIECE_CHARACTERS: Final = 30


class Ids(Struct, frozen=True):
    """What names one answer: `response` in its family's form, `trace` for the logs, `call` for a tool."""

    response: str
    trace: str
    call: str


def pieces_of(text: str) -> list[str]:
    """`text` in pieces of about 30 characters, cut after a blank where there is one."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        end = at + _PIECE_CHARACTERS
        if end < len(text):
            blank = max(text.rfind(" ", at, end), text.rfind("\n", at, end))
            end = blank + 1 if blank > at else end
        pieces.append(text[at:end])
        at = end
    return pieces


def parts_of(answer: Composed, model: Model, ids: Ids) -> Iterator[dict[str, Any]]:
    """The answer's parts, in pieces, in the order a stream shows them."""
    yield from _thought_parts(answer, model)
    for piece in answer.pieces or pieces_of(answer.text):
        yield {"text": piece}
    for at, called in enumerate(answer.calls):
        call: dict[str, Any] = {"name": called.name, "args": called.args}
        if model.signed or not model.family.startswith("gemini"):
            call["id"] = f"{ids.call}{at or ''}"
        part: dict[str, Any] = {"functionCall": call}
        if called.signature and not at:  # of calls that are made together the first one is signed
            part["thoughtSignature"] = called.signature
        yield part
    if not answer.calls and answer.text and answer.signature and model.family.startswith("gemini"):
        yield {"text": "", "thoughtSignature": answer.signature}
    for draft in answer.drafts:
        yield {"inlineData": {"mimeType": "image/png", "data": draft}, "thought": True}
    if answer.picture:
        yield {"inlineData": {"mimeType": "image/png", "data": answer.picture}}


def _thought_parts(answer: Composed, model: Model) -> Iterator[dict[str, Any]]:
    pieces = pieces_of(answer.thoughts)
    for at, piece in enumerate(pieces, 1):
        part: dict[str, Any] = {"thought": True, "text": piece}
        if at == len(pieces) and model.family == "sandbox":
            part["thoughtSignature"] = answer.signature
        yield part
    if pieces and model.claude:
        yield {"thought": True, "text": "", "thoughtSignature": answer.signature}


def unary(answer: Composed, model: Model, ids: Ids) -> bytes:
    """The body of generateContent: the same parts as in a stream, neighbours of one kind joined."""
    parts: list[dict[str, Any]] = []
    for part in parts_of(answer, model, ids):
        last = parts[-1] if parts else {}
        joins = "text" in part and "text" in last and part.get("thought") == last.get("thought")
        if joins and "thoughtSignature" not in last:
            parts[-1] = last | part | {"text": last["text"] + part["text"]}
        else:
            parts.append(part)
    candidate = _candidate(parts, answer)
    return msgspec.json.encode(_envelope(candidate, _usage(answer.usage, answer.usage.answer), model, ids))


def events(answer: Composed, model: Model, ids: Ids) -> Iterator[bytes]:
    """The frames of streamGenerateContent. The last one carries finish reason, usage and grounding."""
    waiting: dict[str, Any] | None = None
    sent = 0
    for part in parts_of(answer, model, ids):
        if waiting is not None:
            sent += len(waiting.get("text", "")) // 4
            tokens = min(sent, answer.usage.answer)
            yield _event(_candidate([waiting]), _usage(answer.usage, tokens), model, ids)
        waiting = part
    candidate = _candidate([waiting] if waiting else [], answer)
    yield _event(candidate, _usage(answer.usage, answer.usage.answer), model, ids)


def _event(candidate: dict[str, Any], usage: dict[str, int], model: Model, ids: Ids) -> bytes:
    return frame(msgspec.json.encode(_envelope(candidate, usage, model, ids)))


def _candidate(parts: list[dict[str, Any]], ended: Composed | None = None) -> dict[str, Any]:
    """`ended`: the answer, if these are its last parts."""
    candidate: dict[str, Any] = {}
    if parts:
        candidate["content"] = {"role": "model", "parts": parts}
    if ended is None:
        return candidate
    if ended.finish:
        candidate["finishReason"] = ended.finish
    if ended.message:
        candidate["finishMessage"] = ended.message
    if ended.grounding:
        candidate["groundingMetadata"] = ended.grounding
    if ended.pages:
        candidate["urlContextMetadata"] = ended.pages
    return candidate


def _usage(usage: Usage, answered: int) -> dict[str, int]:
    counts = {"promptTokenCount": usage.prompt, "candidatesTokenCount": answered}
    if usage.thoughts:
        counts["thoughtsTokenCount"] = usage.thoughts
    if usage.cached:
        counts["cachedContentTokenCount"] = usage.cached
    counts["totalTokenCount"] = usage.prompt + answered + usage.thoughts
    return counts


def _envelope(candidate: dict[str, Any], usage: dict[str, int], model: Model, ids: Ids) -> dict[str, Any]:
    return {
        "response": {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": model.id,
            "responseId": ids.response,
        },
        "traceId": ids.trace,
    }
