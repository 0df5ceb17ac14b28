"""`POST /v1/models/detect`: what a name would be taken for. Asks no upstream."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core.dialects import fields
from core.dialects.jsonbody import read_object
from core.domain.models import Meaning

from .chat import ONLINE

SQUARE: Final = "1:1"
"""The shape of a picture about which nothing is said."""


def decode(body: bytes) -> str:
    """The name that is asked about. Raises GatewayError `bad_request`."""
    name = (fields.text(read_object(body), "model") or "").strip()
    if not name:
        fields.refuse("model", "`model` is missing: say which name to look up.")
    return name


def plain(name: str) -> str:
    """The name without its wish for a search."""
    return name.removesuffix(ONLINE) if len(name) > len(ONLINE) else name


def body(name: str, meaning: Meaning) -> bytes:
    """The answer about `name`, whose plain form has this meaning."""
    paints = meaning.kind == "image"
    searches = not paints and plain(name) != name
    found: dict[str, Any] = {
        "model": name,
        "mapped_model": meaning.mapped,
        "type": "image_gen" if paints else "web_search" if searches else "agent",
        "features": {"has_web_search": searches, "is_image_gen": paints},
    }
    if paints:
        size = {"imageSize": meaning.size} if meaning.size else {}
        found["config"] = {"aspectRatio": meaning.aspect or SQUARE, **size}
    return msgspec.json.encode(found)
