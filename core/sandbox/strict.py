"""Reads request bodies as strictly as the service does, and says what is wrong in its words.

Names and types only; what a readable body may not ask for is `checks`.
"""

import re
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from core.sandbox.errors import ApiError, Violation, invalid, violations
from core.sandbox.messages import Message

_TYPE_URL: Final = "type.googleapis.com/google.internal.cloud.code.v1internal."
_SCALARS: Final[dict[type[inspect.Type], tuple[type | tuple[type, ...], str]]] = {
    inspect.StrType: (str, "TYPE_STRING"),
    inspect.BoolType: (bool, "TYPE_BOOL"),
    inspect.IntType: (int, "TYPE_INT32"),
    inspect.FloatType: ((int, float), "TYPE_FLOAT"),
}
_SHOWN: Final = 200
"""Characters of a wrong value that its message repeats."""


M = TypeVar("M", bound=Message)


def read(body: bytes, kind: type[M]) -> M:
    """Decode `body` as `kind`. Raises ApiError 400 that names every field that is wrong."""
    try:
        return _read(body or b"{}", kind)
    except RecursionError:
        raise invalid("Invalid JSON payload received. Message too deep.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as broken:
        raise _not_json(body, str(broken)) from None


def _read(body: bytes, kind: type[M]) -> M:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        found = _compare(msgspec.json.decode(body), inspect.type_info(kind), "")
        raise violations(found or [Violation("", str(wrong))]) from None


def _not_json(body: bytes, reason: str) -> ApiError:
    at = re.search(r"byte (\d+)", reason)
    near = body[int(at[1]) if at else 0 :][:20].decode(errors="replace")
    return violations(
        [Violation("", f"Invalid JSON payload received. Unexpected token.\n{near}\n^")],
    )


def _compare(value: Any, info: inspect.Type, path: str) -> list[Violation]:
    """Every difference between `value` and the type it should have, worded as the service words it."""
    kinds = info.types if isinstance(info, inspect.UnionType) else (info,)
    if value is None or any(isinstance(kind, inspect.AnyType) for kind in kinds):
        return []
    found = [_compare_one(value, kind, path) for kind in kinds if not isinstance(kind, inspect.NoneType)]
    return min(found, key=len) if found else []


def _compare_one(value: Any, info: inspect.Type, path: str) -> list[Violation]:
    match info:
        case inspect.StructType():
            if not isinstance(value, dict):
                return [wrong_value(path, _TYPE_URL + info.cls.__name__, value)]
            known = {field.encode_name: field for field in info.fields}
            found: list[Violation] = []
            for key, inner in cast(dict[str, Any], value).items():
                if field := known.get(key):
                    found += _compare(inner, field.type, f"{path}.{field.name}" if path else field.name)
                else:
                    found.append(unknown_name(key, path))
            return found
        case inspect.ListType():
            if not isinstance(value, list):
                return [wrong_value(path, "repeated field", value)]
            return [
                each
                for at, item in enumerate(cast(list[Any], value))
                for each in _compare(item, info.item_type, f"{path}[{at}]")
            ]
        case inspect.DictType():
            return [] if isinstance(value, dict) else [wrong_value(path, "google.protobuf.Struct", value)]
        case _:
            python, label = _SCALARS[type(info)]
            wrong = not isinstance(value, python) or (isinstance(value, bool) and python is not bool)
            return [wrong_value(path, label, value)] if wrong else []


def unknown_name(name: str, path: str) -> Violation:
    """A key that the message at `path` doesn't have."""
    where = f" at '{path}'" if path else ""
    return Violation(path, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')


def wrong_value(path: str, kind: str, value: Any) -> Violation:
    """A value of another type than the field at `path` has."""
    if isinstance(value, list):
        parent, _, name = path.rpartition(".")
        where = f" at '{parent}'" if parent else ""
        return Violation(
            path,
            f'Invalid JSON payload received. Unknown name "{name}"{where}: Proto field is not repeating, '
            "cannot start list.",
        )
    shown = msgspec.json.encode(value).decode()[:_SHOWN]
    return Violation(path, f"Invalid value at '{path}' ({kind}), {shown}")
