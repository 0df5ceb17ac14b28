"""Which signatures go back with history, and where thinking has to be left out.

Signatures are opaque: kept whole, never read beyond their first letter. Filling in lost ones from a
store is the gateway's; what is here works on what the turns carry.
"""

from __future__ import annotations

from typing import Final

from core.domain.content import Role, Thought, ToolCall, ToolResult, Turn

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


def may_think(turns: tuple[Turn, ...], row: Facts) -> bool:
    """False where thinking must be off: Claude, in the middle of a tool loop, without its last thought.

    Claude refuses a loop that goes on thinking unless the last model turn begins with a signed thought.
    """
    if not row.claude or not turns:
        return True
    last = turns[-1]
    if last.role is not Role.USER or not any(isinstance(part, ToolResult) for part in last.parts):
        return True
    for turn in reversed(turns):
        if turn.role is Role.MODEL:
            calls = any(isinstance(part, ToolCall) for part in turn.parts)
            return not calls or any(
                isinstance(part, Thought) and part.text.strip() and fits(part.signature, row)
                for part in turn.parts
            )
    return True
