"""One spelling for members that clients write as camelCase or as snake_case, often in one body.

Only objects whose members the protocol names go through here; schemas, arguments and results belong to
their authors and are left alone.
"""

from __future__ import annotations

from typing import Any

from core.dialects import fields
from core.domain.content import JsonObject


def camel(source: JsonObject) -> JsonObject:
    """The same object with its own members (not those below them) in camelCase."""
    if "_" not in "".join(source):
        return source
    return {_camel(name): value for name, value in source.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest) if first else name


def mapping(source: JsonObject, name: str, at: str = "") -> JsonObject | None:
    """The object called `name`, its members in camelCase; None if it is absent."""
    found = fields.mapping(source, name, at)
    return None if found is None else camel(found)


def listed(source: JsonObject, name: str, at: str = "") -> list[tuple[JsonObject, str]]:
    """The objects of the array `name` (one alone counts as an array), each with where it stands."""
    found: Any = source.get(name)
    items: list[Any] = [found] if isinstance(found, dict) else fields.array(source, name, at)
    path = fields.join(at, name)
    return [
        (camel(fields.as_object(item, f"{path}[{index}]")), f"{path}[{index}]")
        for index, item in enumerate(items)
        if item is not None
    ]
