"""Reading members of a client's JSON tolerantly, and complaining about them precisely.

`null` and the text `[undefined]` (what a broken template engine leaves) mean that a member is absent;
numbers may arrive as text. Anything else of the wrong type is a 400 that names the member.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NoReturn, cast

import msgspec

from core.domain.content import JsonObject
from core.domain.failure import GatewayError, Kind

ABSENT = frozenset({"[undefined]", "undefined"})


UNMARKED = frozenset({"auto", "default"})
"""Words that ask for what happens anyway."""


def says_something(value: object) -> bool:
    """Whether a member asks for anything, so that its loss would be one."""
    if isinstance(value, str):
        return bool(value) and value not in ABSENT and value not in UNMARKED
    return bool(value)


def unread(source: JsonObject, understood: frozenset[str], at: str = "") -> JsonObject:
    """The members that nobody reads and that ask for something, by where they stand."""
    return {
        at + name: value for name, value in source.items() if name not in understood and says_something(value)
    }


def refusal(name: str, message: str) -> GatewayError:
    """`bad_request` about the member `name`."""
    return GatewayError.of(Kind.BAD_REQUEST, message, params={"param": name})


def refuse(name: str, message: str) -> NoReturn:
    raise refusal(name, message)


def _wrong(name: str, wanted: str, found: object) -> NoReturn:
    words: dict[type, str] = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "an array",
        dict: "an object",
    }
    refuse(name, f"`{name}` has to be {wanted}, not {words.get(type(found), 'null')}.")


def join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def text(source: JsonObject, name: str, at: str = "") -> str | None:
    found = source.get(name)
    if found is None or (isinstance(found, str) and found in ABSENT):
        return None
    if isinstance(found, str):
        return found
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    _wrong(join(at, name), "text", found)


def number(source: JsonObject, name: str, at: str = "") -> float | None:
    found = source.get(name)
    if found is None:
        return None
    if isinstance(found, str):
        if found in ABSENT or not found.strip():
            return None
        try:
            found = float(found)
        except ValueError:
            _wrong(join(at, name), "a number", found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        _wrong(join(at, name), "a number", found)
    if not isfinite(found):
        refuse(join(at, name), f"`{join(at, name)}` has to be a finite number.")
    return float(found)


def integer(source: JsonObject, name: str, at: str = "") -> int | None:
    found = source.get(name)
    if type(found) is int:
        return found
    value = number(source, name, at)
    if value is None:
        return None
    if value != int(value):
        refuse(join(at, name), f"`{join(at, name)}` has to be a whole number.")
    return int(value)


def positive(source: JsonObject, name: str, at: str = "") -> int | None:
    """A whole number that is at least 1."""
    value = integer(source, name, at)
    if value is not None and value < 1:
        refuse(join(at, name), f"`{join(at, name)}` has to be at least 1.")
    return value


def flag(source: JsonObject, name: str, at: str = "") -> bool | None:
    found = source.get(name)
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, str):
        word = found.strip().lower()
        if word in ABSENT or not word:
            return None
        if word in ("true", "false"):
            return word == "true"
    _wrong(join(at, name), "true or false", found)


def array(source: JsonObject, name: str, at: str = "") -> list[Any]:
    """The array called `name`; empty if it is absent."""
    found = source.get(name)
    if found is None or (isinstance(found, str) and found in ABSENT):
        return []
    return as_array(found, join(at, name))


def as_array(found: object, name: str) -> list[Any]:
    """The array that stands at `name`."""
    if not isinstance(found, list):
        _wrong(name, "an array", found)
    return cast("list[Any]", found)


def mapping(source: JsonObject, name: str, at: str = "") -> JsonObject | None:
    found = source.get(name)
    if found is None or (isinstance(found, str) and found in ABSENT):
        return None
    return as_object(found, join(at, name))


def as_object(found: object, name: str) -> JsonObject:
    if not isinstance(found, dict):
        _wrong(name, "an object", found)
    return cast("JsonObject", found)


def as_json(found: object) -> str:
    """A value written back as JSON text, for members that should have been text."""
    return msgspec.json.encode(found).decode()
