"""`POST /v1/chat/completions` to a ChatRequest.

Members that the domain has no word for go to `extras` by their name, so that a provider can use them or
list them as dropped. A body in the shape of the Responses API (`input`, `instructions`) is read, too:
some editors send it here.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.dialects import fields
from core.dialects.conversation import conversation_key
from core.dialects.jsonbody import read_object
from core.domain.content import JsonObject
from core.domain.ports import Decoded
from core.domain.requests import (
    ChatRequest,
    Effort,
    ImageOptions,
    Output,
    Sampling,
    Thinking,
)
from core.wire.pictures import aspect_of, size_of

from .choices import ChoicesReply
from .messages import conversation
from .reply import ChatReply
from .tools import is_search, read_choice, read_tools

MOST_CHOICES: Final = 8
ONLINE: Final = "-online"

EFFORTS: Final[dict[str, Effort]] = {
    "none": "none",
    "disabled": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}

UNDERSTOOD: Final = frozenset(
    {
        "model",
        "messages",
        "instructions",
        "input",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "n",
        "tools",
        "functions",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "thinking",
        "thinking_budget",
        "extra_body",
        "google",
        "modalities",
        "image_config",
        "size",
        "quality",
        "image_size",
        "imageSize",
        "web_search_options",
        "prompt_cache_key",
        "metadata",
        "user",
        "safety_settings",
    }
)
THINKING: Final = frozenset({"reasoning_effort", "reasoning", "thinking", "thinking_budget"})
IMAGE: Final = frozenset({"image_config", "size", "quality", "image_size", "imageSize"})
SESSIONS: Final = ("session_id", "conversation_id", "thread_id")
"""Members of `metadata` by which clients name a conversation."""


def decode(body: bytes, reply_id: str, created: int) -> Decoded:
    """Read a chat completions request; the reply speaks with `reply_id` and `created` (unix seconds).

    Raises GatewayError `bad_request` naming the member, in words its sender can act on.
    """
    return decode_object(read_object(body), reply_id, created)


def decode_object(source: JsonObject, reply_id: str, created: int) -> Decoded:
    """The same for a body that has been read."""
    model = fields.text(source, "model")
    if not model or not model.strip():
        fields.refuse("model", "`model` is missing: name one of the models that /v1/models lists.")
    asked = model.strip()
    request = _request(source, asked)
    stream = bool(fields.flag(source, "stream"))
    if stream and request.n > 1:
        replies = [
            reply_to(source, request, asked, reply_id, created, index=index, alone=False)
            for index in range(request.n)
        ]
        return Decoded(request, ChoicesReply(replies), stream)
    return Decoded(request, reply_to(source, request, asked, reply_id, created), stream)


def reply_to(
    source: JsonObject,
    request: ChatRequest,
    model: str,
    reply_id: str,
    created: int,
    *,
    index: int = 0,
    alone: bool = True,
) -> ChatReply:
    """What answers a body with a chat completion; `model` is the name that was asked for."""
    options = fields.mapping(source, "stream_options")
    usage = bool(options and fields.flag(options, "include_usage", "stream_options"))
    sources = request.output.kind == "text"
    return ChatReply(reply_id, model, created, usage, sources, index=index, alone=alone)


def _request(source: JsonObject, model: str) -> ChatRequest:
    system, turns, left_out = conversation(source)
    tools, search = read_tools(source)
    metadata = _metadata(source)
    vendor = _vendor(source)
    n = fields.integer(source, "n")
    if n is not None and not 1 <= n <= MOST_CHOICES:
        fields.refuse("n", f"`n` has to be between 1 and {MOST_CHOICES}.")
    online = model.endswith(ONLINE) and len(model) > len(ONLINE)
    key = fields.text(source, "prompt_cache_key") or next(
        (metadata[name] for name in SESSIONS if metadata.get(name)), ""
    )
    return ChatRequest(
        model=model.removesuffix(ONLINE) if online else model,
        turns=turns,
        system=system,
        tools=tools,
        tool_choice=read_choice(source),
        parallel_tool_calls=fields.flag(source, "parallel_tool_calls"),
        sampling=_sampling(source),
        thinking=_thinking(source, vendor),
        output=_output(source),
        modalities=tuple(str(word) for word in fields.array(source, "modalities")),
        image=_image(source, vendor),
        search=search or online or is_search(source),
        safety=tuple(
            fields.as_object(one, f"safety_settings[{index}]")
            for index, one in enumerate(fields.array(source, "safety_settings"))
        ),
        n=n or 1,
        conversation=key or conversation_key(system, turns, fields.text(source, "user") or ""),
        metadata=metadata,
        extras=fields.unread(source, UNDERSTOOD) | dict.fromkeys(left_out, True),
    )


def _sampling(source: JsonObject) -> Sampling:
    stop = source.get("stop")
    words = [stop] if isinstance(stop, str) else fields.array(source, "stop")
    if not all(isinstance(word, str) for word in words):
        fields.refuse("stop", "`stop` has to be text or an array of texts.")
    name = "max_completion_tokens" if source.get("max_completion_tokens") is not None else "max_tokens"
    limit = fields.integer(source, name)
    if limit is not None and limit < 1:
        if limit != -1:
            fields.refuse(name, f"`{name}` has to be at least 1.")
        limit = None
    return Sampling(
        temperature=fields.number(source, "temperature"),
        top_p=fields.number(source, "top_p"),
        top_k=fields.integer(source, "top_k"),
        stop=tuple(word for word in words if word and word not in fields.ABSENT),
        seed=fields.integer(source, "seed"),
        presence_penalty=fields.number(source, "presence_penalty") or None,
        frequency_penalty=fields.number(source, "frequency_penalty") or None,
        max_output_tokens=limit,
    )


def _vendor(source: JsonObject) -> JsonObject:
    """What Google's clients tuck into `extra_body.google` (or `google`)."""
    if "extra_body" not in source and "google" not in source:
        return {}
    outer = fields.mapping(source, "extra_body") or source
    return fields.mapping(outer, "google", "extra_body") or {}


