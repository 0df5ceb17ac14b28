"""`POST /v1/images/generations`: the request to an ImageRequest, pictures to the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from core.dialects import fields
from core.dialects.jsonbody import read_object
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ImageOptions, ImageRequest
from core.wire.pictures import NamedShape, aspect_of, size_of, split_model

MOST_PICTURES: Final = 10
PIECE: Final = 1024 * 1024
"""Characters of a picture that are written at a time."""

UNDERSTOOD: Final = frozenset(
    {
        "prompt",
        "model",
        "n",
        "size",
        "quality",
        "image_size",
        "imageSize",
        "aspect_ratio",
        "style",
        "response_format",
        "user",
    }
)


class ImageOrder(Struct, frozen=True):
    """What was asked and how the pictures are handed over."""

    request: ImageRequest
    form: Literal["b64_json", "url"]


class Picture(Struct, frozen=True, omit_defaults=True):
    """One entry of the answer's `data`: either the bytes as base64 or a link."""

    b64_json: str = ""
    url: str = ""
    revised_prompt: str = ""


def decode(body: bytes) -> ImageOrder:
    """Read an images request. An empty `model` leaves the choice to the studio's setting.

    Shape: `size` or `aspect_ratio`, else the ending of the model's name (`-16x9`), else 1:1. Size:
    `image_size`, else `quality`, else the name's ending (`-4k`), else left open.
    Raises GatewayError `bad_request` naming the member.
    """
    source = read_object(body)
    prompt = fields.text(source, "prompt")
    if not prompt or not prompt.strip():
        fields.refuse("prompt", "`prompt` is missing: say what the picture should show.")
    n = fields.integer(source, "n")
    if n is not None and not 1 <= n <= MOST_PICTURES:
        fields.refuse("n", f"`n` has to be between 1 and {MOST_PICTURES}.")
    form = fields.text(source, "response_format") or "b64_json"
    if form not in ("b64_json", "url"):
        fields.refuse("response_format", "`response_format` has to be b64_json or url.")
    named = _named(fields.text(source, "model") or "")
    shape = fields.text(source, "size") or fields.text(source, "aspect_ratio")
    quality = fields.text(source, "quality") or ""
    explicit = fields.text(source, "image_size") or fields.text(source, "imageSize") or ""
    image = ImageOptions(
        aspect=aspect_of(shape) if shape else named.aspect or "1:1",
        size=size_of(quality, explicit) or named.size,
    )
    extras: dict[str, Any] = {
        name: value
        for name, value in source.items()
        if name not in UNDERSTOOD and fields.says_something(value)
    }
    request = ImageRequest(
        prompt,
        named.model,
        n or 1,
        image,
        style=fields.text(source, "style") or "",
        quality=quality,
        extras=extras,
    )
    return ImageOrder(request, form)


def _named(model: str) -> NamedShape:
    """Only a picture model's name may end in a shape: `claude-sonnet-4-5` is no ratio."""
    return split_model(model) if "image" in model.lower() else NamedShape(model)


def pieces(pictures: Sequence[Picture], created: int) -> Iterator[bytes]:
    """The answer with at least one picture, bit by bit: four large ones in one go take a tenth of a second.

    Fewer pictures than asked for are still an answer; none raises GatewayError `upstream`.
    """
    if not pictures:
        raise GatewayError.of(Kind.UPSTREAM, "No picture was made.")
    return _pieces(pictures, created)


def _pieces(pictures: Sequence[Picture], created: int) -> Iterator[bytes]:
    yield b'{"created":%d,"data":[' % created
    for number, picture in enumerate(pictures):
        rest = msgspec.json.encode(msgspec.structs.replace(picture, b64_json=""))
        text = picture.b64_json
        if number:
            yield b","
        if not text:
            yield rest
            continue
        yield b'{"b64_json":"'
        for at in range(0, len(text), PIECE):
            yield msgspec.json.encode(text[at : at + PIECE])[1:-1]
        yield b'"}' if rest == b"{}" else b'",' + rest[1:]
    yield b"]}"
