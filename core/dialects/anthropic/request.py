"""`POST /v1/messages` and its `count_tokens` to a ChatRequest.

Members and betas that the domain has no word for go to `extras`, so that nothing is lost silently. A
`thread` is refused in the one way that clients understand: they go on without it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from core.dialects import fields
from core.dialects.conversation import BLANK, conversation_key
from core.dialects.jsonbody import read_object
from core.domain.content import JsonObject, Role, Turn
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import ChatRequest, Effort, ImageOptions, Output, Sampling, Thinking, ToolChoice
from core.wire.pictures import aspect_of, size_of

from .blocks import BlockReader
from .tools import SEARCH, read_choice, read_tools

EFFORTS: Final[dict[str, Effort]] = {
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
ROLES: Final = {"user": Role.USER, "assistant": Role.MODEL, "system": Role.SYSTEM}
BILLING: Final = "x-anthropic-billing-header"
"""How a system block begins that only Anthropic reads; it differs from call to call."""

LONG_CONTEXT: Final = "[1m]"
"""What Claude Code puts after a model's name to ask for a context of a million tokens."""

UNDERSTOOD: Final = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "stream",
        "thinking",
        "thinkingConfig",
        "thinkingLevel",
        "output_config",
        "output_format",
        "metadata",
        "size",
        "quality",
        "betas",
        "anthropic_beta",
        "anthropic_version",
        "context_management",
        "service_tier",
        "cache_control",
    }
)
THREADLESS: Final = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


class Asked(Struct, frozen=True):
    """A request, and what it says of its answer: the `name` of the model as it was asked for, and whether
    the text of thoughts is wanted."""

    request: ChatRequest
    name: str
    stream: bool = False
    shows_thoughts: bool = True


def decode(body: bytes) -> Asked:
    """Read a Messages request.

    Raises GatewayError `bad_request` naming the member, in words its sender can act on.
    """
    return decode_object(read_object(body))


def decode_object(source: JsonObject) -> Asked:
    """The same for a body that has been read."""
    name = (fields.text(source, "model") or "").strip()
    if not name:
        fields.refuse("model", "`model` is missing: name one of the models that /v1/models lists.")
    if source.get("thread") is not None:
        details = msgspec.json.encode(THREADLESS).decode()
        raise GatewayError(
            Failure(
                Kind.BAD_REQUEST,
                "Threads are not kept here: send the whole conversation as `messages`.",
                params={"param": "thread", "details": details},
            )
        )
    thinking = fields.mapping(source, "thinking") or {}
    shows = fields.text(thinking, "display", "thinking") != "omitted"
    request = _request(source, name.removesuffix(LONG_CONTEXT))
    return Asked(request, name, bool(fields.flag(source, "stream")), shows)


def _request(source: JsonObject, model: str) -> ChatRequest:
    reader = BlockReader()
    system = _system(source)
    turns = _turns(source, reader)
    tools, search, unknown = read_tools(source)
    choice, parallel = read_choice(source)
    if search and choice.names == (SEARCH,) and all(tool.name != SEARCH for tool in tools):
        choice = ToolChoice()  # of the server's own search, which is no function
    config = fields.mapping(source, "output_config") or {}
    extras = fields.unread(source, UNDERSTOOD) | unknown
    extras |= {f"messages.{kind}": True for kind in sorted(reader.left_out)}
    return ChatRequest(
        model=model,
        turns=turns,
        system=system,
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        sampling=_sampling(source),
        thinking=_thinking(source, config),
        output=_output(source, config),
        image=ImageOptions(
            aspect_of(fields.text(source, "size") or ""), size_of(fields.text(source, "quality") or "")
        ),
        search=search,
        conversation=_session(source) or conversation_key(system, turns),
        extras=extras,
    )


