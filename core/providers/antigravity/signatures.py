"""Which signatures go back with history, and where thinking has to be left out.

Signatures are opaque: kept whole, never read beyond their first letter. Filling in lost ones from a
store is the gateway's; what is here works on what the turns carry.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from .models import Facts, Family

SENTINEL: Final = "skip_thought_signature_validator"
"""Gemini takes this in place of a call's signature; Claude has nothing like it."""

SHORTEST: Final = 50


class Signing(Struct, frozen=True):
    """What a family does with signatures.

    `thoughts`: a thought goes back if it is signed, else it is dropped. `parts`: texts and calls carry
    signatures, too. `sentinel` stands in for that of a call; empty: nothing does. A signature of the
    family begins with one of `starts` (empty: with anything) and with none of `never`.
    """

    thoughts: bool = False
    parts: bool = False
    sentinel: str = ""
    starts: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def signs(self) -> bool:
        return self.thoughts or self.parts


GEMINI: Final = Signing(thoughts=True, parts=True, sentinel=SENTINEL, never=("R",))
SIGNING: Final[dict[Family, Signing]] = {
    "gemini-pro": GEMINI,
    "gemini-flash": GEMINI,
    "gemini-image": GEMINI,
    "sandbox": GEMINI,
    # base64 of base64 behind the gateway (R), base64 from Anthropic itself (E)
    "claude": Signing(thoughts=True, starts=("R", "E")),
    "gpt-oss": Signing(),
}


def fits(signature: str, row: Facts) -> bool:
    """Whether `signature` may be one that models like `row` made."""
    rules = SIGNING[row.family]
    if not signature or not rules.signs:
        return False
    if signature == SENTINEL:
        return rules.sentinel == SENTINEL
    if len(signature) < SHORTEST:
        return False
    return signature.startswith(rules.starts or "") and not signature.startswith(rules.never)


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
