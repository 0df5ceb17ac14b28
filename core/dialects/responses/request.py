"""`POST /v1/responses` to a ChatRequest, and what the answer repeats of the request."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field, structs

from core.dialects import fields
from core.dialects.conversation import conversation_key
from core.dialects.jsonbody import read_object
from core.dialects.openai.chat import EFFORTS
from core.domain.content import JsonObject, Turn
from core.domain.requests import ChatRequest, ImageOptions, Output, Sampling, Thinking

from .items import ItemReader
from .tools import choice, read_tools

ECHOED: Final[dict[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""Members that a response repeats, and what they are when the request says nothing."""

UNDERSTOOD: Final = frozenset(
    {"model", "input", "stream", "stream_options", "include", "client_metadata", *ECHOED} - {"max_tool_calls"}
)
REFUSED: Final = {
    "background": "Responses are not made in the background here: leave `background` out and stream.",
    "conversation": "Conversations are not kept here: use `previous_response_id`, or send items as `input`.",
    "prompt": "Stored prompts are not kept here: send the text as `instructions` and `input`.",
}


class Asked(Struct, frozen=True):
    """A request, and what its answer needs of it.

    `previous` is the response to go on from, `stored` whether this one is to be kept; `echo` are the members
    that the response repeats, `spaces` the tools of namespaces by the name that the model sees.
    """

    request: ChatRequest
    echo: JsonObject
    stream: bool = False
    previous: str = ""
    stored: bool = True
    spaces: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


def decode(body: bytes) -> Asked:
    """Read a Responses request. `model` is empty where it is left to the response before.

    Raises GatewayError `bad_request` naming the member, in words its sender can act on.
    """
    source = read_object(body)
    for name, message in REFUSED.items():
        if source.get(name):
            fields.refuse(name, message)
    model = (fields.text(source, "model") or "").strip()
    previous = fields.text(source, "previous_response_id") or ""
    if not model and not previous:
        fields.refuse("model", "`model` is missing: name one of the models that /v1/models lists.")
    offered = read_tools(source)
    reader = ItemReader()
    turns = reader.turns(source.get("input"))
    system = tuple(text for text in [fields.text(source, "instructions")] if text)
    key = fields.text(source, "prompt_cache_key") or conversation_key(system, turns)
    request = ChatRequest(
        model=model,
        turns=turns,
        system=system,
        tools=offered.tools,
        tool_choice=choice(source),
        parallel_tool_calls=fields.flag(source, "parallel_tool_calls"),
        sampling=_sampling(source),
        thinking=_thinking(source),
        output=_output(source),
        image=ImageOptions(),
        search=offered.search,
        conversation=key,
        extras=fields.unread(source, UNDERSTOOD)
        | offered.unknown
        | dict.fromkeys(sorted(reader.left_out), True),
    )
    stored = fields.flag(source, "store")
    return Asked(
        request,
        {name: default if source.get(name) is None else source[name] for name, default in ECHOED.items()},
        bool(fields.flag(source, "stream")),
        previous,
        stored is not False,
        offered.spaces,
    )


def _sampling(source: JsonObject) -> Sampling:
    return Sampling(
        temperature=fields.number(source, "temperature"),
        top_p=fields.number(source, "top_p"),
        max_output_tokens=fields.positive(source, "max_output_tokens"),
    )


def _thinking(source: JsonObject) -> Thinking:
    asked = fields.mapping(source, "reasoning") or {}
    effort = asked.get("effort")
    wants = fields.text(asked, "summary", "reasoning") or fields.text(asked, "generate_summary", "reasoning")
    include = True if wants and wants != "none" else None
    if "reasoning.encrypted_content" in fields.array(source, "include"):
        include = True
    if effort is None or str(effort) in fields.ABSENT:
        return Thinking(include=include)
    word = EFFORTS.get(str(effort).lower())
    if word is None:
        fields.refuse("reasoning.effort", f"`reasoning.effort` has to be one of {', '.join(EFFORTS)}.")
    return Thinking(word, include=word != "none" if include is None else include)


def _output(source: JsonObject) -> Output:
    name = "text.format"
    form = fields.mapping(fields.mapping(source, "text") or {}, "format", "text")
    if form is None:
        return Output()
    match fields.text(form, "type", name):
        case "text" | None:
            return Output()
        case "json_object":
            return Output("json")
        case "json_schema":
            schema = fields.as_object(form.get("schema"), f"{name}.schema")
            strict = fields.flag(form, "strict", name)
            return Output("schema", schema, fields.text(form, "name", name) or "", strict)
        case other:
            raise fields.refusal(
                f"{name}.type",
                f"`{name}.type` has to be text, json_object or json_schema: {other!r:.40}.",
            )


def continued(request: ChatRequest, before: ChatRequest, answered: Turn) -> ChatRequest:
    """The request as it goes on from an earlier one and its answer.

    What it leaves unsaid (model, instructions) is as it was.
    """
    turns = (*before.turns, answered, *request.turns) if answered.parts else (*before.turns, *request.turns)
    return structs.replace(
        request,
        model=request.model or before.model,
        system=request.system or before.system,
        turns=turns,
        conversation=before.conversation,
    )
