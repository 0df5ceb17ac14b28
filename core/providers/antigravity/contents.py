"""Turns into `contents`: parts, their order, and the rules of who speaks first and last.

Pure. Steps in order: parts of each turn, neighbours merged, calls paired (pairing.py), parts ordered,
ends mended. Source: seed 001 (contents); the rules of Claude behind the gateway.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from core.domain.content import (
    AssetRef,
    Base64Text,
    Media,
    Opaque,
    Part,
    Refusal,
    Role,
    Search,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from core.domain.failure import GatewayError, Kind
from core.wire.pictures import base64_mime, picture_mime
from core.wire.tool_names import ToolNames

from .models import Facts
from .pairing import WirePart, WireTurn, paired
from .signatures import SENTINEL, SIGNING, fits

OPAQUE_FAMILY: Final = "gemini"
OPENER: Final = "."
CONTINUE: Final = "Go on exactly where your text above stops. Repeat nothing of it."
PICTURE_THERE: Final = "[a picture that was made here]"
MODEL_PICTURES: Final = 8 * 1024 * 1024
"""Characters of base64 that pictures made earlier may take."""
OPAQUE_KEYS: Final = frozenset({"text", "inlineData", "fileData", "executableCode", "codeExecutionResult"})
"""What an opaque part may be; calls and results have words of their own."""

LINE: Final = 128
"""Characters among which base64 that is broken into lines has a break."""
SPEAKERS: Final[dict[type, str]] = {ToolCall: "model", Thought: "model", ToolResult: "user"}
"""Whose these are, wherever they stand."""


def system_texts(system: tuple[str, ...], turns: tuple[Turn, ...]) -> tuple[list[str], tuple[Turn, ...]]:
    """The texts of the system instruction, and the turns without the system turns at their head."""
    texts = list(system)
    head = 0
    while head < len(turns) and turns[head].role is Role.SYSTEM:
        texts += [part.text for part in turns[head].parts if isinstance(part, Text)]
        head += 1
    return [text for text in texts if text.strip()], turns[head:]


def faded(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """`turns` with a note in place of pictures that a model made long ago: every turn would send them all
    again. The latest ones stay, up to MODEL_PICTURES, and so does whatever the user sent."""
    made = [
        media for turn in turns if turn.role is Role.MODEL for media in turn.parts if type(media) is Media
    ]
    room, old = MODEL_PICTURES, set[int]()
    for media in reversed(made):
        room -= _weight(media)
        if room < 0 and media is not made[-1]:
            old.add(id(media))
    if not old:
        return turns
    note = Text(PICTURE_THERE)
    return tuple(
        Turn(turn.role, tuple(note if id(part) in old else part for part in turn.parts)) for turn in turns
    )


def _weight(media: Media) -> int:
    """Characters of base64."""
    match media.data:
        case Base64Text(text=text):
            return len(text)
        case bytes() as raw:
            return len(raw) * 4 // 3
        case _:
            return 0


def contents(turns: tuple[Turn, ...], row: Facts, names: ToolNames, thinking: bool) -> list[dict[str, Any]]:
    """The `contents` array. `thinking`: whether the request thinks, so that thoughts may stay.

    Raises GatewayError(bad_request) when nothing is left to say, or a picture has no bytes here.
    """
    wire: list[WireTurn] = []
    tools = False
    for turn in faded(turns):
        role = "model" if turn.role is Role.MODEL else "user"
        for part in turn.parts:
            kind = type(part)
            tools = tools or kind is ToolCall or kind is ToolResult
            for one in _parts(part, turn.role, row, names, thinking):
                if _says(one, row):
                    _add(wire, SPEAKERS.get(kind, role), one)
    if tools:
        wire = _merged(paired(wire, strict_ids=row.claude))
    wire = _ended(wire, row)
    if not wire and any(_is_blank(part) for turn in turns for part in turn.parts):
        wire = [WireTurn("user", [{"text": OPENER}])]
    if not wire:
        raise GatewayError.of(
            Kind.BAD_REQUEST, "The conversation is empty: it holds no text, picture or tool result to answer."
        )
    mixed = tools or row.claude
    return [{"role": turn.role, "parts": _ordered(turn, row) if mixed else turn.parts} for turn in wire]


def _parts(part: Part, role: Role, row: Facts, names: ToolNames, thinking: bool) -> list[WirePart]:
    match part:
        case Text(text=text, signature=signature):
            if role is Role.SYSTEM:
                text = f"<system>\n{text}\n</system>"
            wire: WirePart = {"text": text}
            if signature and SIGNING[row.family].parts and fits(signature, row):
                wire["thoughtSignature"] = signature
            return [wire]
        case Thought(text=text, signature=signature):
            if not thinking or signature == SENTINEL or not fits(signature, row):
                return []
            return [{"thought": True, "text": text, "thoughtSignature": signature}]
        case Media():
            if role is Role.MODEL and not row.gemini:
                return [{"text": PICTURE_THERE}]
            return [media_part(part)]
        case ToolCall():
            return [_call(part, row, names)] if part.kind != "builtin" else []
        case ToolResult(parts=inner):
            media = [media_part(one) for one in inner if isinstance(one, Media)]
            return [_result(part, names), *media]
        case Refusal(text=text):
            return [{"text": text}]
        case Opaque(family=family, raw=raw):
            return _opaque(raw) if family == OPAQUE_FAMILY and row.gemini else []
        case Search():
            return []


def _says(part: WirePart, row: Facts) -> bool:
    """Blank texts are refused; Gemini keeps one for the signature it carries."""
    text = part.get("text")
    if text is None or text.strip():
        return True
    return row.gemini and "thoughtSignature" in part


def _is_blank(part: Part) -> bool:
    """Whether this is a text of spaces: all that a client without a message says."""
    return type(part) is Text and part.text.isspace()


def media_part(part: Media) -> WirePart:
    """A picture as `inlineData`, under the type that its bytes tell; base64 passes as it is, but for a
    `data:` prefix and line breaks."""
    match part.data:
        case Base64Text(text=text):
            text = (text.partition(",")[2] if text.startswith("data:") else text).strip()
            if len(text[:LINE].split()) > 1:
                text = "".join(text.split())
            return {"inlineData": {"mimeType": base64_mime(text) or part.mime, "data": text}}
        case bytes() as raw:
            data = base64.b64encode(raw).decode()
            return {"inlineData": {"mimeType": picture_mime(raw) or part.mime, "data": data}}
        case Url(url=url):
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                f"The picture at {url[:80]} has not been fetched. Send its bytes as base64 instead.",
            )
        case AssetRef(id=asset):
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                f"The picture {asset} is not in the library any more. Attach it again.",
            )


def _call(call: ToolCall, row: Facts, names: ToolNames) -> WirePart:
    wire: WirePart = {
        "functionCall": {"name": names.wire(call.name), "args": _arguments(call), "id": call.id}
    }
    if SIGNING[row.family].parts and fits(call.signature, row):
        wire["thoughtSignature"] = call.signature
    return wire


def _arguments(call: ToolCall) -> msgspec.Raw | dict[str, Any]:
    """Always an object; JSON objects pass as they were received."""
    if call.kind == "custom":
        return {"input": call.arguments}
    if not call.arguments.strip():
        return {}
    if (raw := _json_object(call.arguments)) is not None:
        return raw
    try:
        return {"value": msgspec.json.decode(call.arguments)}
    except (msgspec.DecodeError, RecursionError):
        return {"raw": call.arguments}


def _result(result: ToolResult, names: ToolNames) -> WirePart:
    text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    response: msgspec.Raw | dict[str, Any]
    response = {"error": text} if result.is_error else _json_object(text) or {"result": text}
    name = names.wire(result.name) if result.name else ""
    return {"functionResponse": {"name": name, "id": result.call_id, "response": response}}


def _json_object(text: str) -> msgspec.Raw | None:
    """The text as it is, if it is a JSON object."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    return msgspec.Raw(text.encode())


