"""The function `google_search(query, urls?, thinking?)` that a model is offered in place of a search of its
own: how it is declared, when, what a call of it asks and what it answers. Pure.

Source: seed 001, "Google Search Grounding": the upstream's own search can't stand beside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from core.domain.content import Role, Text, ToolCall, ToolResult, Turn
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import ChatRequest, Sampling, Thinking, Tool, ToolChoice
from core.domain.searches import WebAnswer

NAME: Final = "google_search"
URL_TOOL: Final = Tool("url_context", kind="builtin")
MOST_URLS: Final = 20
"""Pages that `urlContext` reads in one request (Gemini API reference)."""

THINKING_BUDGET: Final = 8_192
"""Tokens that a search may think about what it found."""

SYSTEM: Final = "Search the web and answer with sources."
DESCRIPTION: Final = (
    "Search the web with Google and read pages. Use it for whatever may have changed since your training, or "
    "that you are not sure of. Gives an answer in Markdown with its sources; name those you rely on."
)
PARAMETERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "description": "What to find out, as a question or as words to search for.",
        },
        "urls": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Addresses of pages to read as well, http or https.",
        },
        "thinking": {
            "type": "boolean",
            "description": "Think longer about what was found (default: true).",
        },
    },
    "required": ["query"],
}


class Query(Struct, frozen=True):
    """What one search is for; `checked` makes it."""

    query: str
    urls: tuple[str, ...] = ()
    thinking: bool = True


class _Arguments(Struct):
    query: str = ""
    urls: tuple[str, ...] | str | None = None
    thinking: bool | None = None


def checked(query: str, urls: Sequence[str] = (), thinking: bool = True) -> Query:
    """A search that can be asked, without blanks and repeats. Raises GatewayError(bad_request)."""
    pages = tuple(dict.fromkeys(url.strip() for url in urls if url.strip()))
    if not query.strip() and not pages:
        raise _refused("There is nothing to search for: say it in `query`.")
    for url in pages:
        if not url.lower().startswith(("http://", "https://")) or len(url.split()) != 1:
            raise _refused(
                f"`{url[:200]}` is no address of a page: it has to begin with http:// or https://."
            )
    if len(pages) > MOST_URLS:
        raise _refused(f"At most {MOST_URLS} pages can be read in one search, not {len(pages)}.")
    return Query(query.strip(), pages, thinking)


def _refused(message: str) -> GatewayError:
    return GatewayError.of(Kind.BAD_REQUEST, message, params={"param": "query"})


def asks_search(request: ChatRequest) -> bool:
    return request.search or any(tool.kind == "builtin" for tool in request.tools)


def name_for(request: ChatRequest) -> str:
    """The function's name: a client may have a `google_search` of its own."""
    taken = {tool.name for tool in request.tools if tool.kind != "builtin"}
    if NAME not in taken:
        return NAME
    return next(name for at in range(2, len(taken) + 3) if (name := f"{NAME}_{at}") not in taken)


def offered(request: ChatRequest, dropped: Callable[[ChatRequest], tuple[str, ...]]) -> ChatRequest:
    """The request with the function in place of the search that its model can't be told.

    `dropped` is the provider's word on what that model can't be told. As it is where the model searches by
    itself, takes no functions, or where the client insists on functions that it names.
    """
    forced = request.tool_choice.mode == "any" and bool(request.tool_choice.names)
    if forced or not asks_search(request) or "search" not in dropped(request):
        return request
    name = name_for(request)
    tools = (*_functions(request), Tool(name, DESCRIPTION, PARAMETERS))
    mine = structs.replace(request, search=False, tools=tools, tool_choice=_choice(request, name))
    return request if "tools" in dropped(mine) else mine


def _choice(request: ChatRequest, name: str) -> ToolChoice:
    """The client's choice with room for one more function; its `none` is about its own."""
    choice = request.tool_choice
    if choice.mode == "none":
        return ToolChoice("auto", (name,))
    if choice.mode == "auto" and choice.names:
        return ToolChoice("auto", (*choice.names, name))
    return choice if _functions(request) else ToolChoice()


def without_search(request: ChatRequest) -> ChatRequest:
    """The request for a model that has searched enough: it answers, or calls the client's functions."""
    tools = _functions(request)
    choice = request.tool_choice if tools else ToolChoice("none")
    return structs.replace(request, search=False, tools=tools, tool_choice=choice)


def _functions(request: ChatRequest) -> tuple[Tool, ...]:
    return tuple(tool for tool in request.tools if tool.kind != "builtin")


def read_query(arguments: str) -> Query:
    """What a model's call asks. Raises GatewayError(bad_request) in words for the model."""
    try:
        given = msgspec.json.decode(arguments, type=_Arguments, strict=False)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(f"The arguments of the search can't be read: {error}.") from error
    urls = (given.urls,) if isinstance(given.urls, str) else given.urls or ()
    return checked(given.query, urls, given.thinking is not False)


def search_request(query: Query, model: str) -> ChatRequest:
    """The generation that searches, and does nothing else."""
    text = query.query or "What do these pages say?"
    if query.urls:
        text += "\n\nURLs to read:\n" + "\n".join(query.urls)
    thinking = Thinking(budget=THINKING_BUDGET, include=False) if query.thinking else Thinking(effort="none")
    return ChatRequest(
        model=model,
        turns=(Turn.of(Role.USER, text),),
        system=(SYSTEM,),
        tools=(URL_TOOL,) if query.urls else (),
        sampling=Sampling(temperature=0, top_p=1),
        thinking=thinking,
        search=True,
    )


def result_of(call: ToolCall, outcome: WebAnswer | Failure) -> ToolResult:
    """What the model is given for its call. A failed search says so, and the model goes on without it."""
    if isinstance(outcome, Failure):
        text = f"The search failed: {outcome.public_message}"
        return ToolResult(call.id, call.name, (Text(text),), is_error=True)
    return ToolResult(call.id, call.name, (Text(outcome.markdown),))
