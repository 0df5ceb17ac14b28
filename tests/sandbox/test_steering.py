"""Steering words bring about the moment they name, from the last user text only."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from core.sandbox import steering
from core.sandbox.refusals import NAMES, Refusal
from core.sandbox.steering import Steering
from tests.sandbox.world import CHAT, World, events_of, parts_of, text_of


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
        (529, "UNAVAILABLE"),
        (418, "INVALID_ARGUMENT"),
    ],
)
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent?alt=sse"])
async def test_an_error_has_its_status_and_shape(ada: World, method: str, status: int, name: str) -> None:
    reply = await ada.post(method, ada.body(f"please [[error {status}]]"))
    assert reply.status_code == status
    assert reply.json()["error"]["code"] == status
    assert reply.json()["error"]["status"] == name
    assert reply.json()["error"]["message"]


async def test_a_429_says_when_to_come_back(ada: World) -> None:
    reply = await ada.post("generateContent", ada.body("[[error 429 2s]]"))
    error = reply.json()["error"]
    info, retry = error["details"]
    assert "Your quota will reset after 2s." in error["message"]
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
    assert info["reason"] == "RATE_LIMIT_EXCEEDED"
    assert info["metadata"]["model"] == CHAT
    assert info["metadata"]["quotaResetDelay"] == "2s"
    late = (await ada.post("generateContent", ada.body("[[error 429 76m]]"))).json()["error"]
    assert late["details"][0]["reason"] == "QUOTA_EXHAUSTED"
    assert late["details"][0]["metadata"]["quotaResetDelay"] == "1h16m0s"


async def test_a_403_asks_for_verification_and_a_503_blames_capacity(ada: World) -> None:
    info = (await ada.post("generateContent", ada.body("[[error 403]]"))).json()["error"]["details"][0]
    assert info["reason"] == "VALIDATION_REQUIRED"
    assert info["metadata"]["validation_url"] == "http://sandbox/verify"
    assert "Nothing to confirm" in (await ada.client.get("/verify")).text
    info = (await ada.post("generateContent", ada.body("[[error 503]]"))).json()["error"]["details"][0]
    assert info["reason"] == "MODEL_CAPACITY_EXHAUSTED"


@pytest.mark.parametrize("word", ["[[error 999]]", "[[error 200]]", "[[error teapot]]"])
async def test_a_status_that_is_none_is_answered_with_those_that_are(ada: World, word: str) -> None:
    text = text_of(await ada.ask(f"hello {word}"))
    assert word in text
    assert "400 to 599" in text
    refused = await ada.refused(word, "sandbox-image")
    assert "400 to 599" in refused.json()["error"]["message"]


async def test_a_502_is_the_page_of_a_load_balancer(ada: World) -> None:
    reply = await ada.post("generateContent", ada.body("[[error 502]]"))
    assert reply.status_code == 502
    assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("name", NAMES)
async def test_every_named_error_is_one_that_a_client_can_read(ada: World, name: str) -> None:
    reply = await ada.post("streamGenerateContent?alt=sse", ada.body(f"[[error {name}]]"))
    assert reply.status_code >= 400
    if name != "page":
        assert reply.json()["error"]["code"] == reply.status_code
        assert reply.json()["error"]["message"]


async def test_an_error_may_come_in_an_array_in_a_stream_or_as_an_answer(ada: World) -> None:
    listed = await ada.post("generateContent", ada.body("[[error soft array]]"))
    assert [one["error"]["status"] for one in listed.json()] == ["RESOURCE_EXHAUSTED"]
    broken = await ada.post(
        "streamGenerateContent?alt=sse", ada.body("[[error capacity stream]] what is SSH?")
    )
    assert broken.status_code == 200
    *answer, last = broken.content.strip().split(b"\n\n")
    assert len(answer) == 3
    assert b'data: {"error":{"code":503' in last
    said = await ada.ask("[[error outdated answer]]")
    assert text_of(said).startswith("This version of Antigravity is no longer supported.")


async def test_an_answer_may_come_to_nothing_in_more_ways_than_one(ada: World) -> None:
    thoughts = await ada.ask("[[thoughts]] why?", "sandbox-thinking")
    assert text_of(thoughts, thought=True)
    assert not text_of(thoughts)
    malformed = (await ada.ask("[[malformed]]"))["candidates"][0]
    assert malformed["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert malformed["finishMessage"].startswith("Malformed function call")
    assert (await ada.ask("[[blocked]]"))["candidates"][0]["finishReason"] == "SAFETY"
    assert (await ada.ask("[[blocked]]", "sandbox-image"))["candidates"][0]["finishReason"] == "IMAGE_SAFETY"


async def test_close_and_silent_come_before_the_first_byte(served: World) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await served.post("generateContent", served.body("[[close]]"))
    with pytest.raises(httpx.ReadTimeout):
        async with aclosing(reads_of(served, "[[silent]]", timeout=0.3)) as reads:
            await anext(reads)
    assert await served.ask("still there?")


async def test_only_the_last_block_of_the_last_user_turn_counts(ada: World) -> None:
    turns: list[dict[str, Any]] = [
        {"role": "user", "parts": [{"text": "[[error 500]]"}]},
        {"role": "model", "parts": [{"text": "[[error 500]]"}]},
        {"role": "user", "parts": [{"text": "reminder: [[error 500]]"}, {"text": "hello"}]},
    ]
    system = {"parts": [{"text": "[[error 500]] [[empty]]"}]}
    assert text_of(await ada.ask(contents=turns, systemInstruction=system))


async def test_empty_is_a_finished_answer_without_content(ada: World) -> None:
    events = await ada.stream("[[empty]]")
    assert [parts_of(event) for event in events] == [[]]
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"
    assert parts_of(await ada.ask("[[empty]]", "sandbox-image")) == []


async def test_big_is_two_thousand_chunks(ada: World) -> None:
    events = await ada.stream("[[big]]")
    assert len(events) == 2000
    assert "line 2000 of 2000" in text_of(events[-1])
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"


async def test_search_brings_sources_that_support_the_text(ada: World) -> None:
    events = await ada.stream("[[search]] who won the regatta?")
    grounding = events[-1]["candidates"][0]["groundingMetadata"]
    text = text_of(*events).encode()
    segment = grounding["groundingSupports"][0]["segment"]
    assert text[segment["startIndex"] : segment["endIndex"]].decode() == segment["text"]
    assert grounding["groundingChunks"][0]["web"]["uri"].startswith("https://")
    assert "regatta" in grounding["webSearchQueries"][0]
    searched = await ada.ask("who won the regatta?", tools=[{"googleSearch": {}}])
    assert "groundingMetadata" in searched["candidates"][0]


async def test_the_words_are_not_part_of_the_question(ada: World) -> None:
    assert text_of(*await ada.stream("[[search]] what is SSH?")) == text_of(await ada.ask("what is SSH?"))


async def test_slow_is_five_chunks_a_second(served: World) -> None:
    arrivals: list[float] = []
    async with aclosing(reads_of(served, "[[slow]] what is SSH?")) as reads:
        while len(arrivals) < 4:
            assert await anext(reads)
            arrivals.append(time.monotonic())
    assert 0.5 < arrivals[-1] - arrivals[0] < 2.0


async def reads_of(
    world: World, text: str, timeout: float = 5.0, model: str = CHAT
) -> AsyncGenerator[bytes, None]:
    """The reads of a stream, as they arrive."""
    method = "/v1internal:streamGenerateContent?alt=sse"
    options: dict[str, Any] = {"json": world.body(text, model), "headers": world.headers, "timeout": timeout}
    async with world.client.stream("POST", method, **options) as reply:
        assert reply.status_code == 200
        async for read in reply.aiter_raw():
            yield read


async def until(error: type[Exception], reads: AsyncIterator[bytes]) -> bytes:
    """What arrived before the stream broke with `error`; it must break."""
    received: list[bytes] = []

    async def take() -> None:
        async for read in reads:
            received.append(read)

    with pytest.raises(error):
        await take()
    return b"".join(received)


async def test_cut_breaks_the_connection_in_the_middle_and_quietly(
    served: World, caplog: pytest.LogCaptureFixture
) -> None:
    events = events_of(await until(httpx.RemoteProtocolError, reads_of(served, "[[cut]] what is SSH?")))
    assert 1 <= len(events) < 10
    assert not any("finishReason" in event["candidates"][0] for event in events)
    with pytest.raises(httpx.RemoteProtocolError):
        await served.post("generateContent", served.body("[[cut]] what is SSH?"))
    picture = await until(httpx.RemoteProtocolError, reads_of(served, "[[cut]] hills", model="sandbox-image"))
    assert b"inlineData" in picture
    assert b"finishReason" not in picture
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert await served.ask("still there?")


async def test_hang_falls_silent_without_ending(served: World) -> None:
    received = await until(httpx.ReadTimeout, reads_of(served, "[[hang]] what is SSH?", timeout=0.3))
    assert events_of(received)
    assert await served.ask("still there?")


async def test_a_client_that_leaves_ends_the_stream(served: World) -> None:
    async with aclosing(reads_of(served, "[[slow]] [[big]]")) as reads:
        await anext(reads)
    deadline = time.monotonic() + 5
    while any("sandbox-disconnect" in task.get_name() for task in asyncio.all_tasks()):
        assert time.monotonic() < deadline, "the answer goes on for a client that has left"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use the Tool now", Steering(use_tool=True)),
        ("[[error 42]] [[error abc]] [[unknown]]", Steering(mistaken="[[error 42]]")),
        ("[[error 429 soon]]", Steering(mistaken="[[error 429 soon]]")),
        ("[[error invalid-grant]]", Steering(mistaken="[[error invalid-grant]]")),
        ("[[error quota 1h16m3s]]", Steering(refusal=Refusal("quota", 4563.0))),
        ("[[error soft]]", Steering(refusal=Refusal("soft"))),
        ("[[error capacity stream]]", Steering(refusal=Refusal("capacity", form="stream"))),
        ("[[error rate 2s array]]", Steering(refusal=Refusal("rate", 2.0, "array"))),
        ("[[close]] [[thoughts]]", Steering(close=True, thoughts=True)),
        ("[[error 200]]", Steering(mistaken="[[error 200]]")),
        ("[[error 999 3s]]", Steering(mistaken="[[error 999 3s]]")),
        ("[[error]]", Steering(mistaken="[[error]]")),
        ("[[error 429 1.5s]]", Steering(refusal=Refusal("429", 1.5))),
        ("[[error 429 750ms]]", Steering(refusal=Refusal("429", 0.75))),
        ("[[slow]][[cut]]", Steering(slow=True, cut=True)),
        ("slow, cut, hang", Steering()),
    ],
)
def test_words_are_read_exactly(text: str, expected: Steering) -> None:
    assert steering.read(text) == expected
