"""A multipart form as clients send it, read: texts and files in the order in which they came."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.domain.content import JsonObject


class Upload(Struct, frozen=True):
    """A file in the field `field`. `name` and `mime` are what the client calls it: believe neither."""

    field: str
    name: str
    mime: str
    content: bytes


class Form(Struct, frozen=True):
    texts: tuple[tuple[str, str], ...] = ()
    files: tuple[Upload, ...] = ()

    def source(self) -> JsonObject:
        """The texts as JSON would have them: `x[]` and what comes twice is an array, what is empty absent."""
        found: dict[str, Any] = {}
        for name, text in self.texts:
            plain = name.removesuffix("[]")
            if plain in found or name != plain:
                before = found.get(plain, [])
                found[plain] = [*(before if isinstance(before, list) else [before]), text]
            elif text:
                found[plain] = text
        return found
