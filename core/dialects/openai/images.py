"""Requests for pictures: `/v1/images/generations` and `/v1/images/edits`, as JSON or as a form.

What the sizes, qualities and names of models mean is in core/wire/pictures.py.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from core.dialects import fields
from core.dialects.form import Form, Upload
from core.dialects.jsonbody import read_object
from core.dialects.media import from_base64, from_url
from core.domain.content import JsonObject, Media
from core.domain.requests import ImageOptions, ImageRequest
from core.wire.pictures import NamedShape, aspect_of, picture_mime, size_of, split_model

MOST_PICTURES: Final = 10
MOST_REFERENCES: Final = 14
MOST_PARTIALS: Final = 3

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
        "stream",
        "partial_images",
        "user",
        "safety_identifier",
    }
)
NO_PICTURES: Final = frozenset({"image_size", "imageSize"})
"""Members of an edit that begin with `image` and are none."""

Role = Literal["reference", "mask"]


class ImageOrder(Struct, frozen=True):
    """What was asked and how the pictures are handed over."""

    request: ImageRequest
    form: Literal["b64_json", "url"]
    stream: bool = False
    edit: bool = False


def decode(body: bytes) -> ImageOrder:
    """Read a wish for new pictures. An empty `model` leaves the choice to the studio's setting.

    Shape: `size` or `aspect_ratio`, else the ending of the model's name (`-16x9`), else 1:1. Size:
    `image_size`, else `quality`, else the name's ending (`-4k`), else left open.
    Raises GatewayError `bad_request` naming the member.
    """
    source = read_object(body)
    shape = fields.text(source, "size") or fields.text(source, "aspect_ratio")
    return _order(source, shape, "1:1")


def decode_edit(body: bytes) -> ImageOrder:
    """Read an edit from JSON: `image`, `images`, `image1` and so on, and `mask`, each a data URL, a link,
    base64, an object that holds one, or (but for the mask) an array of those."""
    source = read_object(body)
    references = [
        _media(found, name, "reference")
        for member, value in source.items()
        if member.startswith("image") and member not in NO_PICTURES
        for name, found in _spread(value, member)
    ]
    if source.get("mask"):
        references.append(_media(source["mask"], "mask", "mask"))
    return _edit(source, references)


def decode_edit_form(form: Form) -> ImageOrder:
    """Read an edit from a form: every file whose field begins with `image` is a reference, `mask` is one."""
    source = form.source()
    references = [_uploaded(file) for file in form.files if file.field.startswith(("image", "mask"))]
    for name in [name for name in source if name.startswith("image") and name not in NO_PICTURES]:
        references += [_media(found, at, "reference") for at, found in _spread(source[name], name)]
    if source.get("mask"):
        references.append(_media(source["mask"], "mask", "mask"))
    others = {file.field: True for file in form.files if not file.field.startswith(("image", "mask"))}
    return _edit(source | others, references)


def _edit(source: JsonObject, references: list[Media]) -> ImageOrder:
    """`aspect_ratio` wins over `size` here. Where nothing is said, a picture that is edited keeps its shape:
    it would be cropped otherwise."""
    masks = [media for media in references if media.role == "mask"]
    pictures = [media for media in references if media.role != "mask"]
    if len(references) > MOST_REFERENCES:
        fields.refuse("image", f"At most {MOST_REFERENCES} pictures can be sent along, the mask included.")
    if len(masks) > 1:
        fields.refuse("mask", "There can be one `mask` only.")
    if masks and not pictures:
        fields.refuse("image", "A `mask` needs an `image` that it belongs to.")
    shape = fields.text(source, "aspect_ratio") or fields.text(source, "size")
    return _order(source, shape, "" if pictures else "1:1", (*pictures, *masks), edit=True)


def _order(
    source: JsonObject,
    shape: str | None,
    otherwise: str,
    references: tuple[Media, ...] = (),
    *,
    edit: bool = False,
) -> ImageOrder:
    prompt = fields.text(source, "prompt")
    if not prompt or not prompt.strip():
        fields.refuse("prompt", "`prompt` is missing: say what the picture should show.")
    n = _number(source, "n", 1, MOST_PICTURES, 1)
    partials = _number(source, "partial_images", 0, MOST_PARTIALS, 0)
    stream = bool(fields.flag(source, "stream"))
    form = fields.text(source, "response_format") or "b64_json"
    if form not in ("b64_json", "url"):
        fields.refuse("response_format", "`response_format` has to be b64_json or url.")
    named = _named(fields.text(source, "model") or "")
    quality = fields.text(source, "quality") or ""
    explicit = fields.text(source, "image_size") or fields.text(source, "imageSize") or ""
    image = ImageOptions(
        aspect=aspect_of(shape) if shape else named.aspect or otherwise,
        size=size_of(quality, explicit) or named.size,
    )
    request = ImageRequest(
        prompt,
        named.model,
        n,
        image,
        references,
        style=fields.text(source, "style") or "",
        quality=quality,
        extras=_extras(source, edit),
        partials=partials if stream else 0,
    )
    return ImageOrder(request, form, stream, edit)


def _extras(source: JsonObject, edit: bool) -> dict[str, Any]:
    """What was asked and has no word here."""
    return {
        name: value
        for name, value in source.items()
        if name not in UNDERSTOOD
        and fields.says_something(value)
        and not (edit and (name == "mask" or name.startswith("image")))
    }


def _number(source: JsonObject, name: str, least: int, most: int, absent: int) -> int:
    found = fields.integer(source, name)
    if found is None:
        return absent
    if not least <= found <= most:
        fields.refuse(name, f"`{name}` has to be between {least} and {most}.")
    return found


def _named(model: str) -> NamedShape:
    """Only a picture model's name may end in a shape: `claude-sonnet-4-5` is no ratio."""
    return split_model(model) if "image" in model.lower() else NamedShape(model)


def _spread(value: object, name: str) -> list[tuple[str, object]]:
    """One picture or an array of them, each with the member that holds it."""
    if isinstance(value, list):
        return [(f"{name}[{at}]", one) for at, one in enumerate(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [(name, value)] if value else []


def _media(found: object, name: str, role: Role) -> Media:
    """A picture that stands in JSON."""
    if isinstance(found, dict):
        source = fields.as_object(found, name)  # pyright: ignore[reportUnknownArgumentType]
        for member in ("image_url", "url", "b64_json", "data"):
            if source.get(member):
                return _media(source[member], f"{name}.{member}", role)
        if source.get("file_id"):
            fields.refuse(f"{name}.file_id", "Stored files are not supported: send a data: URL or a link.")
        fields.refuse(name, f"`{name}` has to hold `image_url`, `url` or `b64_json`.")
    if not isinstance(found, str) or not found:
        fields.refuse(name, f"`{name}` has to be a data: URL, a link or base64.")
    plain = ":" not in found[:16]
    media = from_base64(found, "", "image/png") if plain else from_url(found, name)
    return Media(media.mime, media.data, role)


def _uploaded(file: Upload) -> Media:
    """A picture that was sent as a file; its bytes have to be one."""
    mime = picture_mime(file.content)
    if not mime:
        fields.refuse(
            file.field, f"`{file.field:.80}` is no picture: send a PNG, JPEG, WebP, GIF or HEIC file."
        )
    return Media(mime, file.content, "mask" if file.field.startswith("mask") else "reference")
