"""What was said in a request, for `agtui logs --id`: three sides, as text or as data."""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.bodies import Bodies, Said

from .output import clean


def text_of(said: Said) -> str:
    """A body as people read it: JSON indented where it is JSON."""
    try:
        return msgspec.json.format(said.text.encode(), indent=2).decode()
    except (msgspec.DecodeError, RecursionError):
        return said.text


def facts(said: Said) -> str:
    """`4,132 bytes, cut, without base64, secrets masked`"""
    notes = (
        (f"{said.size:,} bytes", True),
        ("only the beginning", said.cut),
        ("base64 left out", said.blobs),
        ("secrets masked", said.masked),
    )
    return ", ".join(note for note, is_so in notes if is_so)


def lines(found: Bodies) -> list[str]:
    """Everything that is recorded of a request, a line each."""
    said = ["", f"== As the client sent it: {found.method} {found.path} ({facts(found.asked)})"]
    said += [f"{name}: {value}" for name, value in found.headers]
    said += ["", *text_of(found.asked).splitlines()]
    for number, call in enumerate(found.sent, 1):
        said += ["", f"== As the upstream got it, call {number}: {call.url} ({facts(call.body)})"]
        said += text_of(call.body).splitlines()
    said += ["", f"== The answer: {found.status} ({facts(found.answer)})"]
    said += [f"{name}: {value}" for name, value in found.answer_headers]
    said += ["", *text_of(found.answer).splitlines()]
    return [clean(line) for line in said]


def as_data(found: Bodies) -> dict[str, Any]:
    """The same as one JSON object; bodies that are JSON stand in it as such."""
    return {
        "method": found.method,
        "path": found.path,
        "headers": dict(found.headers),
        "request": _side(found.asked),
        "upstream": [{"url": call.url, **_side(call.body)} for call in found.sent],
        "status": found.status,
        "answer_headers": dict(found.answer_headers),
        "answer": _side(found.answer),
    }


def _side(said: Said) -> dict[str, Any]:
    try:
        body: Any = msgspec.json.decode(said.text)
    except (msgspec.DecodeError, RecursionError):
        body = said.text
    notes = {"bytes": said.size, "cut": said.cut, "without_base64": said.blobs, "masked": said.masked}
    return {"body": body, **notes}
