"""Arguments of calls as the protocols that demand objects write them."""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.content import ToolCall

NONE = "{}"


def arguments_object(call: ToolCall) -> msgspec.Raw | dict[str, Any]:
    """Always an object; JSON objects pass as they are, and nothing else is lost."""
    if call.kind == "custom":
        return {"input": call.arguments}
    text = call.arguments or NONE
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {"raw": text}
    return msgspec.Raw(text.encode()) if isinstance(found, dict) else {"value": found}


def is_object(text: str) -> bool:
    """Whether arguments are whole: those that were cut short are no object."""
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False
