"""What every conversation has: a turn, and what makes two requests parts of one, if clients don't say it."""

from __future__ import annotations

from hashlib import blake2b

from core.domain.content import Role, Text, Turn

BLANK = Turn.of(Role.USER, " ")
"""What is asked when nothing is."""


def conversation_key(system: tuple[str, ...], turns: tuple[Turn, ...], salt: str = "") -> str:
    """The same for every request of a conversation: a digest of how it began."""
    said = [part.text for part in turns[0].parts if isinstance(part, Text)]
    beginning = "\0".join((salt, *system[:1], *said)).encode("utf-8", "surrogatepass")
    return blake2b(beginning, digest_size=12).hexdigest()
