"""Masks: what OpenAI's clients make transparent is white for models here."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode

import pytest
from PIL import Image

from core.domain.content import Base64Text, Media
from core.domain.failure import GatewayError, Kind
from core.gateway.masks import painted


def mask(mode: str = "RGBA", size: tuple[int, int] = (8, 4)) -> bytes:
    """The left half transparent, where the mode can say so."""
    picture = Image.new(mode, size, "red")
    if mode in ("RGBA", "LA"):
        picture.paste((0,) * len(picture.getbands()), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
async def test_transparent_becomes_white_and_the_rest_black(mode: str) -> None:
    for data in (mask(mode), Base64Text(b64encode(mask(mode)).decode())):
        found = await painted(Media("image/png", data, "mask"))
        assert (found.mime, found.role) == ("image/png", "mask")
        assert isinstance(found.data, Base64Text)
        picture = Image.open(io.BytesIO(b64decode(found.data.text)))
        assert (picture.mode, picture.size) == ("L", (8, 4))
        assert (picture.getpixel((0, 0)), picture.getpixel((7, 3))) == (255, 0)


async def test_a_mask_that_is_painted_already_and_other_pictures_pass() -> None:
    opaque = Image.new("RGBA", (2, 2), "white")
    out = io.BytesIO()
    opaque.save(out, "PNG")
    for media in (
        Media("image/png", mask("L"), "mask"),
        Media("image/png", out.getvalue(), "mask"),
        Media("image/png", mask(), "reference"),
    ):
        assert await painted(media) is media


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nnothing", Kind.BAD_REQUEST),
        (mask()[:60], Kind.BAD_REQUEST),
        (mask()[:16] + (60_000).to_bytes(4, "big") * 2 + mask()[24:], Kind.TOO_LARGE),
    ],
)
async def test_a_broken_or_enormous_mask_is_the_sender_s_fault(content: bytes, kind: Kind) -> None:
    with pytest.raises(GatewayError) as caught:
        await painted(Media("image/png", content, "mask"))
    assert (caught.value.failure.kind, caught.value.failure.params["param"]) == (kind, "mask")
