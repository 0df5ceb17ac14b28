"""Thought signatures: made here, checked here, opaque to everyone else (spec/antigravity-upstream.md 9.4).

A signature is a digest of what it signs, so that it stays good when the sandbox is started anew and so
that a thought that was changed on its way back is noticed. Nothing is secret about it.
"""

import base64
import binascii
import hashlib
from typing import Final, Literal

Dialect = Literal["gemini", "claude"]

SENTINELS: Final = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_SHORTEST: Final = 50
_MAGIC: Final[dict[Dialect, bytes]] = {"gemini": b"\x02\xad", "claude": b"\x12\xad"}


def sign(dialect: Dialect, text: str) -> str:
    """The signature of `text`: base64 starting with `A` for Gemini; for Claude encoded twice, with `R`."""
    digest = hashlib.sha512(f"{dialect}\n{text}".encode()).digest()
    signature = base64.b64encode(_MAGIC[dialect] + digest)
    return (base64.b64encode(signature) if dialect == "claude" else signature).decode()


def is_signature(signature: str, dialect: Dialect) -> bool:
    """Whether `signature` could be one of `dialect`."""
    if len(signature) < _SHORTEST:
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        if dialect == "claude":
            raw = base64.b64decode(raw, validate=True)
    except binascii.Error:
        return False
    return raw.startswith(_MAGIC[dialect])


def signs_thought(signature: str, text: str) -> bool:
    """Whether `signature` is Claude's for exactly `text`."""
    return signature == sign("claude", text)
