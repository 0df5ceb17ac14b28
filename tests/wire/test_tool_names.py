"""Tool names on the wire and back."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.tool_names import ToolNames, wire_name

LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
STRICT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("original", "gemini", "claude"),
    [
        ("get_weather", "get_weather", "get_weather"),
        ("mcp:mongodb.query", "mcp:mongodb.query", "mcp_mongodb_query"),
        ("mcp/query", "mcp_query", "mcp_query"),
        ("123_tool", "_123_tool", "_123_tool"),
        ("größe messen", "gr__e_messen", "gr__e_messen"),
        ("a" * 70, "a" * 55 + "_" + _hash("a" * 70), "a" * 55 + "_" + _hash("a" * 70)),
        ("", "tool", "tool"),
    ],
)
def test_a_name_becomes_legal(original: str, gemini: str, claude: str) -> None:
    assert wire_name(original) == gemini
    assert wire_name(original, strict=True) == claude


def test_a_legal_name_keeps_itself_and_the_other_is_marked() -> None:
    names = ToolNames(["mcp/query", "mcp_query"])
    assert names.wire("mcp_query") == "mcp_query"
    assert names.wire("mcp/query") == "mcp_query_" + _hash("mcp/query")
    assert names.original(names.wire("mcp/query")) == "mcp/query"


@given(st.lists(st.text(max_size=80), max_size=30), st.booleans())
def test_every_name_comes_back_and_order_does_not_matter(originals: list[str], strict: bool) -> None:
    names = ToolNames(originals, strict)
    again = ToolNames(reversed(originals), strict)
    wires = {names.wire(name) for name in originals}
    assert len(wires) == len(set(originals))
    for name in originals:
        wire = names.wire(name)
        assert (STRICT if strict else LEGAL).fullmatch(wire)
        assert names.original(wire) == name
        assert again.wire(name) == wire


def test_names_that_a_model_bends_are_found_again() -> None:
    names = ToolNames(["Read.File", "ls"])
    assert names.original("default_api:ls") == "ls"
    assert names.original("read.file") == "Read.File"
    assert names.original("Read_File") == "Read.File"
    assert names.original("nobody_knows") == "nobody_knows"
