"""Thinking that a client does not want to see, carried in the signature that it hands back.

With `display: omitted` a thinking block has no text, yet the model that thought it takes it back only word
for word. So what the client keeps for us holds both. It is no secret: whoever has it asked for the answer.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

import msgspec

from core.domain.content import Thought

MARK: Final = b"agtui\0"
MARKED: Final = b64encode(MARK).decode()
"""How such a signature begins: the mark takes whole groups of base64."""


def hidden(text: str, signature: str) -> str:
    """The signature of a block without text; the signature itself where there is no text to hide."""
    if not text or not signature:
        return signature
    return b64encode(MARK + msgspec.json.encode((text, signature))).decode()


def shown(thought: Thought) -> Thought:
    """The thought as it was thought; one that hides nothing is returned as it is."""
    if not thought.signature.startswith(MARKED):
        return thought
    try:
        text, signature = _DECODER.decode(b64decode(thought.signature)[len(MARK) :])
    except (Base64Error, ValueError, msgspec.DecodeError):
        return Thought(thought.text)
    return Thought(text, signature)


_DECODER: Final = msgspec.json.Decoder(tuple[str, str])
