"""`contents` and `systemInstruction` to turns and system texts.

A call without an id gets one, and a result without an id takes that of the oldest call of its name that
has none yet: the protocol pairs them by name and order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any, Final, cast

from core.dialects import fields
from core.dialects.media import from_base64
from core.domain.content import (
    JsonObject,
    Media,
    Opaque,
    Part,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)

from . import keys

FAMILY: Final = "gemini"
ROLES: Final = {
    "user": Role.USER,
    "function": Role.USER,
    "tool": Role.USER,
    "model": Role.MODEL,
    "assistant": Role.MODEL,
    "system": Role.SYSTEM,
}
DUMMIES: Final = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
"""Signatures that Google's documentation offers for calls that have none; they are words, not base64."""

NATIVE: Final = ("executableCode", "codeExecutionResult")
"""Parts that only this protocol has; they pass through as they are."""


def system_texts(source: JsonObject) -> tuple[str, ...]:
    """The texts of `systemInstruction`, which may be text, a content, or an array of parts."""
    found: Any = source.get("systemInstruction")
    if isinstance(found, str):
        return (found,) if found.strip() else ()
    if found is None:
        return ()
    at = "systemInstruction"
    if isinstance(found, list):
        found = {"parts": cast("list[Any]", found)}
    content = keys.camel(fields.as_object(found, at))
    if isinstance(content.get("text"), str) and "parts" not in content:
        content = {"parts": [content]}
    texts = [fields.text(part, "text", where) for part, where in keys.listed(content, "parts", at)]
    return tuple(text for text in texts if text and text.strip())


def turns(source: JsonObject) -> tuple[Turn, ...]:
    """The turns of `contents`: text, a content, or an array of either."""
    found: Any = source.get("contents")
    if isinstance(found, str):
        return (Turn.of(Role.USER, found),)
    if isinstance(found, list):
        items = cast("list[Any]", found)
        source = {"contents": [{"parts": [{"text": one}]} if isinstance(one, str) else one for one in items]}
    reader = _Reader()
    read = [reader.turn(content, at) for content, at in keys.listed(source, "contents")]
    return tuple(turn for turn in read if turn.parts)


class _Reader:
    """Reads contents in order, so that calls and results find each other."""

    def __init__(self) -> None:
        self._made = 0
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)

    def turn(self, content: JsonObject, at: str) -> Turn:
        word = fields.text(content, "role", at) or "user"
        if word not in ROLES:
            fields.refuse(f"{at}.role", f"`{at}.role` has to be user or model, not {word!r:.40}.")
        parts: list[Part] = []
        for part, where in keys.listed(content, "parts", at):
            parts += self._part(part, where)
        return Turn(ROLES[word], tuple(parts))

    def _part(self, part: JsonObject, at: str) -> list[Part]:
        signature = fields.text(part, "thoughtSignature", at) or ""
        if signature not in DUMMIES:
            signature = _standard(signature)
        if (text := fields.text(part, "text", at)) is not None:
            if fields.flag(part, "thought", at):
                return [Thought(text, signature)]
            return [Text(text, signature=signature)] if text or signature else []
        if (call := keys.mapping(part, "functionCall", at)) is not None:
            return [self._call(call, signature, f"{at}.functionCall")]
        if (result := keys.mapping(part, "functionResponse", at)) is not None:
            return [self._result(result, f"{at}.functionResponse")]
        if (blob := keys.mapping(part, "inlineData", at)) is not None:
            return [_media(blob, f"{at}.inlineData")]
        if (link := keys.mapping(part, "fileData", at)) is not None:
            return [_link(link, f"{at}.fileData")]
        if any(name in part for name in NATIVE):
            return [Opaque(FAMILY, fields.as_json(part))]
        if signature:
            return [Thought("", signature) if part.get("thought") else Text("", signature=signature)]
        known = "text, inlineData, fileData, functionCall, functionResponse, " + ", ".join(NATIVE)
        raise fields.refusal(at, f"`{at}` holds nothing that this server reads: one of {known} is needed.")

    def _call(self, call: JsonObject, signature: str, at: str) -> ToolCall:
        name = fields.text(call, "name", at)
        if not name:
            fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
        call_id = fields.text(call, "id", at) or ""
        if not call_id:
            call_id = self._new_id(name)
            self._waiting[name].append(call_id)
        arguments = call.get("args")
        return ToolCall(call_id, name, fields.as_json(arguments) if arguments else "{}", signature=signature)

    def _result(self, result: JsonObject, at: str) -> ToolResult:
        name = fields.text(result, "name", at) or ""
        call_id = fields.text(result, "id", at) or ""
        if not call_id:
            waiting = self._waiting[name]
            call_id = waiting.popleft() if waiting else self._new_id(name)
        text, is_error = _said(result.get("response"))
        media = [
            _media(blob, f"{where}.inlineData")
            for part, where in keys.listed(result, "parts", at)
            if (blob := keys.mapping(part, "inlineData", where))
        ]
        return ToolResult(call_id, name, (Text(text), *media), is_error)

    def _new_id(self, name: str) -> str:
        self._made += 1
        return f"{name}-{self._made}"


def _said(response: Any) -> tuple[str, bool]:
    """A result's text, and whether it tells an error: an object with nothing but `error` does."""
    if isinstance(response, dict):
        told = cast(JsonObject, response)
        if list(told) == ["error"] and told["error"] is not None:
            return _text(told["error"]), True
    return ("{}" if response is None else _text(response)), False


def _text(value: Any) -> str:
    return value if isinstance(value, str) else fields.as_json(value)


def _media(blob: JsonObject, at: str) -> Media:
    payload = fields.text(blob, "data", at)
    if not payload:
        fields.refuse(f"{at}.data", f"`{at}.data` is missing.")
    mime = (fields.text(blob, "mimeType", at) or "").lower()
    return from_base64(_standard(payload), mime, "image/png")


def _standard(text: str) -> str:
    """Base64 in the usual alphabet: Google's SDKs send bytes in the one for URLs, whatever they got."""
    return text.translate(_URL_SAFE) if "-" in text or "_" in text else text


_URL_SAFE: Final = str.maketrans("-_", "+/")


def _link(link: JsonObject, at: str) -> Media:
    uri = fields.text(link, "fileUri", at)
    if not uri:
        fields.refuse(f"{at}.fileUri", f"`{at}.fileUri` is missing.")
    mime = fields.text(link, "mimeType", at) or "application/octet-stream"
    return Media(mime.lower(), Url(uri, f"{at}.fileUri"))
