"""A client's JSON body, read with its depth checked first.

Not a schema: what the members mean is each dialect's own business (see `fields`).
"""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from core.domain.failure import GatewayError, Kind

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 400_000
"""Brackets in a body. Far above any real request, far below what would hold up the loop."""

BOM: Final = b"\xef\xbb\xbf"

_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


def brackets_of(body: bytes) -> bytes:
    """The brackets that stand outside of strings, braces written as square ones."""
    if b'\\"' in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2]).translate(_SQUARE, _NOT_BRACKETS)


def too_deep(body: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether well-formed JSON nests deeper than `limit`. For other bytes either answer is safe.

    Whole passes over the bytes in C, one a level: cheaper than looking at each bracket in Python.
    """
    if body.count(b"{") + body.count(b"[") <= limit:
        return False
    brackets = brackets_of(body)
    if len(brackets) > MAX_VALUES:
        return True
    for _ in range(limit):
        inner = brackets.replace(b"[]", b"")  # takes off exactly the innermost level
        if not inner:
            return False
        if len(inner) == len(brackets):
            return False  # not well-formed; the decoder says where
        brackets = inner
    return True


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` holds, after a byte order mark if there is one. Raises GatewayError
    `bad_request` saying what is wrong with it."""
    body = body.removeprefix(BOM)
    if too_deep(body):
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            f"The body is nested too deeply: at most {MAX_DEPTH} levels of objects and arrays are read.",
            params={"code": "invalid_json"},
        )
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        said = str(error) if isinstance(error, msgspec.DecodeError) else "nested too deeply or not UTF-8"
        raise GatewayError.of(
            Kind.BAD_REQUEST, f"The body is not valid JSON: {said}.", params={"code": "invalid_json"}
        ) from error
    if not isinstance(found, dict):
        raise GatewayError.of(
            Kind.BAD_REQUEST, "The body has to be a JSON object.", params={"code": "invalid_json"}
        )
    return cast("dict[str, Any]", found)
