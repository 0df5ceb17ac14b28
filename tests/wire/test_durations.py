"""Spans of time as OpenAI's headers write them."""

from __future__ import annotations

import pytest

from core.wire.durations import short_span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0s"), (0.0, "0s"), (0.0001, "1ms"), (0.12, "120ms"), (1.0, "1s"), (12.3, "12.3s"),
        (58.8798, "58.88s"), (59.9999, "1m0s"), (60.0, "1m0s"), (360.0, "6m0s"), (61.5, "1m2s"),
        (3600.0, "1h0m0s"), (18_720.4, "5h12m1s"), (86_400.0, "24h0m0s"),
    ],
)  # fmt: skip
def test_a_span_is_written_as_clients_read_it_and_never_too_short(seconds: float, text: str) -> None:
    assert short_span(seconds) == text
