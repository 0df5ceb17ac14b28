"""Base64 and bytes: the same as in one go, and the loop is not held up."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.content import AssetRef, Base64Text, Media
from core.domain.failure import GatewayError, Kind
from core.wire import picture_bytes
from core.wire.picture_bytes import base64_of, decoded, encoded, raw_bytes

EDGE = picture_bytes.SLICE


@given(st.binary(max_size=300))
def test_slices_make_the_same_as_one_go(content: bytes) -> None:
    text = b64encode(content).decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture_bytes, "SLICE", 16)
        assert encoded(content) == text
        assert decoded(text) == content
        broken = "\r\n".join(text[at : at + 7] for at in range(0, len(text), 7))
        assert decoded(broken) == content


@pytest.mark.parametrize("size", [0, 1, EDGE // 4 * 3 - 1, EDGE // 4 * 3, EDGE // 4 * 3 + 1, 3 * EDGE + 2])
async def test_a_picture_of_any_size_comes_back_whole(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    text = await base64_of(Media("image/png", content))
    assert b64decode(text) == content
    assert await raw_bytes(Media("image/png", Base64Text(text))) == content


@pytest.mark.parametrize("text", ["a", "QUJD" * 200_000 + "Q"])
async def test_damaged_base64_is_the_upstreams_fault(text: str) -> None:
    with pytest.raises(GatewayError) as caught:
        await raw_bytes(Media("image/png", Base64Text(text)))
    assert caught.value.failure.kind is Kind.UPSTREAM


async def test_a_reference_has_no_bytes() -> None:
    with pytest.raises(GatewayError):
        await raw_bytes(Media("image/png", AssetRef("a1")))


async def test_the_loop_goes_on_while_a_large_picture_is_decoded() -> None:
    text = "QUJD" * (20 * 1024 * 1024)
    began = time.perf_counter()
    b64decode(text)
    in_one_go = time.perf_counter() - began
    # Other programs on the machine may hold up a try, not all of them.
    gaps = [await longest_gap(Media("image/png", Base64Text(text))) for _ in range(4)]
    assert min(gaps) < in_one_go / 3, (gaps, in_one_go)


async def longest_gap(media: Media) -> float:
    """How long the loop was kept from its work while the bytes were made."""
    work = asyncio.create_task(raw_bytes(media))
    longest, last = 0.0, time.perf_counter()
    while not work.done():
        await asyncio.sleep(0)
        seen = time.perf_counter()
        longest, last = max(longest, seen - last), seen
    await work
    return longest
