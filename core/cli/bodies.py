"""What was said in a request, for `agtui logs --id`: its sides, as text or as data."""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.bodies import Bodies, Said, sides

from .output import clean


def lines(found: Bodies) -> list[str]:
    """Everything that is recorded of a request, a line each."""
    said: list[str] = []
    for side in sides(found):
        title = side.title[0].upper() + side.title[1:]
        said += ["", f"== {title}: {side.facts}", *side.text.splitlines()]
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