def _system(source: JsonObject) -> tuple[str, ...]:
    found: Any = source.get("system")
    if isinstance(found, str):
        return (found,) if _is_said(found) else ()
    texts: list[str] = []
    for index, item in enumerate(fields.array(source, "system")):
        at = f"system[{index}]"
        text = item if isinstance(item, str) else fields.text(fields.as_object(item, at), "text", at)
        if text and _is_said(text):
            texts.append(text)
    return tuple(texts)


def _is_said(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith(BILLING)


def _turns(source: JsonObject, reader: BlockReader) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for index, item in enumerate(fields.array(source, "messages")):
        at = f"messages[{index}]"
        message = fields.as_object(item, at)
        word = fields.text(message, "role", at) or ""
        if word not in ROLES:
            fields.refuse(f"{at}.role", f"`{at}.role` has to be user, assistant or system.")
        if parts := reader.content(message.get("content"), f"{at}.content"):
            turns.append(Turn(ROLES[word], tuple(parts)))
    return tuple(turns) or (BLANK,)


def _sampling(source: JsonObject) -> Sampling:
    words = fields.array(source, "stop_sequences")
    if not all(isinstance(word, str) for word in words):
        fields.refuse("stop_sequences", "`stop_sequences` has to be an array of texts.")
    return Sampling(
        temperature=fields.number(source, "temperature"),
        top_p=fields.number(source, "top_p"),
        top_k=fields.integer(source, "top_k"),
        stop=tuple(word for word in words if word),
        max_output_tokens=fields.positive(source, "max_tokens"),
    )


def _thinking(source: JsonObject, config: JsonObject) -> Thinking:
    """`thinking` with its variants; an effort alone says how much, not whether."""
    asked = fields.mapping(source, "thinking") or {}
    other = fields.mapping(source, "thinkingConfig") or {}
    said = (
        asked.get("effort"),
        config.get("effort"),
        source.get("thinkingLevel"),
        other.get("thinkingLevel"),
    )
    effort = _effort(next((word for word in said if word), None))
    budget = next(
        (
            value
            for holder, name, at in (
                (asked, "budget_tokens", "thinking"),
                (asked, "budgetTokens", "thinking"),
                (asked, "budget", "thinking"),
                (other, "thinkingBudget", "thinkingConfig"),
            )
            if (value := fields.integer(holder, name, at)) is not None
        ),
        None,
    )
    match fields.text(asked, "type", "thinking"):
        case "disabled":
            return Thinking("none", include=False)
        case "enabled" | "adaptive" as kind:
            if kind == "adaptive" and budget is None and effort is None:
                effort = "high"
            return Thinking(effort, budget, True)
        case None:
            return Thinking(effort, budget, True if budget is not None else None)
        case kind:
            raise fields.refusal(
                "thinking.type",
                f"`thinking.type` has to be enabled, adaptive or disabled, not {kind!r:.40}.",
            )


def _effort(word: Any) -> Effort | None:
    if word is None or str(word) in fields.ABSENT:
        return None
    effort = EFFORTS.get(str(word).lower())
    if effort is None:
        fields.refuse("output_config.effort", f"The effort has to be one of {', '.join(EFFORTS)}.")
    return effort


def _output(source: JsonObject, config: JsonObject) -> Output:
    name = "output_config.format"
    form = fields.mapping(config, "format", "output_config") or fields.mapping(source, "output_format")
    if form is None:
        return Output()
    kind = fields.text(form, "type", name)
    if kind == "json_schema":
        return Output("schema", fields.as_object(form.get("schema"), f"{name}.schema"))
    raise fields.refusal(f"{name}.type", f"`{name}.type` has to be json_schema, not {kind!r:.40}.")


def _session(source: JsonObject) -> str:
    """The conversation that `metadata.user_id` names: JSON with `session_id`, or `…_session_<id>`."""
    user = fields.text(fields.mapping(source, "metadata") or {}, "user_id", "metadata") or ""
    if user.startswith("{"):
        try:
            return msgspec.json.decode(user, type=_User).session_id
        except msgspec.DecodeError:
            return ""
    return user.partition("_session_")[2]


class _User(Struct):
    session_id: str = ""
