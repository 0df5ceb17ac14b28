"""Input items to turns.

Neighbouring items of one voice are one turn: what the model thought, said and called belongs together. Items
of tools that only OpenAI's servers have are left out, and so are those that were never finished.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.dialects import fields
from core.dialects.conversation import BLANK
from core.dialects.openai import media
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

from .tools import joined

ROLES: Final = {
    "user": Role.USER,
    "assistant": Role.MODEL,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "critic": Role.MODEL,
}
TEXTS: Final = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
RESULTS: Final = frozenset(
    {"function_call_output", "custom_tool_call_output", "local_shell_call_output", "shell_call_output"}
)
SHELLS: Final = frozenset({"local_shell_call", "shell_call"})
KINDS: Final = frozenset({"message", "reasoning", "function_call", "custom_tool_call"}) | RESULTS | SHELLS
"""Items that are sent on."""


class ItemReader:
    """Reads the items of one conversation: results find the names of the calls before them.

    `left_out` collects the kinds of items that were not sent on, as they are reported.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._turns: list[Turn] = []
        self.left_out: set[str] = set()

    def turns(self, found: Any) -> tuple[Turn, ...]:
        """`input`: text, or an array of items. Never without a turn."""
        if isinstance(found, str):
            return (Turn.of(Role.USER, found),) if found else (BLANK,)
        for index, item in enumerate([] if found is None else fields.as_array(found, "input")):
            at = f"input[{index}]"
            if isinstance(item, str):
                self._add(Role.USER, [Text(item)])
            elif item is not None:
                self._item(fields.as_object(item, at), at)
        return tuple(self._turns) or (BLANK,)

    def _add(self, role: Role, parts: list[Part]) -> None:
        if not parts:
            return
        last = self._turns[-1] if self._turns else None
        if last is not None and last.role is role is not Role.SYSTEM:
            self._turns[-1] = Turn(role, (*last.parts, *parts))
        else:
            self._turns.append(Turn(role, tuple(parts)))

    def _item(self, item: JsonObject, at: str) -> None:
        if item.get("status") == "incomplete":
            return
        kind = fields.text(item, "type", at) or "message"
        if kind == "message":
            word = fields.text(item, "role", at) or ""
            if word not in ROLES:
                fields.refuse(f"{at}.role", f"`{at}.role` has to be user, assistant, system or developer.")
            self._add(ROLES[word], self.content(item.get("content"), f"{at}.content"))
        elif kind == "reasoning":
            self._add(Role.MODEL, [_thought(item, at)])
        elif kind == "function_call":
            self._add(Role.MODEL, [self._call(item, at)])
        elif kind == "custom_tool_call":
            self._add(Role.MODEL, [self._custom(item, at)])
        elif kind in SHELLS:
            self._add(Role.MODEL, [self._shell(item, at)])
        elif kind in RESULTS:
            self._add(Role.USER, [self._result(item, at)])
        else:
            self.left_out.add(f"input.{kind}")

    def content(self, found: Any, at: str) -> list[Part]:
        """Text, or an array of content parts."""
        if found is None:
            return []
        if isinstance(found, str):
            return [Text(found)] if found else []
        parts: list[Part] = []
        for index, one in enumerate(fields.as_array(found, at)):
            where = f"{at}[{index}]"
            part = Text(one) if isinstance(one, str) else _part(fields.as_object(one, where), where)
            if not isinstance(part, Text) or part.text:
                parts.append(part)
        return parts

    def _call(self, item: JsonObject, at: str) -> ToolCall:
        name = fields.text(item, "name", at)
        if not name:
            fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
        name = joined(fields.text(item, "namespace", at) or "", name)
        given = item.get("arguments")
        arguments = given if isinstance(given, str) else fields.as_json({} if given is None else given)
        return self._named(ToolCall(self._call_id(item, at), name, arguments))

    def _custom(self, item: JsonObject, at: str) -> ToolCall:
        name = fields.text(item, "name", at)
        if not name:
            fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
        given = fields.text(item, "input", at) or ""
        return self._named(ToolCall(self._call_id(item, at), name, given, "custom"))

    def _shell(self, item: JsonObject, at: str) -> ToolCall:
        action = fields.mapping(item, "action", at) or {}
        return self._named(ToolCall(self._call_id(item, at), "shell", fields.as_json(action)))

    def _named(self, call: ToolCall) -> ToolCall:
        self._names[call.id] = call.name
        return call

    @staticmethod
    def _call_id(item: JsonObject, at: str) -> str:
        call_id = fields.text(item, "call_id", at) or fields.text(item, "id", at)
        if not call_id:
            fields.refuse(f"{at}.call_id", f"`{at}.call_id` is missing.")
        return call_id

    def _result(self, item: JsonObject, at: str) -> ToolResult:
        call_id = self._call_id(item, at)
        output: Any = item.get("output")
        if isinstance(output, dict | bool | int | float):
            output = fields.as_json(cast(object, output))
        parts = self.content(output, f"{at}.output")
        kept = tuple(part for part in parts if isinstance(part, Text | Media))
        return ToolResult(call_id, self._names.get(call_id, ""), kept or (Text(""),))


def _part(part: JsonObject, at: str) -> Part:
    kind = fields.text(part, "type", at)
    if kind in TEXTS or (kind is None and "text" in part):
        return Text(fields.text(part, "text", at) or "")
    match kind:
        case "input_image":
            if not part.get("image_url"):
                fields.refuse(
                    f"{at}.image_url", "Stored files are not supported: send the picture as `image_url`."
                )
            return media.image(part, "image_url", at)
        case "image_url":
            return media.image(part, "image_url", at)
        case "input_file":
            return _file(part, at)
        case "input_audio":
            return media.audio(part, at)
        case "refusal":
            return Refusal(fields.text(part, "refusal", at) or "")
        case _:
            raise fields.refusal(
                f"{at}.type", f"`{at}.type` {kind!r:.40} is not a kind of content this server reads."
            )


def _file(part: JsonObject, at: str) -> Media:
    if url := fields.text(part, "file_url", at):
        return media.from_url(url, f"{at}.file_url", "application/pdf")
    return media.file({"file": part}, at)


def _thought(item: JsonObject, at: str) -> Thought:
    """The summary, signed with the encrypted content: that is where a signature travels here."""
    texts = [
        fields.text(fields.as_object(one, f"{at}.{name}[{index}]"), "text", at) or ""
        for name in ("summary", "content")
        for index, one in enumerate(fields.array(item, name, at))
    ]
    signature = fields.text(item, "encrypted_content", at) or ""
    return Thought("\n\n".join(text for text in texts if text), signature)
