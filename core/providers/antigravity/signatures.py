"""Which signatures go back with history, and where thinking has to be left out.

Signatures are opaque: kept whole, never read beyond their first letter. Filling in lost ones from a
store is the gateway's; what is here works on what the turns carry.
"""

from __future__ import annotations

from typing import Any, Final

from .models import Facts

SENTINEL: Final = "skip_thought_signature_validator"
"""Gemini takes this in place of a call's signature; Claude has nothing like it."""

SHORTEST: Final = 50
CLAUDE_STARTS: Final = ("R", "E")
"""Claude's signatures are base64 of base64 behind the gateway (R), base64 from Anthropic itself (E)."""

FOREIGN_TO_GEMINI: Final = ("R",)


def fits(signature: str, row: Facts) -> bool:
    """Whether `signature` may be one that models like `row` made."""
    if row.family == "gpt-oss":
        return False
    if signature == SENTINEL:
        return row.gemini
    if len(signature) < SHORTEST:
        return False
    return signature.startswith(CLAUDE_STARTS) if row.claude else not signature.startswith(FOREIGN_TO_GEMINI)


def loop_thinks(contents: list[dict[str, Any]]) -> bool:
    """Whether every call of the running tool loop stands behind its thought, as Claude wants it.

    The loop is what follows the last user turn without results. `contents` are as they are sent.
    """
    for turn in reversed(contents):
        parts: list[dict[str, Any]] = turn["parts"]
        if turn["role"] == "user":
            if not any("functionResponse" in part for part in parts):
                return True
        elif any("functionCall" in part for part in parts) and "thought" not in parts[0]:
            return False
    return True
