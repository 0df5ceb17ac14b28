"""Cleaning JSON schemas into the few words that Gemini and Claude behind it accept.

Only schemas go through here, never message history. The cleaner is total (any JSON in, a valid schema
out), pure, deterministic and idempotent. What can't be said in a keyword is said in `description`.
Sources: seed 001 (JSON schema support), the rules R1 to R14 of the upstream notes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final, Literal, cast

import msgspec
from msgspec import Raw

from .schema_flat import LARGEST, Active, Flat, Flattener, TooLargeError
from .schema_words import Node, properties_of, required_of, stated_types, type_of

Mode = Literal["gemini", "claude", "response"]
"""gemini: tools of Gemini and GPT-OSS. claude: tools checked with VALIDATED. response: answer schemas."""

CONSTRAINTS: Final = (
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
    "default",
)
"""Keywords that become hints, in the order of the hints."""

PLACEHOLDER: Final = "_placeholder"
"""Claude's VALIDATED mode refuses an object without properties: it gets this one, required."""

PLACEHOLDER_SCHEMA: Final[Node] = {"type": "boolean", "description": "Unused. Always send true."}

DEPTH_LIMITS: Final = (20, 8, 4)
"""How deep references are inlined; the next one is tried when a schema grows too large, and after the last
one it is cut where it does."""

NESTING_LIMIT: Final = 64
"""Literal nesting beyond this is cut to a bare type."""


def clean(schema: Any, mode: Mode) -> Node:
    """The cleaned schema. `schema` may be anything that JSON can hold; it is not changed."""
    root: Node = cast(Node, schema) if isinstance(schema, dict) else {"type": "object"}
    if len(root) == 1 and isinstance(root.get("schema"), dict):
        root = cast(Node, root["schema"])
    for limit in DEPTH_LIMITS:
        cleaner = _Cleaner(root, mode, limit, last=False)
        try:
            cleaned = cleaner.top()
        except TooLargeError:
            continue
        if not cleaner.inlined or len(msgspec.json.encode(cleaned)) <= LARGEST:
            return cleaned
    return _Cleaner(root, mode, DEPTH_LIMITS[-1], last=True).top()


def clean_json(schema: Any, mode: Mode) -> Raw:
    """The cleaned schema as JSON, ready to be embedded. Remembered: tools repeat on every turn."""
    return Raw(_clean_bytes(msgspec.json.encode(schema), mode))


@lru_cache(maxsize=1024)
def _clean_bytes(schema: bytes, mode: Mode) -> bytes:
    return msgspec.json.encode(clean(msgspec.json.decode(schema), mode))


