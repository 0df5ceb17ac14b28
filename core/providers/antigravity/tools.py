"""`tools` and `toolConfig`: functions with cleaned schemas, or search, never both (seed 001)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from core.domain.content import ToolCall, ToolResult
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest, Tool
from core.wire.schema import Mode, clean_json
from core.wire.tool_names import ToolNames

from .models import Facts

MAX_DESCRIPTION: Final = 10_000
SEARCH_TOOLS: Final = ("google_search", "web_search", "googleSearch", "google_search_retrieval")
URL_TOOLS: Final = ("url_context", "urlContext")
FREE_TEXT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as free text."}},
    "required": ["input"],
}
"""What a custom tool takes: any text."""


def tool_names(request: ChatRequest, row: Facts) -> ToolNames:
    """Names both ways for everything that is declared, chosen or mentioned in history."""
    names = [tool.name for tool in request.tools if tool.kind != "builtin"]
    twins = len(set(names)) != len(names)
    names += request.tool_choice.names
    for turn in request.turns:
        for part in turn.parts:
            if isinstance(part, ToolCall | ToolResult) and part.name:
                names.append(part.name)
    # Tools that share a name are given further ones, which are good for this request only.
    return ToolNames(names, row.claude) if twins else _known_names(tuple(names), row.claude)


@lru_cache(maxsize=512)
def _known_names(names: tuple[str, ...], strict: bool) -> ToolNames:
    """Remembered: the same names come with every turn of a conversation."""
    return ToolNames(names, strict)


def custom_names(request: ChatRequest) -> frozenset[str]:
    """The tools whose calls come back as free text."""
    return frozenset(tool.name for tool in request.tools if tool.kind == "custom")


def tool_fields(request: ChatRequest, row: Facts, names: ToolNames) -> dict[str, Any]:
    """`tools` and `toolConfig` as far as they are needed."""
    if row.draws:
        return {}
    functions = _functions(request)
    if not functions and row.claude:
        functions = _stubs(request)
    if not functions:
        return _search_fields(request, row)
    if request.tool_choice.mode == "none" and row.claude and not _has_calls(request):
        return {}
    mode = schema_mode(row)
    declarations = _distinct([_declaration(tool, row, names, mode) for tool in functions], names)
    fields: dict[str, Any] = {"tools": [{"functionDeclarations": declarations}]}
    if (calling := _calling(request, row, names)) is not None:
        fields["toolConfig"] = {"functionCallingConfig": calling}
    return fields


def schema_mode(row: Facts) -> Mode:
    return "claude" if row.claude else "gemini"


def _functions(request: ChatRequest) -> list[Tool]:
    """Declared functions; `auto` narrowed to names declares only those."""
    tools = [tool for tool in request.tools if tool.kind != "builtin"]
    choice = request.tool_choice
    if choice.mode == "auto" and choice.names:
        tools = [tool for tool in tools if tool.name in choice.names]
    return tools


def _distinct(declarations: list[dict[str, Any]], names: ToolNames) -> list[dict[str, Any]]:
    """Each declaration once: one that repeats another is left out, one that only shares its name gets
    another one."""
    schemas: dict[str, list[Any]] = {}
    distinct: list[dict[str, Any]] = []
    for one in declarations:
        twins = schemas.setdefault(one["name"], [])
        if one["parameters"] in twins:
            continue
        distinct.append({**one, "name": names.twin(one["name"], len(twins))} if twins else one)
        twins.append(one["parameters"])
    return distinct


def _stubs(request: ChatRequest) -> list[Tool]:
    """Declarations for what history calls: Claude refuses calls without tools."""
    return [Tool(name) for name in dict.fromkeys(call.name for call in _calls(request))]


def _declaration(tool: Tool, row: Facts, names: ToolNames, mode: Mode) -> dict[str, Any]:
    description = tool.description[:MAX_DESCRIPTION] or (tool.name if row.claude else "")
    schema = FREE_TEXT if tool.kind == "custom" else tool.parameters
    return {
        "name": names.wire(tool.name),
        "description": description,
        "parameters": clean_json(schema, mode),
    }


def _calling(request: ChatRequest, row: Facts, names: ToolNames) -> dict[str, Any] | None:
    choice = request.tool_choice
    match choice.mode:
        case "none":
            return {"mode": "NONE"}
        case "any":
            declared = {tool.name for tool in request.tools}
            if missing := next((name for name in choice.names if name not in declared), ""):
                raise GatewayError.of(
                    Kind.BAD_REQUEST,
                    f"The tool choice names `{missing:.80}`, which is not among the tools of the request.",
                    params={"param": "tool_choice"},
                )
            allowed = [names.wire(name) for name in choice.names]
            return {"mode": "ANY", "allowedFunctionNames": allowed} if allowed else {"mode": "ANY"}
        case "auto":
            return {"mode": "VALIDATED"} if row.claude else None


def asks_search(request: ChatRequest) -> bool:
    """Whether the caller wants the web searched or read."""
    return bool(_search_tools(request))


def searches(request: ChatRequest, row: Facts) -> bool:
    """Whether the model will: only one that can, and never beside functions."""
    return row.searches and asks_search(request) and not any(tool.kind != "builtin" for tool in request.tools)


def _search_fields(request: ChatRequest, row: Facts) -> dict[str, Any]:
    tools = _search_tools(request) if row.searches else []
    return {"tools": tools} if tools else {}


def _search_tools(request: ChatRequest) -> list[dict[str, Any]]:
    builtin = {tool.name for tool in request.tools if tool.kind == "builtin"}
    tools: list[dict[str, Any]] = []
    if request.search or builtin.intersection(SEARCH_TOOLS):
        tools.append({"googleSearch": {}})
    if builtin.intersection(URL_TOOLS):
        tools.append({"urlContext": {}})
    return tools


def _has_calls(request: ChatRequest) -> bool:
    return next(_calls(request), None) is not None


def _calls(request: ChatRequest) -> Iterator[ToolCall]:
    for turn in request.turns:
        for part in turn.parts:
            if isinstance(part, ToolCall) and part.kind != "builtin":
                yield part
