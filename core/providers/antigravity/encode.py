"""A chat request as the body of a `v1internal` call. Pure: equal input gives equal bytes.

Root keys come from a fixed list, because unknown ones are refused (seed 001). What stays the same from
turn to turn stands before `contents`, which helps the upstream's prefix cache.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from msgspec import Struct

from core.domain.content import Role, ToolCall, text_of
from core.domain.requests import ChatRequest
from core.wire.gemini import to_json
from core.wire.tool_names import ToolNames

from .contents import contents, system_texts
from .generation import generation_config, schema_text
from .models import Facts
from .repairs import mended
from .signatures import loop_thinks
from .thinking import think
from .tools import custom_names, tool_fields, tool_names

USER_AGENT: Final = "antigravity"
CREDITS: Final = "GOOGLE_ONE_AI"
AGENT: Final = "agent"
SEARCHING: Final = "web_search"
DRAWING: Final = "image_gen"
SYSTEM_KEY_CHARS: Final = 2_000


class Sender(Struct, frozen=True):
    """Who sends: the account, its project, a fresh id for this attempt, and what settings add.

    `typed`: the kind of call is named. `credits`: the account's own may be spent.
    """

    account: str
    project: str
    request_id: str
    preamble: str = ""
    typed: bool = False
    credits: bool = False

    def envelope(self, kind: str, model: str, request: dict[str, Any]) -> bytes:
        """The whole body of a generate call. `kind` is the gateway's word: agent, image_gen or web_search."""
        body: dict[str, Any] = {
            "project": self.project,
            "model": model,
            "request": request,
            "userAgent": USER_AGENT,
        }
        if self.typed:
            body["requestType"] = kind
        body["requestId"] = self.request_id
        if self.credits:
            body["enabledCreditTypes"] = [CREDITS]
        return to_json(body)


class Encoded(Struct, frozen=True):
    """A body, and what its answer needs to be read: tool names, which tools take free text, the family of
    the model, and what was asked, to guess its size if the answer doesn't tell."""

    body: bytes
    names: ToolNames
    custom: frozenset[str] = frozenset()
    request: ChatRequest | None = None
    family: str = ""


def encode(request: ChatRequest, row: Facts, sender: Sender) -> Encoded:
    """Write `request` for the model `row`. Raises GatewayError(bad_request) for what can't be asked."""
    names = tool_names(request, row)
    fields = request_object(request, row, sender, names)
    kind = SEARCHING if _searches(fields) else AGENT
    return Encoded(sender.envelope(kind, row.id, fields), names, custom_names(request), request, row.family)


def request_object(
    request: ChatRequest, row: Facts, sender: Sender, names: ToolNames | None = None
) -> dict[str, Any]:
    """What stands in `request`, with the repairs that were asked for."""
    fields = _request(request, row, names or tool_names(request, row), sender.preamble)
    fields["sessionId"] = session_id(request, sender.account)
    fields["contents"] = fields.pop("contents")
    return mended(fields, row, request.repairs) if request.repairs else fields


def encode_count(request: ChatRequest, row: Facts, preamble: str = "") -> bytes:
    """The body of countTokens: the request alone, without what that call refuses."""
    fields = _request(request, row, tool_names(request, row), preamble)
    kept = ("systemInstruction", "tools", "contents")
    return to_json({"request": {key: fields[key] for key in kept if key in fields}})


def thinks(request: ChatRequest, row: Facts) -> bool:
    """Whether the model will be told to think: the history of a tool loop may forbid it to Claude."""
    if not think(request, row).on:
        return False
    if not row.claude or not any(isinstance(part, ToolCall) for turn in request.turns for part in turn.parts):
        return True
    _, turns = system_texts(request.system, request.turns)
    return loop_thinks(contents(turns, row, tool_names(request, row), thinking=True))


def session_id(request: ChatRequest, account: str) -> str:
    """A signed 64-bit number that stays the same for a conversation of an account."""
    key = request.conversation or _opening(request)
    digest = hashlib.sha256(f"{account}\0{key}".encode()).digest()
    return f"-{int.from_bytes(digest[:8], 'big') & 0x7FFFFFFFFFFFFFFF}"


def _opening(request: ChatRequest) -> str:
    """How the conversation begins: the same on every turn of it."""
    system = "\n".join(request.system)[:SYSTEM_KEY_CHARS]
    first = next((turn for turn in request.turns if turn.role is Role.USER), None)
    return system + "\0" + (text_of(first.parts) if first else "")


def _searches(fields: dict[str, Any]) -> bool:
    return any("googleSearch" in tool for tool in fields.get("tools", ()))


def _request(request: ChatRequest, row: Facts, names: ToolNames, preamble: str) -> dict[str, Any]:
    texts, turns = system_texts(request.system, request.turns)
    thought = think(request, row)
    wire = contents(turns, row, names, thought.on)
    if row.claude and thought.on and not loop_thinks(wire):
        thought = think(request, row, possible=False)
        wire = contents(turns, row, names, thinking=False)
    fields: dict[str, Any] = {}
    tools = tool_fields(request, row, names)
    if not row.draws:
        head = preamble if not _searches(tools) else ""
        texts = [text for text in (head, *texts, schema_text(request, row)) if text]
        if texts:
            fields["systemInstruction"] = {"parts": [{"text": text} for text in texts]}
    fields |= tools
    if config := generation_config(request, row, thought):
        fields["generationConfig"] = config
    if request.safety and row.gemini:
        fields["safetySettings"] = list(request.safety)
    fields["contents"] = wire
    return fields
