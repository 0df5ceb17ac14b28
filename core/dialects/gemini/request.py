"""`:generateContent`, `:streamGenerateContent` and `:countTokens` to a ChatRequest.

Members that the domain has no word for go to `extras` by their name on the wire.
"""

from __future__ import annotations

from typing import Any, Final

from core.dialects import fields
from core.dialects.conversation import BLANK, conversation_key
from core.dialects.jsonbody import read_object
from core.domain.content import JsonObject
from core.domain.requests import (
    ChatRequest,
    Effort,
    ImageOptions,
    Output,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
)
from core.wire.pictures import aspect_of, size_of

from . import keys
from .contents import system_texts, turns

MOST_CANDIDATES: Final = 8
LEVELS: Final[dict[str, Effort]] = {
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
}
MODES: Final = {"auto": "auto", "validated": "auto", "any": "any", "none": "none", "mode_unspecified": "auto"}
READS_PAGES: Final = Tool("url_context", kind="builtin")
SEARCHES: Final = frozenset({"googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"})
ROOT: Final = frozenset(
    {
        "model",
        "contents",
        "systemInstruction",
        "generationConfig",
        "tools",
        "toolConfig",
        "safetySettings",
        "labels",
    }
)
CONFIG: Final = frozenset(
    {
        "temperature",
        "topP",
        "topK",
        "stopSequences",
        "seed",
        "presencePenalty",
        "frequencyPenalty",
        "maxOutputTokens",
        "candidateCount",
        "thinkingConfig",
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "responseModalities",
        "imageConfig",
    }
)


def decode(body: bytes, model: str) -> ChatRequest:
    """Read a request for `model`, which the path names.

    Raises GatewayError `bad_request` naming the member, in words its sender can act on.
    """
    return read(keys.camel(read_object(body)), model)


def decode_count(body: bytes, model: str) -> ChatRequest:
    """Read a countTokens request: contents, or a whole request as `generateContentRequest`."""
    source = keys.camel(read_object(body))
    return read(keys.mapping(source, "generateContentRequest") or source, model)


def read(source: JsonObject, model: str) -> ChatRequest:
    """The request that a body, its own members in camelCase, asks for."""
    if fields.text(source, "cachedContent"):
        fields.refuse("cachedContent", "Cached contents are not kept here: send the contents themselves.")
    system, said = system_texts(source), turns(source)
    if not said:
        said = (BLANK,)
    config = keys.mapping(source, "generationConfig") or {}
    tools, search, extra_tools = _tools(source)
    n = fields.integer(config, "candidateCount", "generationConfig") or 1
    if not 1 <= n <= MOST_CANDIDATES:
        name = "generationConfig.candidateCount"
        fields.refuse(name, f"`{name}` has to be between 1 and {MOST_CANDIDATES}.")
    return ChatRequest(
        model=model,
        turns=said,
        system=system,
        tools=tools,
        tool_choice=_choice(source),
        sampling=_sampling(config),
        thinking=_thinking(config),
        output=_output(config),
        modalities=tuple(
            str(word).lower() for word in fields.array(config, "responseModalities", "generationConfig")
        ),
        image=_image(config),
        search=search,
        safety=tuple(setting for setting, _ in keys.listed(source, "safetySettings")),
        n=n,
        conversation=conversation_key(system, said),
        extras=fields.unread(source, ROOT) | fields.unread(config, CONFIG, "generationConfig.") | extra_tools,
    )


def _tools(source: JsonObject) -> tuple[tuple[Tool, ...], bool, JsonObject]:
    """Functions, whether to search, and tools that nobody here has."""
    functions: list[Tool] = []
    search = False
    unknown: JsonObject = {}
    for tool, at in keys.listed(source, "tools"):
        for name, value in tool.items():
            if name == "functionDeclarations":
                functions += [_function(one, where) for one, where in keys.listed(tool, name, at)]
            elif name in SEARCHES:
                search = True
            elif name == "urlContext":
                functions.append(READS_PAGES)
            elif value is not None:
                unknown[f"tools.{name}"] = value
    return tuple(functions), search, unknown


def _function(function: JsonObject, at: str) -> Tool:
    name = fields.text(function, "name", at)
    if not name:
        fields.refuse(f"{at}.name", f"`{at}.name` is missing.")
    schema = fields.mapping(function, "parametersJsonSchema", at) or fields.mapping(
        function, "parameters", at
    )
    return Tool(name, fields.text(function, "description", at) or "", schema)


def _choice(source: JsonObject) -> ToolChoice:
    at = "toolConfig.functionCallingConfig"
    config = keys.mapping(keys.mapping(source, "toolConfig") or {}, "functionCallingConfig", "toolConfig")
    if config is None:
        return ToolChoice()
    word = (fields.text(config, "mode", at) or "auto").lower()
    mode = MODES.get(word)
    if mode is None:
        fields.refuse(f"{at}.mode", f"`{at}.mode` has to be AUTO, ANY, VALIDATED or NONE.")
    names = tuple(str(name) for name in fields.array(config, "allowedFunctionNames", at))
    match mode:
        case "any":
            return ToolChoice("any", names)
        case "none":
            return ToolChoice("none")
        case _:
            return ToolChoice("auto", names)


def _sampling(config: JsonObject) -> Sampling:
    at = "generationConfig"
    top_k = fields.number(config, "topK", at)
    return Sampling(
        temperature=fields.number(config, "temperature", at),
        top_p=fields.number(config, "topP", at),
        top_k=None if top_k is None else int(top_k),
        stop=tuple(str(word) for word in fields.array(config, "stopSequences", at) if word),
        seed=fields.integer(config, "seed", at),
        presence_penalty=fields.number(config, "presencePenalty", at),
        frequency_penalty=fields.number(config, "frequencyPenalty", at),
        max_output_tokens=fields.positive(config, "maxOutputTokens", at),
    )


def _thinking(config: JsonObject) -> Thinking:
    at = "generationConfig.thinkingConfig"
    asked = keys.mapping(config, "thinkingConfig", "generationConfig")
    if asked is None:
        return Thinking()
    level = (fields.text(asked, "thinkingLevel", at) or "").lower().removeprefix("thinking_level_")
    if level in ("", "unspecified"):
        effort = None
    elif (effort := LEVELS.get(level)) is None:
        name = f"{at}.thinkingLevel"
        fields.refuse(name, f"`{name}` has to be one of {', '.join(LEVELS).upper()}.")
    return Thinking(
        effort, fields.integer(asked, "thinkingBudget", at), fields.flag(asked, "includeThoughts", at)
    )


def _output(config: JsonObject) -> Output:
    at = "generationConfig"
    schema = fields.mapping(config, "responseJsonSchema", at) or fields.mapping(config, "responseSchema", at)
    mime = (fields.text(config, "responseMimeType", at) or "").lower()
    if mime == "application/json" or (not mime and schema):
        return Output("schema", schema) if schema else Output("json")
    if mime not in ("", "text/plain"):
        name = f"{at}.responseMimeType"
        fields.refuse(name, f"`{name}` has to be text/plain or application/json, not {mime!r:.40}.")
    return Output()


def _image(config: JsonObject) -> ImageOptions:
    at = "generationConfig.imageConfig"
    asked: dict[str, Any] = keys.mapping(config, "imageConfig", "generationConfig") or {}
    return ImageOptions(
        aspect=aspect_of(fields.text(asked, "aspectRatio", at) or ""),
        size=size_of("", fields.text(asked, "imageSize", at) or ""),
    )
