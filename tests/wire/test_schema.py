"""The schema cleaner: 89 vectors, and what holds for any JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire.schema import Mode, clean, clean_json, with_hint, without_placeholders

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "schema-vectors.json").read_text()
)
WORDS = {"type", "description", "properties", "required", "items", "enum", "additionalProperties"}
TYPES = {"object", "string", "number", "integer", "boolean", "array"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_is_cleaned_as_written(vector: dict[str, Any]) -> None:
    before = json.dumps(vector["input"])
    assert clean(vector["input"], vector["mode"]) == vector["expected"], vector["why"]
    assert json.dumps(vector["input"]) == before
    assert clean(vector["expected"], vector["mode"]) == vector["expected"]


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2) | st.text(max_size=4)
TYPE_WORDS = st.sampled_from([*sorted(TYPES), "null", "STRING", "Object", "file", "any"])
NAMES = st.sampled_from(["a", "b", "type", "enum", "properties", "$ref", "required", "_placeholder", "x-k"])
REFS = st.sampled_from(["#", "#/$defs/A", "#/$defs/B", "#/properties/a", "#/$defs/Gone", "http://h/s.json"])
MODES = st.sampled_from(["gemini", "claude", "response"])


def _nodes(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maps = st.dictionaries(NAMES, children, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPE_WORDS | st.lists(TYPE_WORDS, max_size=3) | SCALARS,
            "$ref": REFS | SCALARS,
            "description": st.text(max_size=5) | SCALARS,
            "properties": maps | SCALARS,
            "required": st.lists(NAMES | SCALARS, max_size=3) | st.booleans(),
            "items": children | st.lists(children, max_size=3),
            "prefixItems": st.lists(children, max_size=3) | SCALARS,
            "enum": st.lists(SCALARS, max_size=3) | SCALARS,
            "const": SCALARS | children,
            "anyOf": st.lists(children, max_size=3) | SCALARS,
            "oneOf": st.lists(children, max_size=3),
            "allOf": st.lists(children, max_size=3),
            "additionalProperties": children,
            "then": children,
            "nullable": st.booleans(),
            "minLength": SCALARS,
            "default": SCALARS | children,
            "weird": children,
            "$defs": st.fixed_dictionaries({}, optional={"A": children, "B": children}),
        },
    )


SCHEMAS = st.recursive(SCALARS | st.just({}) | REFS.map(lambda ref: {"$ref": ref}), _nodes, max_leaves=12)


def _check(node: Any, mode: str) -> None:
    assert set(node) <= WORDS
    assert node["type"] in TYPES
    assert isinstance(node.get("description", "x"), str)
    assert node.get("description", "x") != ""
    assert ("items" in node) == (node["type"] == "array")
    assert "properties" not in node or node["type"] == "object"
    assert "enum" not in node or (node["type"] == "string" and all(isinstance(v, str) for v in node["enum"]))
    assert "additionalProperties" not in node or mode == "response"
    assert set(node.get("required", ())) <= set(node.get("properties", ()))
    if mode == "claude" and node["type"] == "object":
        assert node["properties"]
    for child in node.get("properties", {}).values():
        _check(child, mode)
    if "items" in node:
        _check(node["items"], mode)


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, MODES)
def test_any_json_becomes_a_small_schema_that_cleaning_leaves_alone(schema: Any, mode: Mode) -> None:
    before = json.dumps(schema)
    cleaned = clean(schema, mode)
    _check(cleaned, mode)
    assert clean(cleaned, mode) == cleaned
    assert clean(schema, mode) == cleaned
    assert json.dumps(schema) == before


def test_schemas_that_refer_to_each_other_end_in_a_bounded_time() -> None:
    names = [f"N{i}" for i in range(40)]
    every = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    schema = {
        "$ref": "#/$defs/N0",
        "$defs": {name: {"type": "object", "properties": every} for name in names},
    }
    cleaned = clean(schema, "gemini")
    _check(cleaned, "gemini")
    assert len(json.dumps(cleaned)) < 400_000
    assert clean(cleaned, "gemini") == cleaned


def test_a_schema_does_not_grow_without_bounds_by_what_it_repeats() -> None:
    """A large definition that is referred to from everywhere is written out as often as there is room."""
    large = {
        "type": "object",
        "description": "d" * 2_000,
        "properties": {f"p{n}": {"type": "string", "description": "x" * 100} for n in range(50)},
    }
    schema = {
        "type": "object",
        "properties": {f"q{n}": {"$ref": "#/$defs/Large"} for n in range(200)},
        "$defs": {"Large": large},
    }
    cleaned = clean(schema, "gemini")
    _check(cleaned, "gemini")
    assert len(cleaned["properties"]) == 200
    assert len(cleaned["properties"]["q0"]["properties"]) == 50
    assert len(json.dumps(cleaned)) < 200_000 + 200 * 2_100
    assert clean(cleaned, "gemini") == cleaned


def test_a_large_schema_without_references_stays_whole() -> None:
    properties = {f"p{n}": {"type": "string", "description": "x" * 100} for n in range(3_000)}
    assert clean({"type": "object", "properties": properties}, "gemini")["properties"] == properties


def test_very_deep_literal_nesting_is_cut_to_a_bare_type() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"a": schema}}
    cleaned = clean(schema, "gemini")
    assert clean(cleaned, "gemini") == cleaned
    depth = 0
    while cleaned["properties"]:
        cleaned, depth = cleaned["properties"]["a"], depth + 1
    assert 20 < depth < 100


def test_branches_that_only_require_names_keep_the_object() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    assert clean(schema, "gemini") == {"type": "object", "properties": schema["properties"]}


def test_the_json_form_says_the_same() -> None:
    schema = VECTORS[0]["input"]
    assert json.loads(bytes(clean_json(schema, "gemini"))) == clean(schema, "gemini")


def test_a_hint_is_written_once() -> None:
    assert with_hint(with_hint("Slug", "minLength: 2"), "minLength: 2") == "Slug (minLength: 2)"


def test_placeholders_are_taken_out_of_arguments_at_every_depth() -> None:
    assert without_placeholders({"_placeholder": True, "a": [{"_placeholder": 1, "b": 2}]}) == {
        "a": [{"b": 2}]
    }