class _Cleaner:
    """Cleans one document."""

    def __init__(self, root: Node, mode: Mode, depth_limit: int, last: bool) -> None:
        self._root = root
        self._mode = mode
        self._flattener = Flattener(root, depth_limit, last)

    @property
    def inlined(self) -> int:
        """How many references were met."""
        return self._flattener.inlined

    def top(self) -> Node:
        flat = self._flattener.flatten(self._root, frozenset(), 0)
        cleaned, _ = self._emit(flat, 0, default="object")
        if self._mode == "response" or cleaned["type"] == "object":
            return cleaned
        described = {key: cleaned[key] for key in ("description",) if key in cleaned}
        return self._with_properties({"type": "object", **described}, {}, [])

    def _clean(self, schema: Any, active: Active, depth: int) -> tuple[Node, bool]:
        """A child cleaned, and whether it may be null."""
        node: Node = cast(Node, schema) if isinstance(schema, dict) else {}
        if depth > NESTING_LIMIT:
            kept = {key: node[key] for key in ("type", "description", "nullable") if key in node}
            return self._emit(Flat(kept, active, [], []), depth, default="string")
        return self._emit(self._flattener.flatten(node, active, depth), depth)

    def _emit(self, flat: Flat, depth: int, default: str = "") -> tuple[Node, bool]:
        node = flat.node
        if "enum" not in node and "const" in node:
            node = {**node, "enum": [node["const"]]}
        enum, enum_null = _enum_of(node)
        types = stated_types(node)
        nullable = flat.nullable or node.get("nullable") is True or "null" in types or enum_null
        fallback = default or ("object" if "additionalProperties" in node else "string")
        kind = type_of(node, default=fallback)
        hints = [f"See: {name}" for name in flat.see]
        hints += [f"Accepts: {names}" for names in flat.accepts]
        words = [word for word in types if word != "null"]
        if len(words) > 1:
            hints.append("Accepts: " + " | ".join(words))
        items: Node | None = None
        if kind == "array":
            items, tuple_hint = self._items(node, flat.active, depth)
            hints += tuple_hint
        hints += [f"{key}: {_text(node[key])}" for key in CONSTRAINTS if _is_scalar(node.get(key))]
        if enum and kind not in ("string", "object", "array"):
            hints.append("Allowed: " + ", ".join(_text(value) for value in enum))
        closed = kind == "object" and node.get("additionalProperties") is False
        hints += self._extra_hint(node, kind, flat.active, depth)
        if nullable:
            hints.append("nullable")

        out: Node = {"type": kind}
        description = node.get("description")
        text = description if isinstance(description, str) else ""
        for hint in hints:
            text = with_hint(text, hint)
        if text:
            out["description"] = text
        if kind == "object":
            self._object(out, node, flat.active, depth)
        if items is not None:
            out["items"] = items
        if enum and kind == "string":
            out["enum"] = list(dict.fromkeys(_text(value) for value in enum))
        if closed and self._mode == "response":
            out["additionalProperties"] = False
        return out, nullable

    def _object(self, out: Node, node: Node, active: Active, depth: int) -> None:
        properties: Node = {}
        optional: set[str] = set()
        for name, schema in properties_of(node).items():
            if schema is False:
                continue
            properties[name], nullable = self._clean(schema, active, depth + 1)
            if nullable:
                optional.add(name)
        required = [name for name in required_of(node) if name in properties and name not in optional]
        self._with_properties(out, properties, required)

    def _with_properties(self, out: Node, properties: Node, required: list[str]) -> Node:
        if not properties and self._mode == "claude":
            properties, required = {PLACEHOLDER: dict(PLACEHOLDER_SCHEMA)}, [PLACEHOLDER]
        if properties or self._mode != "response":
            out["properties"] = properties
        if required:
            out["required"] = required
        return out

    def _items(self, node: Node, active: Active, depth: int) -> tuple[Node, list[str]]:
        """The one schema of an array's items; a tuple's elements become one schema and a hint."""
        items = node.get("items")
        elements = node.get("prefixItems")
        if not isinstance(elements, list):
            elements = items
        if isinstance(elements, list) and elements:
            return self._tuple(cast(list[Any], elements), active, depth)
        if isinstance(items, dict):
            return self._clean(cast(Node, items), active, depth + 1)[0], []
        return {"type": "string"}, []

    def _tuple(self, elements: list[Any], active: Active, depth: int) -> tuple[Node, list[str]]:
        nodes: list[Node] = [cast(Node, one) if isinstance(one, dict) else {} for one in elements]
        kinds = [self._type(one, active, depth + 1) for one in nodes]
        hint = ["Tuple: " + ", ".join(kinds)]
        if len(nodes) == 1:
            return self._clean(nodes[0], active, depth + 1)[0], hint
        if len(set(kinds)) == 1 and kinds[0] == "array":
            first = self._clean(nodes[0], active, depth + 1)[0]
            return {"type": "array", "items": first["items"]}, hint
        if len(set(kinds)) == 1 and kinds[0] != "object":
            return {"type": kinds[0]}, hint
        return self._clean({"anyOf": nodes}, active, depth + 1)[0], hint

    def _extra_hint(self, node: Node, kind: str, active: Active, depth: int) -> list[str]:
        extra = node.get("additionalProperties")
        if kind != "object":
            return []
        if extra is False:
            return [] if self._mode == "response" else ["No extra properties allowed"]
        if isinstance(extra, dict) and extra:
            return [f"Extra properties: {self._type(cast(Node, extra), active, depth + 1)}"]
        return []

    def _type(self, node: Node, active: Active, depth: int) -> str:
        """The type that `node` would be cleaned to."""
        flat = self._flattener.flatten(node, active, depth)
        fallback = "object" if "additionalProperties" in flat.node else "string"
        return type_of(flat.node, default=fallback)


def with_hint(description: str, hint: str) -> str:
    """`description` with `hint` in brackets; unchanged if it says so already."""
    if not description:
        return hint
    if description == hint or f"({hint})" in description or description.startswith(f"{hint} ("):
        return description
    return f"{description} ({hint})"


def without_placeholders(arguments: Any) -> Any:
    """Tool arguments as the client declared them: the placeholder taken out at every depth."""
    if isinstance(arguments, dict):
        return {
            key: without_placeholders(value)
            for key, value in cast(Node, arguments).items()
            if key != PLACEHOLDER
        }
    if isinstance(arguments, list):
        return [without_placeholders(value) for value in cast(list[Any], arguments)]
    return arguments


def _enum_of(node: Node) -> tuple[list[Any], bool]:
    """The listed values without null, and whether null was among them."""
    enum = node.get("enum")
    if not isinstance(enum, list):
        return [], False
    values = cast(list[Any], enum)
    kept = [value for value in values if value is not None]
    return kept, len(kept) < len(values)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
