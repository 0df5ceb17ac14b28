"""Shapes and sizes of pictures, as the tables of the contract have them."""

from __future__ import annotations

from base64 import b64encode

import pytest

from core.wire.pictures import (
    ENDINGS,
    MIMES,
    NamedShape,
    aspect_of,
    base64_mime,
    picture_mime,
    size_of,
    split_model,
)


@pytest.mark.parametrize(
    ("size", "aspect"),
    [
        ("2560x1080", "21:9"), ("1920x1080", "16:9"), ("1280x720", "16:9"), ("1792x1024", "16:9"),
        ("1024x768", "4:3"), ("800x600", "4:3"), ("768x1024", "3:4"), ("600x800", "3:4"),
        ("1080x1920", "9:16"), ("720x1280", "9:16"), ("1024x1792", "9:16"), ("1500x1000", "3:2"),
        ("1536x1024", "3:2"), ("1000x1500", "2:3"), ("1024x1536", "2:3"), ("1250x1000", "5:4"),
        ("1280x1024", "5:4"), ("1000x1250", "4:5"), ("1024x1280", "4:5"), ("790x1000", "3:4"),
        ("1024x1024", "1:1"), ("16:9", "16:9"), ("4:3", "4:3"), (" 1024 X 1024 ", "1:1"),
        ("0x0", "1:1"), ("1x0", "1:1"), ("huge", "1:1"), ("10000x1", "1:1"), ("", ""), ("AUTO", ""),
    ],
)  # fmt: skip
def test_a_size_lands_at_its_ratio(size: str, aspect: str) -> None:
    assert aspect_of(size) == aspect


@pytest.mark.parametrize(
    ("quality", "explicit", "size"),
    [("hd", "", "4K"), ("4K", "", "4K"), ("medium", "", "2K"), ("2k", "", "2K"), ("standard", "", "1K"),
     ("1k", "", "1K"), ("auto", "", ""), ("low", "", ""), ("high", "", ""), ("hd", "1k", "1K"),
     ("hd", "odd", "4K")],
)  # fmt: skip
def test_quality_is_a_size_unless_one_is_named(quality: str, explicit: str, size: str) -> None:
    assert size_of(quality, explicit) == size


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gemini-3-pro-image", NamedShape("gemini-3-pro-image")),
        ("gemini-3-pro-image-16x9", NamedShape("gemini-3-pro-image", "16:9")),
        ("gemini-3-pro-image-16-9", NamedShape("gemini-3-pro-image", "16:9")),
        ("gemini-3-pro-image-4K-21x9", NamedShape("gemini-3-pro-image", "21:9", "4K")),
        ("gemini-3-pro-image-21x9-2k", NamedShape("gemini-3-pro-image", "21:9", "2K")),
        ("gemini-3-pro-image-hd", NamedShape("gemini-3-pro-image", "", "4K")),
        ("gemini-3-pro-image-7x9", NamedShape("gemini-3-pro-image-7x9")),
    ],
)
def test_endings_of_a_model_s_name(name: str, wanted: NamedShape) -> None:
    assert split_model(name) == wanted


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n..", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"GIF87a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
        (b"JUNK\0\0\0\0WEBP", ""),
        (b"GIF8", ""),
        (b"<svg onload=alert(1)>", ""),
        (b"%PDF-1.7", ""),
        (b"", ""),
    ],
)
def test_kinds_of_pictures_are_told_by_their_first_bytes(content: bytes, mime: str) -> None:
    assert picture_mime(content) == mime
    assert base64_mime(b64encode(content + b"more of it" * 10).decode()) == mime
    assert MIMES.get(ENDINGS.get(mime, "")) == (mime if mime in ENDINGS else None)


def test_what_is_no_base64_is_no_picture() -> None:
    assert [base64_mime(text) for text in ("!!!", "a", "", "\u00e4")] == [""] * 4
