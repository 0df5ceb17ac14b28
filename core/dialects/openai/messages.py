"""The `messages` of a chat completion to turns, with what editors send in their place.

Some send blocks of Anthropic's, calls as LangChain keeps them, or items in the shape of the Responses API.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.dialects import fields
from core.dialects.anthropic.blocks import BlockReader
from core.dialects.conversation import BLANK
from core.dialects.responses.items import KINDS, ItemReader
from core.domain.content import (
    JsonObject,
    Media,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
)

from . import media

_TEXTS: Final = ("text", "input_text", "output_text")
_LINKS: Final = ("image_url", "input_image", "video_url", "audio_url")
_ITEMS: Final = tuple(KINDS)
_BLOCKS: Final = (
    "image",
    "document",
    "tool_use",
    "tool_result",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "web_search_tool_result",
)
"""Blocks of Anthropic's that stand in chat messages, too."""


class _Reader:
    """Reads messages in order; remembers the names of calls for the results that follow."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.turns: list[Turn] = []
        self._names: dict[str, str] = {}
        self._blocks = BlockReader(self._names)
        self._legacy: list[str] = []
        self._results: list[Part] = []

    def take(self, message: JsonObject, at: str) -> None:
        role = message.get("role")
        if role in ("tool", "function"):
            self._results.append(self._result(message, at))
            return
        self.flush()
        if role == "user":
            self._add(Role.USER, self._content(message, at))
        elif role == "assistant":
            self._add(Role.MODEL, self._assistant(message, at))
        elif role in ("system", "developer"):
            parts = self._content(message, at)
            if self.turns:
                self._add(Role.SYSTEM, parts)
            else:
                self.system += [part.text for part in parts if isinstance(part, Text) and part.text]
        elif role is None:
            fields.refuse(f"{at}.role", f"`{at}.role` is missing.")
        else:
            known = "system, developer, user, assistant, tool or function"
            fields.refuse(f"{at}.role", f"`{at}.role` has to be {known}, not {role!r:.40}.")

    def flush(self) -> None:
        """Results of calls that were made together belong to one turn."""
        if self._results:
            self._add(Role.USER, self._results)
            self._results = []

    def _add(self, role: Role, parts: list[Part]) -> None:
        if parts:
            self.turns.append(Turn(role, tuple(parts)))

    def _content(self, message: JsonObject, at: str) -> list[Part]:
        content = message.get("content")
        if isinstance(content, str):
            return [Text(content)] if content and content not in fields.ABSENT else []
        if content is None:
            return []
        at = f"{at}.content"
        if isinstance(content, dict):
            return self._part(fields.as_object(cast(object, content), at), at)
        if not isinstance(content, list):
            fields.refuse(at, f"`{at}` has to be text or an array of parts.")
        parts: list[Part] = []
        for index, item in enumerate(fields.array(message, "content")):
            if isinstance(item, str):
                parts.append(Text(item))
            elif item is not None:
                parts += self._part(fields.as_object(item, f"{at}[{index}]"), f"{at}[{index}]")
        return [part for part in parts if not (isinstance(part, Text) and not part.text)]

    def _part(self, part: JsonObject, at: str) -> list[Part]:
        kind = part.get("type")
        if kind in _TEXTS or (kind is None and "text" in part):
            return [Text(fields.text(part, "text", at) or "")]
        if kind in _LINKS:
            return [media.image(part, "image_url" if kind == "input_image" else kind, at)]
        if kind == "input_audio":
            return [media.audio(part, at)]
        if kind == "file":
            return [media.file(part, at)]
        if kind == "refusal":
            return [Refusal(fields.text(part, "refusal", at) or "")]
        if kind in ("thinking", "reasoning"):
            thought = fields.text(part, "thinking", at) or fields.text(part, "text", at) or ""
            return [Thought(thought, fields.text(part, "signature", at) or "")]
        if kind in _BLOCKS:
            return self._blocks.block(part, at)
        raise fields.refusal(
            f"{at}.type", f"`{at}.type` {kind!r:.40} is not a kind of content this server reads."
        )

    def _assistant(self, message: JsonObject, at: str) -> list[Part]:
        parts: list[Part] = []
        thought = fields.text(message, "reasoning_content", at)
        if thought is None and isinstance(message.get("reasoning"), str):
            thought = fields.text(message, "reasoning", at)
        if thought:
            parts.append(Thought(thought))
        parts += self._content(message, at)
        if refusal := fields.text(message, "refusal", at):
            parts.append(Refusal(refusal))
        for index, item in enumerate(fields.array(message, "tool_calls", at)):
            name = f"{at}.tool_calls[{index}]"
            parts.append(self._call(fields.as_object(item, name), name))
        if legacy := fields.mapping(message, "function_call", at):
            call_id = f"call_legacy_{len(self._names)}"
            self._legacy.append(call_id)
            parts.append(self._named(call_id, legacy, f"{at}.function_call"))
        return parts

    def _call(self, call: JsonObject, at: str) -> ToolCall:
        call_id = fields.text(call, "id", at) or f"call_{len(self._names)}"
        if custom := fields.mapping(call, "custom", at):
            name = fields.text(custom, "name", f"{at}.custom") or ""
            self._names[call_id] = name
            return ToolCall(call_id, name, fields.text(custom, "input", f"{at}.custom") or "", "custom")
        if "function" not in call and "name" in call:
            return self._named(call_id, call, at, _signature(call))
        function = fields.as_object(call.get("function"), f"{at}.function")
        return self._named(call_id, function, f"{at}.function", _signature(call))

    def _named(self, call_id: str, function: JsonObject, at: str, signature: str = "") -> ToolCall:
        name = fields.text(function, "name", at)
        if not name:
            fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
        arguments = function.get("arguments", function.get("args"))
        if arguments is not None and not isinstance(arguments, str):
            arguments = fields.as_json(arguments)
        self._names[call_id] = name
        return ToolCall(call_id, name, arguments or "", "function", signature)

    def _result(self, message: JsonObject, at: str) -> ToolResult:
        name = fields.text(message, "name", at) or ""
        if message.get("role") == "function":
            call_id = self._legacy.pop(0) if self._legacy else f"call_legacy_{name}"
        else:
            call_id = fields.text(message, "tool_call_id", at) or ""
            if not call_id:
                fields.refuse(f"{at}.tool_call_id", f"`{at}.tool_call_id` is missing.")
        parts = self._content(message, at)
        kept = tuple(part for part in parts if isinstance(part, Text | Media))
        return ToolResult(call_id, self._names.get(call_id, name), kept)


def _signature(call: JsonObject) -> str:
    """`extra_content.google.thought_signature`, where Google's own OpenAI endpoint puts it."""
    found: Any = call.get("extra_content")
    for member in ("google", "thought_signature"):
        found = cast("JsonObject", found).get(member) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def conversation(source: JsonObject) -> tuple[tuple[str, ...], tuple[Turn, ...], tuple[str, ...]]:
    """System texts that lead, the turns, and the kinds of items that are not sent on."""
    given = source.get("input")
    if source.get("messages") is not None or not ("input" in source or "instructions" in source):
        return *read(fields.array(source, "messages")), ()
    instructions = fields.text(source, "instructions")
    messages: list[Any] = [{"role": "system", "content": instructions}] if instructions else []
    items = cast("list[Any]", given) if isinstance(given, list) else []
    if items and all(isinstance(item, dict) for item in items):
        if all("role" in item for item in items):
            return *read([*messages, *items]), ()
        if any("role" in item or item.get("type") in _ITEMS for item in items):
            reader = ItemReader()
            turns = reader.turns(items)
            return (instructions,) if instructions else (), turns, tuple(sorted(reader.left_out))
    if given is not None:
        content = given if isinstance(given, str) else fields.as_json(cast(object, given))
        messages.append({"role": "user", "content": content})
    return *read(messages), ()


def read(messages: list[Any]) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    """System texts that lead, and the turns. Never without a turn.

    If everything is system text, the last of it becomes the user's, for a model answers only a user.
    """
    reader = _Reader()
    for index, message in enumerate(messages):
        if message is not None:
            at = f"messages[{index}]"
            reader.take(fields.as_object(message, at), at)
    reader.flush()
    system, turns = reader.system, reader.turns
    if not turns:
        turns = [Turn.of(Role.USER, system.pop())] if system else [BLANK]
    return tuple(system), tuple(turns)
