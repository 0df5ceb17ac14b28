"""Translating alone: a request of 2 KB on its way in, a chunk on its way out. No I/O."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from core.dialects.openai import chat
from core.providers.antigravity.decode import Decoder
from core.providers.antigravity.encode import Sender, encode
from core.providers.antigravity.models import facts_of
from tests.bench.figures import Figures
from tests.bench.tools import Tools

pytestmark = [pytest.mark.bench, pytest.mark.timeout(60)]

MODEL = "gemini-2.5-flash"
CHUNKS = 200
CHUNK = (
    b'data: {"response":{"candidates":[{"content":{"role":"model","parts":[{"text":"chunk 17 of 200 "}]}}],'
    b'"modelVersion":"gemini-3-pro"},"traceId":"0123456789abcdef"}\n\n'
)


def microseconds(work: Callable[[], object], times: int) -> float:
    """The least that a call takes: what else the machine does only adds."""
    found: list[float] = []
    for _ in range(15):
        began = time.perf_counter()
        for _ in range(times):
            work()
        found.append((time.perf_counter() - began) / times * 1e6)
    return min(found)


def test_a_request_in_and_a_chunk_out(figures: Figures, tools: Tools) -> None:
    body = (tools.bodies / "oai_2k_s.json").read_bytes()
    sender = Sender("account", "project", "request", "")
    request = chat.decode(body, "id", 0).request
    into = microseconds(lambda: chat.decode(body, "id", 0), 300)
    onward = microseconds(lambda: encode(request, facts_of(MODEL), sender), 300)
    figures.add(
        "translate a 2 KB request in",
        f"{into + onward:.0f} us (read {into:.0f}, write {onward:.0f})",
        "20 us",
        into + onward <= 20,
    )
    asked = encode(request, facts_of(MODEL), sender)

    def answer(reads: list[bytes]) -> None:
        decoder = Decoder(MODEL, asked, lambda: "id", time.time)
        reply = chat.decode(body, "id", 0).reply
        for read in reads:
            assert reply.frames(decoder.feed(read))

    for name, reads in (("one a read", [CHUNK] * CHUNKS), ("200 a read", [CHUNK * CHUNKS])):
        each = (microseconds(lambda reads=reads: answer(reads), 10) - into) / CHUNKS
        figures.add(f"translate a chunk out, {name}", f"{each:.1f} us", "2 us", each <= 2)
