"""Tools of a response and the choice among them.

A namespace groups tools under a name; models know no such thing, so its tools are offered as
`namespace__tool` and told apart again on the way back.
"""

from __future__ import annotations

from typing import Any, Final, cast

from msgspec import Struct, field

from core.dialects import fields
from core.dialects.openai.tools import read_choice
from core.domain.content import JsonObject
from core.domain.requests import Tool, ToolChoice

SEARCH: Final = "web_search"
JOINT: Final = "__"
MODES: Final = frozenset({"auto", "none", "required", "any"})
NAMED: Final = frozenset({"function", "custom", "allowed_tools", "tool"})


class Offered(Struct, frozen=True):
    """What a request offers: tools, `search`, the tools that nobody here runs by kind, and by the name a
    model sees where a tool of a namespace comes from."""

    tools: tuple[Tool, ...] = ()
    search: bool = False
    unknown: JsonObject = field(default_factory=dict[str, Any])
    spaces: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


def joined(namespace: str, name: str) -> str:
    return f"{namespace}{JOINT}{name}" if namespace else name


def read_tools(source: JsonObject) -> Offered:
    """The tools of a request. Raises GatewayError `bad_request` naming the member."""
    tools: list[Tool] = []
    unknown: JsonObject = {}
    spaces: dict[str, tuple[str, str]] = {}
    search = False
    for index, item in enumerate(fields.array(source, "tools")):
        at = f"tools[{index}]"
        entry = fields.as_object(item, at)
        kind = fields.text(entry, "type", at) or "function"
        if kind in ("function", "custom"):
            tools.append(_tool(entry, kind, at))
        elif kind == "namespace":
            space = fields.text(entry, "name", at) or ""
            for inner_index, inner in enumerate(fields.array(entry, "tools", at)):
                where = f"{at}.tools[{inner_index}]"
                child = fields.as_object(inner, where)
                tool = _tool(child, fields.text(child, "type", where) or "function", where)
                name = joined(space, tool.name)
                spaces[name] = (space, tool.name)
                tools.append(Tool(name, tool.description, tool.parameters, tool.kind))
        elif kind.startswith(SEARCH):
            search = True
        else:
            unknown[f"tools.{kind}"] = True
    return Offered(tuple(tools), search, unknown, spaces)


def _tool(entry: JsonObject, kind: str, at: str) -> Tool:
    inner = fields.mapping(entry, kind, at) or entry
    name = fields.text(inner, "name", at)
    if not name:
        fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
    described = fields.text(inner, "description", at) or ""
    if kind != "custom":
        return Tool(name, described, fields.mapping(inner, "parameters", at))
    form = fields.mapping(inner, "format", at) or {}
    if grammar := fields.text(form, "definition", at):
        syntax = fields.text(form, "syntax", at) or "text"
        described += f"\n\nThe input has to follow this grammar ({syntax}):\n{grammar}"
    return Tool(name, described, None, "custom")


def choice(source: JsonObject) -> ToolChoice:
    """`tool_choice`: a word, a tool by name, or those that are allowed; of a hosted tool nothing is known."""
    found: Any = source.get("tool_choice")
    if isinstance(found, dict):
        kind = fields.text(cast(JsonObject, found), "type", "tool_choice")
        if kind not in NAMED | MODES:
            return ToolChoice()
    return read_choice({"tool_choice": found})
