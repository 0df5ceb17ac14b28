"""Which of three shapes a body has, and what it asks in any of them.

Cursor sends OpenAI's chat completions, bodies in the shape of Responses, and Anthropic's blocks, all to the
same path. The rules stand in the contract of the compatible API; the first that applies decides.
"""

from __future__ import annotations

from typing import Any, Final, Literal, cast

from core.dialects import fields
from core.dialects.anthropic.request import decode_object
from core.dialects.jsonbody import read_object
from core.dialects.openai import chat
from core.domain.content import JsonObject
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Decoded

from .reply import CursorReply, Mode

Shape = Literal["openai_chat", "responses_like", "anthropic_like"]

ANTHROPIC_MEMBERS: Final = frozenset({"system", "thinking", "output_config", "top_k"})
ANTHROPIC_BLOCKS: Final = (
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
    "server_tool_use",
    "web_search_tool_result",
    "document",
)
"""Not a set: what stands in `type` may be anything."""


def shape_of(source: JsonObject) -> Shape:
    """The shape of a body."""
    if source.get("messages") is None and ("instructions" in source or "input" in source):
        return "responses_like"
    if not ANTHROPIC_MEMBERS.isdisjoint(source):
        return "anthropic_like"
    if any("input_schema" in tool for tool in _objects(source.get("tools"))):
        return "anthropic_like"
    blocks = (
        block for message in _objects(source.get("messages")) for block in _objects(message.get("content"))
    )
    return (
        "anthropic_like" if any(block.get("type") in ANTHROPIC_BLOCKS for block in blocks) else "openai_chat"
    )


def _objects(found: Any) -> list[JsonObject]:
    """The objects of an array, if it is one."""
    items = cast("list[Any]", found) if isinstance(found, list) else []
    return [item for item in items if isinstance(item, dict)]


def decode(body: bytes, reply_id: str, created: int, mode: Mode) -> tuple[Decoded, Shape]:
    """Read a request of any shape; the reply shows thoughts as `mode` says.

    Raises GatewayError `bad_request`.
    """
    source = read_object(body)
    if fields.integer(source, "n") not in (None, 1):
        fields.refuse("n", "`n` has to be 1 here: ask several times, or by /v1/chat/completions.")
    shape = shape_of(source)
    if shape != "anthropic_like":
        decoded = chat.decode_object(source, reply_id, created)
        reply = chat.reply_to(source, decoded.request, str(source["model"]).strip(), reply_id, created)
        return Decoded(decoded.request, CursorReply(reply, mode), decoded.stream), shape
    try:
        asked = decode_object(source)
    except GatewayError as error:
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            "The body looks like a request of Anthropic's and can't be read as one: "
            + error.failure.public_message,
            params=error.failure.params,
        ) from error
    reply = chat.reply_to(source, asked.request, asked.name, reply_id, created)
    return Decoded(asked.request, CursorReply(reply, mode), asked.stream), shape
