"""JSON bodies: depth is known before anything is decoded."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.jsonbody import MAX_DEPTH, read_object, too_deep
from core.domain.failure import GatewayError, Kind


def nested(depth: int, inner: str = "1") -> bytes:
    return ('{"a":' * depth + inner + "}" * depth).encode()


def test_sixty_four_levels_are_read_and_no_more() -> None:
    assert read_object(nested(MAX_DEPTH))
    with pytest.raises(GatewayError) as caught:
        read_object(nested(MAX_DEPTH + 1))
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert "nested too deeply" in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 500, '\\"' + "[" * 500, "]" * 500 + "\\\\"])
def test_brackets_inside_text_are_not_depth(text: str) -> None:
    body = ('{"a":["' + text + '"], "b": {"c": [[1]]}}').encode()
    assert not too_deep(body)
    assert read_object(body)


def test_closing_brackets_in_text_hide_no_depth() -> None:
    body = ('{"a":"]}]}]}]}","b":' * 70 + "1" + "}" * 70).encode()
    assert too_deep(body)


@pytest.mark.parametrize("depth", [100_000, 2_000_000])
def test_endless_nesting_is_a_clean_400(depth: int) -> None:
    for body in (b'{"a":' + b"[" * depth, b'{"a":' + b"[" * depth + b"]" * depth + b"}"):
        with pytest.raises(GatewayError) as caught:
            read_object(body)
        assert caught.value.failure.kind is Kind.BAD_REQUEST


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b'{"a":1}}', b'{"a":NaN}', b"\xff\xfe", b'{"a":"\xff"}', b"[1]", b'"x"', b"7"],
)
def test_what_is_no_json_object_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        read_object(body)
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert caught.value.failure.params["code"] == "invalid_json"


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth_of(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(one) for one in value), default=0)
    return 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\ab\n', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=30,
)


@given(JSON, st.integers(1, 6), st.booleans())
def test_depth_is_told_exactly_for_any_json(value: Any, limit: int, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert too_deep(body, limit) == (depth_of(value) > limit)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}":,1a\\', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_cleanly(body: bytes) -> None:
    try:
        found = read_object(body)
    except GatewayError as refusal:
        failure = refusal.failure
        assert failure.kind is Kind.BAD_REQUEST
        return
    assert found == msgspec.json.decode(body)


def test_a_byte_order_mark_before_the_body_is_passed_over() -> None:
    assert read_object(b'\xef\xbb\xbf{"model": "m1"}') == {"model": "m1"}
