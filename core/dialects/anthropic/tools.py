"""Tools of a request and the choice among them.

Tools that Anthropic defines and the client runs (bash, text editor, memory) are declared to other models
with the schema that the client expects; those that Anthropic's servers run are left out, search apart.
"""

from __future__ import annotations

from typing import Any, Final

from core.dialects import fields
from core.domain.content import JsonObject
from core.domain.requests import Tool, ToolChoice

SEARCH: Final = "web_search"


def _object(required: tuple[str, ...], **properties: Any) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(required)}


_TEXT: Final = {"type": "string"}
_RANGE: Final = {"type": "array", "items": {"type": "integer"}}
CLIENT_SIDE: Final[dict[str, tuple[str, JsonObject]]] = {
    "bash_": (
        "Run a command in a shell that keeps its state between calls.",
        _object((), command=_TEXT, restart={"type": "boolean"}),
    ),
    "text_editor_": (
        "View, create and edit text files.",
        _object(
            ("command", "path"),
            command={"type": "string", "enum": ["view", "create", "str_replace", "insert", "undo_edit"]},
            path=_TEXT,
            file_text=_TEXT,
            old_str=_TEXT,
            new_str=_TEXT,
            insert_line={"type": "integer"},
            insert_text=_TEXT,
            view_range=_RANGE,
        ),
    ),
    "memory_": (
        "Keep notes in files under /memories that outlive the conversation.",
        _object(
            ("command",),
            command={
                "type": "string",
                "enum": ["view", "create", "str_replace", "insert", "delete", "rename"],
            },
            path=_TEXT,
            file_text=_TEXT,
            old_str=_TEXT,
            new_str=_TEXT,
            insert_line={"type": "integer"},
            insert_text=_TEXT,
            old_path=_TEXT,
            new_path=_TEXT,
            view_range=_RANGE,
        ),
    ),
}
"""By the beginning of their type: what they do, and their input (Anthropic's tool reference)."""


def read_tools(source: JsonObject) -> tuple[tuple[Tool, ...], bool, JsonObject]:
    """Tools the model may call, whether to search, and the tools that nobody here runs, by kind."""
    tools: list[Tool] = []
    search = False
    unknown: JsonObject = {}
    for index, item in enumerate(fields.array(source, "tools")):
        at = f"tools[{index}]"
        tool = fields.as_object(item, at)
        kind = fields.text(tool, "type", at) or "custom"
        name = fields.text(tool, "name", at) or ""
        known = next((entry for start, entry in CLIENT_SIDE.items() if kind.startswith(start)), None)
        if kind == "custom":
            if not name:
                fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
            schema = fields.mapping(tool, "input_schema", at)
            tools.append(Tool(name, fields.text(tool, "description", at) or "", schema))
        elif known is not None:
            tools.append(Tool(name or kind.rpartition("_")[0], *known))
        elif kind.startswith(SEARCH):
            search = True
        else:
            unknown[f"tools.{kind}"] = name or kind
    return tuple(tools), search, unknown


def read_choice(source: JsonObject) -> tuple[ToolChoice, bool | None]:
    """The choice, and whether calls may come in parallel (None: not said)."""
    choice = fields.mapping(source, "tool_choice")
    if choice is None:
        return ToolChoice(), None
    at = "tool_choice"
    alone = fields.flag(choice, "disable_parallel_tool_use", at)
    parallel = None if alone is None else not alone
    match fields.text(choice, "type", at):
        case "auto":
            return ToolChoice(), parallel
        case "none":
            return ToolChoice("none"), parallel
        case "any":
            return ToolChoice("any"), parallel
        case "tool":
            name = fields.text(choice, "name", at)
            if not name:
                fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
            return ToolChoice("any", (name,)), parallel
        case other:
            raise fields.refusal(
                f"{at}.type", f"`{at}.type` has to be auto, any, tool or none, not {other!r:.40}."
            )
