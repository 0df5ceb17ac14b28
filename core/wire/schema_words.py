"""Reading one JSON-schema node: its type, its properties, its choices, as stated or inferred.

What a node says by itself; references and unions are schema_flat.py's.
"""

from __future__ import annotations

from typing import Any, Final, cast

Node = dict[str, Any]

TYPES: Final = ("object", "string", "number", "integer", "boolean", "array")

KEYWORDS: Final = frozenset(
    [
        "type",
        "description",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "default",
        "format",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "nullable",
        "additionalProperties",
        "prefixItems",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "unevaluatedItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "definitions",
        "title",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "xml",
        "externalDocs",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "enumDescriptions",
        "enumTitles",
        "enumNames",
        "strict",
        "encrypted",
        "prefill",
    ]
)
"""Words that mean something in a schema, so that anything else with an object value is a property."""

STRUCTURE: Final = ("anyOf", "oneOf", "allOf", "enum", "const", "items", "prefixItems")


def properties_of(node: Node) -> Node:
    properties = node.get("properties")
    return cast(Node, properties) if isinstance(properties, dict) else {}


def required_of(node: Node) -> list[str]:
    """The names that are required, each once, in order; anything that is no name is left out."""
    required = node.get("required")
    if not isinstance(required, list):
        return []
    return list(dict.fromkeys(name for name in cast(list[Any], required) if isinstance(name, str)))


def stated_types(node: Node) -> list[str]:
    """Known type words of a node in lower case, `null` among them."""
    stated = node.get("type")
    words: list[Any] = cast(list[Any], stated) if isinstance(stated, list) else [stated]
    known = (word.lower() for word in words if isinstance(word, str))
    return list(dict.fromkeys(word for word in known if word in TYPES or word == "null"))


def stated_type(node: Node) -> str | None:
    return next((word for word in stated_types(node) if word != "null"), None)


def type_of(node: Node, default: str) -> str:
    """The type a node states or lets one infer; `default` if neither."""
    stated = stated_type(node)
    if stated is not None:
        return stated
    if "null" in stated_types(node):
        return "string"
    if (kind := kind_of_values([value for value in choices(node) if value is not None])) is not None:
        return kind
    if isinstance(node.get("properties"), dict):
        return "object"
    if "items" in node or "prefixItems" in node:
        return "array"
    return default


def kind_of_values(values: list[Any]) -> str | None:
    """The JSON type that all values share; `number` for integers and numbers, `string` for a mix."""
    kinds = {_kind(value) for value in values if value is not None}
    if not kinds:
        return None
    if len(kinds) == 1:
        return kinds.pop() or "string"
    return "number" if kinds == {"integer", "number"} else "string"


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case _:
            return ""


def choices(node: Node) -> list[Any]:
    """The values that a node lists, by `enum` or `const`."""
    enum = node.get("enum")
    if isinstance(enum, list) and enum:
        return cast(list[Any], enum)
    return [node["const"]] if "const" in node else []


def unique(values: list[Any]) -> list[Any]:
    """Values once each; 1, 1.0 and true stay apart."""
    return list({(type(value).__name__, repr(value)): value for value in reversed(values)}.values())[::-1]
