"""Which JSON schemas the service takes: the table of the seed's section "JSON Schema Support".

The sandbox's own reading of that table, apart from the cleaner that providers use, so that the two can
disagree. Checks schemas; it neither cleans them nor checks values against them.
"""

from typing import Any, Final, cast

from core.sandbox.errors import Violation
from core.sandbox.strict import unknown_name, wrong_value

_TYPES: Final = {"object", "string", "number", "integer", "boolean", "array", "null"}
_KEYS: Final = {
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "propertyOrdering",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "anyOf",
    "allOf",
    "oneOf",
    "additionalProperties",
}
"""Keys of the wire's Schema message: the seed's table, and the limits every version of it has.

Not among them, by the seed: const, $ref, $defs, definitions, $schema, $id, default, examples.
"""
_UNIONS: Final = {"anyOf": "any_of", "allOf": "all_of", "oneOf": "one_of"}
_DEPTH: Final = 64


def check_schema(schema: dict[str, Any], path: str) -> list[Violation]:
    """Everything in `schema` (found at `path`) that the Schema message doesn't have."""
    return _check(schema, path, 0)


def missing_parts(schema: dict[str, Any], path: str) -> list[str]:
    """What a well-formed schema lacks: `required` names without a property, arrays without items."""
    found: list[str] = []
    properties = _object(schema.get("properties"))
    if properties:
        for at, name in enumerate(_list(schema.get("required"))):
            if name not in properties:
                found.append(f"* {path}.required[{at}]: property is not defined")
    if str(schema.get("type", "")).lower() == "array" and "items" not in schema:
        found.append(f"* {path}.items: missing field.")
    for name, inner in properties.items():
        if isinstance(inner, dict):
            found += missing_parts(cast(dict[str, Any], inner), f"{path}.properties[{name}]")
    items = schema.get("items")
    if isinstance(items, dict):
        found += missing_parts(cast(dict[str, Any], items), f"{path}.items")
    return found


def has_empty_object(schema: dict[str, Any]) -> bool:
    """Whether an object without properties stands anywhere in `schema`."""
    properties = _object(schema.get("properties"))
    if str(schema.get("type", "")).lower() == "object" and not properties:
        return True
    inner = [*properties.values(), schema.get("items")]
    return any(isinstance(one, dict) and has_empty_object(cast(dict[str, Any], one)) for one in inner)


def _check(value: Any, path: str, depth: int) -> list[Violation]:
    if not isinstance(value, dict):
        return [wrong_value(path, "type.googleapis.com/google.ai.generativelanguage.v1beta.Schema", value)]
    if depth > _DEPTH:
        return [Violation(path, f"Schema at '{path}' is nested too deeply.")]
    schema = cast(dict[str, Any], value)
    found = [unknown_name(key, path) for key in schema if key not in _KEYS]
    kind = schema.get("type")
    if isinstance(kind, list):
        found.append(wrong_value(f"{path}.type", "TYPE_ENUM", cast(Any, kind)))
    elif kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
        found.append(wrong_value(f"{path}.type", "TYPE_ENUM", kind))
    found += _check_texts(schema, path)
    properties = schema.get("properties")
    if properties is not None and not isinstance(properties, dict):
        found.append(wrong_value(f"{path}.properties", "map", properties))
    for at, inner in enumerate(_object(properties).values()):
        found += _check(inner, f"{path}.properties[{at}].value", depth + 1)
    if schema.get("items") is not None:
        found += _check(schema["items"], f"{path}.items", depth + 1)
    for key, name in _UNIONS.items():
        for at, inner in enumerate(_list(schema.get(key))):
            found += _check(inner, f"{path}.{name}[{at}]", depth + 1)
    extra = schema.get("additionalProperties")
    if extra is not None and not isinstance(extra, bool):
        found += _check(extra, f"{path}.additional_properties", depth + 1)
    return found


def _check_texts(schema: dict[str, Any], path: str) -> list[Violation]:
    """`description`, `enum` and `required` hold strings only."""
    found: list[Violation] = []
    for key in ("description", "title", "format", "pattern"):
        if key in schema and not isinstance(schema[key], str):
            found.append(wrong_value(f"{path}.{key}", "TYPE_STRING", schema[key]))
    for key in ("enum", "required"):
        value = schema.get(key)
        if value is not None and not isinstance(value, list):
            found.append(wrong_value(f"{path}.{key}", "repeated field", value))
        for at, one in enumerate(_list(value)):
            if not isinstance(one, str):
                found.append(wrong_value(f"{path}.{key}[{at}]", "TYPE_STRING", one))
    return found


def _object(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []
