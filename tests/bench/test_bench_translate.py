"""Translating alone: requests of 2 KB and 200 KB on their way in, a chunk on its way out. No I/O."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from core.dialects.openai import chat
from core.providers.antigravity.decode import Decoder
from core.providers.antigravity.encode import Sender, encode
from core.providers.antigravity.models import facts_of
from tests.bench.figures import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(60)]

MODEL = "gemini-2.5-flash"
CHUNKS = 200
CHUNK = (
    b'data: {"response":{"candidates":[{"content":{"role":"model","parts":[{"text":"chunk 17 of 200 "}]}}],'
    b'"modelVersion":"gemini-3-pro"},"traceId":"0123456789abcdef"}\n\n'
)

WORDS = "the quick brown fox jumps over lazy dog through a café while “quoted” tokens stream\n"
SIZES = ((2_000, 300, 20.0), (200_000, 10, None))
"""Bytes of a request, how often it is read in a go, and what translating it may take, in microseconds."""


def chat_body(size: int) -> bytes:
    """A chat completion with a system text, a tool, and turns up to `size` bytes; always the same one."""
    chance = random.Random(7)

    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS.split(" "), k=count))

    city = {"type": "string", "description": "City"}
    unit = {"type": "string", "enum": ["c", "f"]}
    schema = {"type": "object", "properties": {"city": city, "unit": unit}, "required": ["city"]}
    tool = {"name": "get_weather", "description": "Get the weather for a city", "parameters": schema}
    messages = [{"role": "system", "content": words(60)}]
    asked = {
        "model": MODEL,
        "messages": messages,
        "temperature": 0.7,
        "max_tokens": 1024,
        "stream": True,
        "tools": [{"type": "function", "function": tool}],
    }
    while len(json.dumps(asked)) < size:
        messages.append(
            {"role": ("assistant", "user")[len(messages) % 2], "content": words(min(250, size // 50))}
        )
    return json.dumps(asked).encode()


def microseconds(work: Callable[[], object], times: int) -> float:
    """The least processor time that a call takes: waiting for the processor is not the code's."""
    found: list[float] = []
    for _ in range(15):
        began = time.thread_time()
        for _ in range(times):
            work()
        found.append((time.thread_time() - began) / times * 1e6)
    return min(found)


def test_a_request_in_and_a_chunk_out(figures: Figures) -> None:
    sender, row = Sender("account", "project", "request", ""), facts_of(MODEL)
    for size, times, target in SIZES:
        body = chat_body(size)
        request = chat.decode(body, "id", 0).request
        read = microseconds(lambda body=body: chat.decode(body, "id", 0), times)
        write = microseconds(lambda request=request: encode(request, row, sender), times)
        figures.add(
            f"translate a {size // 1000} KB request in",
            f"{read + write:.0f} us (read {read:.0f}, write {write:.0f})",
            f"{target:.0f} us" if target else "",
            read + write <= target if target else None,
        )

    body = chat_body(2_000)
    asked = encode(chat.decode(body, "id", 0).request, row, sender)
    beginning = microseconds(lambda: chat.decode(body, "id", 0), 300)

    def answer(reads: list[bytes]) -> None:
        decoder = Decoder(MODEL, asked, lambda: "id", time.time)
        reply = chat.decode(body, "id", 0).reply
        for read in reads:
            assert reply.frames(decoder.feed(read))

    for name, reads in (("one a read", [CHUNK] * CHUNKS), ("200 a read", [CHUNK * CHUNKS])):
        each = (microseconds(lambda reads=reads: answer(reads), 10) - beginning) / CHUNKS
        figures.add(f"translate a chunk out, {name}", f"{each:.1f} us", "2 us", each <= 2)
