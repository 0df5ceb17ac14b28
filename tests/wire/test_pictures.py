"""Shapes and sizes of pictures, as the tables of the contract have them."""

from __future__ import annotations

import pytest

from core.wire.pictures import NamedShape, aspect_of, size_of, split_model


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
