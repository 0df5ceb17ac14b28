"""Chat completions over HTTP, with scripted providers behind."""

from __future__ import annotations

from tests.fakes import FakeProvider, saying

from .conftest import Start

ASK = {"model": "m1", "messages": [{"role": "user", "content": "hello"}]}


async def test_a_question_gets_an_answer(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post("/v1/chat/completions", json=ASK)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "Hello you"
    assert answer.json()["usage"]["total_tokens"] == 10


async def test_a_stream_ends_with_done(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post("/v1/chat/completions", json=ASK | {"stream": True})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.endswith("data: [DONE]\n\n")
    assert "Hello" in answer.text
