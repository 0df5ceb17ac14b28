"""Values that fit a JSON schema, with the question's own words and numbers where they fit.

For forced tool calls and JSON answers. It honours the constraints a schema states and those a cleaner
has moved into descriptions (`minimum: 1`, `format: email`, `Allowed: 1, 2`).
"""

import re
from typing import Any, Final, cast

import msgspec

_HINT: Final = re.compile(
    r"\b(format|pattern|minimum|maximum|exclusiveMinimum|exclusiveMaximum|multipleOf|minLength|maxLength|"
    r"minItems|maxItems): (\S+?)(?=[),]|\s|$)"
)
_ALLOWED: Final = re.compile(r"\bAllowed: ([^()]+)")
_FORMATS: Final[dict[str, str]] = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "email": "ada@sandbox.test",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "6f1e2d3c-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
}
_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("mail", _FORMATS["email"]),
    ("url", _FORMATS["uri"]),
    ("date", _FORMATS["date"]),
    ("uuid", _FORMATS["uuid"]),
    ("country", "Portugal"),
    ("language", "en"),
    ("currency", "EUR"),
    ("unit", "celsius"),
    ("path", "notes.txt"),
    ("file", "notes.txt"),
    ("command", "ls -la"),
    ("code", "print('hello')"),
    ("color", "amber"),
    ("colour", "amber"),
    ("phone", "+351 21 000 0000"),
    ("title", "A short title"),
    ("name", "Ada"),
    ("id", "item-1"),
)
_PLACES: Final = ("city", "location", "place", "town", "where")
_WHOLE: Final = ("query", "question", "prompt", "text", "message", "input", "content", "search")
_PATTERNS: Final = (
    "a",
    "A",
    "abc",
    "ABC",
    "A1",
    "a1",
    "ABC-123",
    "abc-123",
    "1",
    "12345",
    "1.0.0",
    "#ffaa00",
    "+351210000000",
    *_FORMATS.values(),
)
_DEEPEST: Final = 8
_LONGEST_MATCHED: Final = 40

Schema = dict[str, Any]


def sample(schema: Schema, question: str) -> Any:
    """A value that `schema` accepts."""
    return _Sampler(question).value(schema, "", 0)


class _Sampler:
    def __init__(self, question: str) -> None:
        self._question = question
        self._numbers = [float(found) for found in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", question)]
        place = re.search(r"\b(?:in|for|at|from|near)\s+([A-Z][\w-]+(?:\s[A-Z][\w-]+)*)", question)
        self._place = place[1] if place else "Lisbon"

    def value(self, schema: Schema, name: str, depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._among(schema["enum"])
        for key in ("anyOf", "oneOf"):
            branches = _objects(schema.get(key))
            if branches:
                chosen = next((one for one in branches if _kind(one) != "null"), branches[0])
                return self.value({k: v for k, v in schema.items() if k != key} | chosen, name, depth)
        if "allOf" in schema:
            return self.value(_merge(schema), name, depth)
        allowed = _ALLOWED.search(str(schema.get("description", "")))
        if allowed:
            return self._among([_json(text.strip()) for text in allowed[1].split(",")])
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return round(self._number(schema, 1))
            case "number":
                number = self._number(schema, 0)
                # A whole number is written without a point: many programs read it as what they need.
                return int(number) if number.is_integer() else number
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _among(self, options: list[Any]) -> Any:
        lower = self._question.lower()
        named = (one for one in options if isinstance(one, str) and one and one.lower() in lower)
        return next(named, options[0])

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = cast(dict[str, Schema], schema.get("properties") or {})
        required = set(cast(list[str], schema.get("required") or []))
        chosen = [name for name in properties if depth < _DEEPEST or name in required]
        return {name: self.value(properties[name], name, depth + 1) for name in chosen}

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least = int(_limit(schema, "minItems", 1))
        count = 0 if depth > _DEEPEST else min(max(1, least), 64)
        items = schema.get("items")
        inner = cast(Schema, items) if isinstance(items, dict) else {"type": "string"}
        return [self.value(inner, name.removesuffix("s"), depth + 1) for _ in range(count)]

    def _number(self, schema: Schema, step: int) -> float:
        low = _limit(schema, "minimum", float("-inf"))
        high = _limit(schema, "maximum", float("inf"))
        margin = step or 0.5
        low = max(low, _limit(schema, "exclusiveMinimum", float("-inf")) + margin)
        high = min(high, _limit(schema, "exclusiveMaximum", float("inf")) - margin)
        whole = [n for n in self._numbers if not step or n.is_integer()]
        fitting = (n for n in whole if low <= n <= high)
        chosen = next(fitting, min(max(1.0, low), high))
        multiple = _limit(schema, "multipleOf", 0)
        if multiple:
            chosen = -(-chosen // multiple) * multiple
            chosen = chosen - multiple if chosen > high else chosen
        return chosen

    def _string(self, schema: Schema, name: str) -> str:
        text = self._words(schema, name.lower())
        pattern = _hint(schema, "pattern")
        if pattern:
            text = _matching(str(pattern), text)
        least, most = int(_limit(schema, "minLength", 0)), int(_limit(schema, "maxLength", 1 << 20))
        if len(text) < least:
            text += "x" * (least - len(text))
        return text[:most]

    def _words(self, schema: Schema, name: str) -> str:
        known = _FORMATS.get(str(_hint(schema, "format")))
        if known:
            return known
        if any(word in name for word in _PLACES):
            return self._place
        if any(word in name for word in _WHOLE):
            return self._question.strip() or "hello"
        if "url" in name and (found := re.search(r"https?://\S+", self._question)):
            return found[0]
        return next((text for word, text in _NAMES if word in name), f"sample {name}".strip())


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [str(one) for one in cast(list[Any], kind) if one != "null"]
        kind = kinds[0] if kinds else "null"
    if isinstance(kind, str):
        return kind.lower()
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _hint(schema: Schema, key: str) -> Any:
    """The constraint `key`, stated as a keyword or as a hint in the description."""
    if key in schema:
        return schema[key]
    found = dict(_HINT.findall(str(schema.get("description", ""))))
    return found.get(key)


def _limit(schema: Schema, key: str, default: float) -> float:
    stated = _hint(schema, key)
    try:
        return default if stated is None else float(stated)
    except (TypeError, ValueError):
        return default


def _matching(pattern: str, text: str) -> str:
    """`text` if it matches, else the first stock text that does, else `text` all the same.

    A long text is not tried: patterns come from outside and may take for ever on one.
    """
    tried = (text, *_PATTERNS) if len(text) <= _LONGEST_MATCHED else _PATTERNS
    try:
        return next((one for one in tried if re.search(pattern, one)), text)
    except re.error:
        return text


def _merge(schema: Schema) -> Schema:
    merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
    for branch in _objects(schema["allOf"]):
        properties = {**branch.get("properties", {}), **merged.get("properties", {})}
        required = [*merged.get("required", []), *branch.get("required", [])]
        merged = {**branch, **merged}
        if properties:
            merged["properties"] = properties
        if required:
            merged["required"] = required
    return merged


def _objects(value: Any) -> list[Schema]:
    items = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(Schema, one) for one in items if isinstance(one, dict)]


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
