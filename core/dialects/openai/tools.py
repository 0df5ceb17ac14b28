"""Tools and tool choice of a chat completion, in every spelling that clients use."""

from __future__ import annotations

from typing import Any, Final

from core.dialects import fields
from core.domain.content import JsonObject
from core.domain.requests import Tool, ToolChoice

_SEARCH: Final = ("web_search", "google_search", "googlesearch")
_MODES: Final = {"auto": "auto", "none": "none", "required": "any", "any": "any", "validated": "auto"}


def is_search(source: JsonObject) -> bool:
    """Whether the request asks for a search by `web_search_options`."""
    return source.get("web_search_options") is not None


def read_tools(source: JsonObject) -> tuple[tuple[Tool, ...], bool]:
    """The tools, and whether a search tool of the vendor's was among them.

    A search tool is told by its type: a *function* called `web_search` is the client's own.
    """
    tools: list[Tool] = []
    search = False
    for index, item in enumerate(fields.array(source, "tools")):
        at = f"tools[{index}]"
        entry = fields.as_object(item, at)
        kind = fields.text(entry, "type", at) or "function"
        if kind.lower().startswith(_SEARCH):
            search = True
        elif kind == "custom":
            tools.append(_tool(fields.mapping(entry, "custom", at) or entry, f"{at}.custom", custom=True))
        elif kind == "function":
            inner = fields.mapping(entry, "function", at)
            tools.append(_tool(entry if inner is None else inner, f"{at}.function"))
        else:
            fields.refuse(f"{at}.type", f"`{at}.type` {kind!r:.40} is not a kind of tool this server knows.")
    for index, item in enumerate(fields.array(source, "functions")):
        at = f"functions[{index}]"
        tools.append(_tool(fields.as_object(item, at), at))
    return tuple(tools), search


def _tool(entry: JsonObject, at: str, *, custom: bool = False) -> Tool:
    name = fields.text(entry, "name", at)
    if not name:
        fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
    described = fields.text(entry, "description", at) or ""
    if custom:
        return Tool(name, described, None, "custom")
    schema = fields.mapping(entry, "parameters", at) or fields.mapping(entry, "input_schema", at)
    return Tool(name, described, schema)


def read_choice(source: JsonObject) -> ToolChoice:
    """`tool_choice` (or the older `function_call`): a word, a named tool, or a list of allowed ones."""
    member = "tool_choice" if source.get("tool_choice") is not None else "function_call"
    found: Any = source.get(member)
    if found is None or found == {}:
        return ToolChoice()
    if isinstance(found, str):
        return ToolChoice() if found in fields.ABSENT else ToolChoice(_mode(found, member))
    choice = fields.as_object(found, member)
    kind = fields.text(choice, "type", member) or "function"
    if kind == "allowed_tools":
        allowed = fields.mapping(choice, "allowed_tools", member) or choice
        at = f"{member}.allowed_tools"
        names = tuple(
            _name(fields.as_object(one, f"{at}.tools[{index}]"), f"{at}.tools[{index}]")
            for index, one in enumerate(fields.array(allowed, "tools", at))
        )
        return ToolChoice(_mode(fields.text(allowed, "mode", at) or "auto", f"{at}.mode"), names)
    if kind in ("function", "custom", "tool"):
        return ToolChoice("any", (_name(choice, member),))
    if kind.lower().startswith(_SEARCH):
        return ToolChoice()
    return ToolChoice(_mode(kind, f"{member}.type"))


def _name(entry: JsonObject, at: str) -> str:
    """The tool's name, nested under `function` or `custom`, or flat."""
    inner = fields.mapping(entry, "function", at) or fields.mapping(entry, "custom", at) or entry
    name = fields.text(inner, "name", at)
    if not name:
        fields.refuse(f"{at}.function.name", f"`{at}.function.name` is missing.")
    return name


def _mode(word: str, name: str) -> Any:
    mode = _MODES.get(word.lower())
    if mode is None:
        fields.refuse(name, f"`{name}` has to be none, auto or required, not {word!r:.40}.")
    return mode
