"""Gemini's fields: usage, finish reasons, odd spellings."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.events import FinishReason, Usage
from core.wire.gemini import BROKEN, Part, UsageMetadata, finish_reason


def counts(**fields: int) -> UsageMetadata:
    return msgspec.convert({**fields}, UsageMetadata)


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        (
            {
                "promptTokenCount": 1200,
                "cachedContentTokenCount": 1000,
                "candidatesTokenCount": 80,
                "thoughtsTokenCount": 40,
                "totalTokenCount": 1320,
            },
            Usage(input=1200, output=120, cache_read=1000, thoughts=40),
        ),
        (
            {"promptTokenCount": 16, "candidatesTokenCount": 4, "totalTokenCount": 20},
            Usage(input=16, output=4),
        ),
        (
            {"promptTokenCount": 10, "thoughtsTokenCount": 5, "totalTokenCount": 22},
            Usage(input=10, output=12, thoughts=5),
        ),
        (
            {"promptTokenCount": 10, "toolUsePromptTokenCount": 7, "candidatesTokenCount": 1},
            Usage(input=17, output=1),
        ),
        ({}, Usage()),
    ],
)
def test_tokens_are_counted_in_the_domains_way(wire: dict[str, int], usage: Usage) -> None:
    assert counts(**wire).usage() == usage


def test_a_later_message_without_a_count_does_not_erase_it() -> None:
    first = counts(promptTokenCount=10, thoughtsTokenCount=3, candidatesTokenCount=1)
    assert first.updated(counts(candidatesTokenCount=9)).usage() == Usage(input=10, output=12, thoughts=3)


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("STOP", FinishReason.STOP),
        ("OTHER", FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("IMAGE_SAFETY", FinishReason.CONTENT_FILTER),
        ("SOMETHING_NEW", FinishReason.OTHER),
    ],
)
def test_a_finish_reason_has_a_meaning(wire: str, reason: FinishReason) -> None:
    assert finish_reason(wire) is reason
    assert wire not in BROKEN


def test_snake_case_fields_are_read_too() -> None:
    part = msgspec.json.decode(
        b'{"inline_data":{"mime_type":"image/png","data":"QQ=="},"thought_signature":"s","x":1}', type=Part
    )
    assert part.blob() == ("image/png", "QQ==")
    assert part.signature() == "s"
    call = msgspec.json.decode(b'{"function_call":{"name":"f"}}', type=Part).call()
    assert call is not None
    assert call.name == "f"