def _opaque(raw: str) -> list[WirePart]:
    try:
        part = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return []
    return [part] if len(OPAQUE_KEYS & part.keys()) == 1 else []


def _add(turns: list[WireTurn], role: str, part: WirePart) -> None:
    """One part more: neighbours with one role are one turn."""
    if turns and turns[-1].role == role:
        turns[-1].parts.append(part)
    else:
        turns.append(WireTurn(role, [part]))


def _merged(turns: list[WireTurn]) -> list[WireTurn]:
    merged: list[WireTurn] = []
    for turn in turns:
        for part in turn.parts:
            _add(merged, turn.role, part)
    return merged


def _ended(turns: list[WireTurn], row: Facts) -> list[WireTurn]:
    """First and last turn are the user's; a prefilled answer is asked to be continued."""
    if turns and turns[0].role == "model":
        turns = [WireTurn("user", [{"text": OPENER}]), *turns]
    if turns and turns[-1].role == "model" and not row.draws:
        turns = [*turns, WireTurn("user", [{"text": CONTINUE}])]
    return turns


def _ordered(turn: WireTurn, row: Facts) -> list[WirePart]:
    """Results before anything else; for Claude thoughts, then text, then calls; first calls signed."""
    if turn.role == "user":
        return sorted(turn.parts, key=lambda part: "functionResponse" not in part)
    parts = turn.parts
    if row.claude:
        parts = sorted(parts, key=lambda part: 2 if "functionCall" in part else 0 if "thought" in part else 1)
    if row.signs_calls:
        first = next((at for at, part in enumerate(parts) if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in parts[first]:
            parts = [*parts]
            parts[first] = {**parts[first], "thoughtSignature": SIGNING[row.family].sentinel}
    return parts