def _thinking(source: JsonObject, vendor: JsonObject) -> Thinking:
    if not vendor and source.keys().isdisjoint(THINKING):
        return Thinking()
    effort, include = source.get("reasoning_effort"), None
    budget = fields.integer(source, "thinking_budget")
    name = "reasoning_effort"
    if reasoning := fields.mapping(source, "reasoning"):
        effort, name = reasoning.get("effort") or effort, "reasoning.effort"
    if config := fields.mapping(vendor, "thinking_config"):
        budget = fields.integer(config, "thinking_budget", "thinking_config")
        include = fields.flag(config, "include_thoughts", "thinking_config")
        effort = config.get("thinking_level") or effort
    if thinking := fields.mapping(source, "thinking"):
        kind = fields.text(thinking, "type", "thinking")
        budget = fields.integer(thinking, "budget_tokens", "thinking")
        if budget is None:
            budget = fields.integer(thinking, "budgetTokens", "thinking")
        effort = thinking.get("effort") or effort
        if kind == "disabled":
            return Thinking(effort="none", include=False)
        if kind == "adaptive" and budget is None:
            budget = -1
        include = True
    if effort is None or str(effort) in fields.ABSENT:
        return Thinking(budget=budget, include=include)
    word = EFFORTS.get(str(effort).lower())
    if word is None:
        fields.refuse(name, f"`{name}` has to be one of {', '.join(EFFORTS)}.")
    return Thinking(word, budget, (word != "none") if include is None else include)


def _output(source: JsonObject) -> Output:
    wanted = source.get("response_format")
    if isinstance(wanted, str) and wanted not in fields.ABSENT:
        wanted = {"type": wanted}
    if not isinstance(wanted, dict):
        return Output()
    form = fields.as_object(cast(object, wanted), "response_format")
    match fields.text(form, "type", "response_format"):
        case "text" | None:
            return Output()
        case "json_object":
            return Output("json")
        case "json_schema":
            name = "response_format.json_schema"
            described = fields.as_object(form.get("json_schema"), name)
            schema = fields.as_object(described.get("schema"), f"{name}.schema")
            title = fields.text(described, "name", name) or ""
            return Output("schema", schema, title, fields.flag(described, "strict", name))
        case other:
            raise fields.refusal(
                "response_format.type",
                f"`response_format.type` has to be text, json_object or json_schema, not {other!r:.40}.",
            )


def _image(source: JsonObject, vendor: JsonObject) -> ImageOptions:
    if not vendor and source.keys().isdisjoint(IMAGE):
        return ImageOptions()
    config = fields.mapping(source, "image_config") or fields.mapping(vendor, "image_config") or {}
    size = fields.text(config, "image_size", "image_config") or fields.text(source, "image_size")
    return ImageOptions(
        aspect=aspect_of(
            fields.text(config, "aspect_ratio", "image_config") or fields.text(source, "size") or ""
        ),
        size=size_of(fields.text(source, "quality") or "", size or fields.text(source, "imageSize") or ""),
    )


def _metadata(source: JsonObject) -> dict[str, str]:
    found = source.get("metadata")
    if not isinstance(found, dict):
        return {}
    entries = cast("dict[str, Any]", found)
    return {name: value for name, value in entries.items() if isinstance(value, str)}
