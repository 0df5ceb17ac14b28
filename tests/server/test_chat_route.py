"""Chat completions and models over HTTP, with scripted providers behind."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.domain.content import Text, ToolCall
from core.domain.events import Finished, PartDelta, PartOpened
from core.domain.failure import Cause, Kind, Scope
from tests.fakes import FakePool, FakeProvider, entry, failing, rate, saying

from .conftest import Start, World

CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "m1", "messages": [{"role": "user", "content": "hello"}]}


async def test_a_question_gets_an_answer(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post(CHAT, json=ASK)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["content"] == "Hello you"
    assert answer.json()["usage"]["total_tokens"] == 10


async def test_a_stream_ends_with_done(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post(CHAT, json=ASK | {"stream": True})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text.endswith("data: [DONE]\n\n")
    said = "".join(
        json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        for line in answer.text.splitlines()
        if line.startswith("data: {")
    )
    assert said == "Hello you"


@pytest.mark.parametrize("streaming", [False, True])
async def test_headers_tell_who_answered(start: Start, streaming: bool) -> None:
    world = await start(FakeProvider(dropped=("seed", "logit_bias")), FakePool(entry("ada")))
    answer = await world.client.post(
        CHAT, json=ASK | {"stream": streaming}, headers={"x-request-id": "mine-1", "user-agent": "probe/1"}
    )
    headers = answer.headers
    assert headers["x-request-id"] == "mine-1"
    assert headers["x-account-email"] == "ada@test"
    assert headers["x-agtui-account"] == "a***@test"
    assert headers["x-mapped-model"] == "m1"
    assert headers["x-agtui-dropped"] == "seed, logit_bias"
    assert headers["server-timing"].startswith("queue;dur=")
    assert headers["x-content-type-options"] == "nosniff"
    assert "date" not in headers
    row = world.recorder.last
    assert (row.id, row.client, row.key) == (headers["x-agtui-request"], "probe/1", "local")
    assert (row.path, row.stream, row.door) == (CHAT, streaming, "openai")


@pytest.mark.parametrize("sent", ["a b", "x" * 65, "<script>", ""])
async def test_a_request_id_that_is_no_id_is_not_reflected(start: Start, sent: str) -> None:
    world = await start()
    answer = await world.client.get("/v1/models", headers={"x-request-id": sent})
    assert answer.headers["x-request-id"] == answer.headers["x-agtui-request"]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400), 400, None),
        (failing(Kind.TOO_LONG, Scope.REQUEST, Cause.NONE, 400), 400, "context_length_exceeded"),
        (failing(Kind.UNAUTHENTICATED, Scope.ACCOUNT, Cause.AUTH, 401), 503, "unavailable"),
        (failing(Kind.FORBIDDEN, Scope.ACCOUNT, Cause.DENIED, 403), 403, "forbidden"),
        (failing(Kind.NOT_FOUND, Scope.ACCOUNT_MODEL, Cause.MISSING, 404), 404, "model_not_found"),
        (rate(30), 429, "rate_limit_exceeded"),
        (failing(Kind.CAPACITY, Scope.ENDPOINT, Cause.CAPACITY, 503), 503, "overloaded"),
        (failing(Kind.TIMEOUT, Scope.ENDPOINT, Cause.SERVER, 504), 504, "timeout"),
        (failing(), 502, "upstream_error"),
    ],
)
async def test_a_failure_before_the_first_byte_is_plain_http(
    start: Start, failure: Any, status: int, code: str | None, streaming: bool
) -> None:
    world = await start(FakeProvider([failure]))
    answer = await world.client.post(CHAT, json=ASK | {"stream": streaming})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == code
    assert "detail:" not in answer.text
    assert answer.headers["x-account-email"] == "a@test"
    assert answer.headers["x-mapped-model"] == "m1"


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/v1/chat/completions", "//v1/chat/completions"])
async def test_a_wrong_base_url_is_told_which_path_there_is(start: Start, path: str) -> None:
    world = await start()
    answer = await world.client.post(f"{world.url}{path}", json=ASK)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].endswith("There is /v1/chat/completions.")
    lost = (await world.client.post("/nowhere", json=ASK)).json()["error"]["message"]
    assert lost == "There is no route POST /nowhere."


async def test_a_limit_has_its_header(start: Start) -> None:
    world = await start(FakeProvider([rate(29.5)]))
    answer = await world.client.post(CHAT, json=ASK)
    assert answer.headers["retry-after"] == "30"


async def test_a_failure_in_the_middle_is_a_frame_and_no_done(start: Start) -> None:
    world = await start(FakeProvider([[PartOpened(Text("Once"))], failing(message="it broke off")]))
    answer = await world.client.post(CHAT, json=ASK | {"stream": True})
    assert answer.status_code == 200
    assert "[DONE]" not in answer.text
    last = json.loads(answer.text.strip().rpartition("data: ")[2])
    assert last["error"]["message"] == "it broke off"
    assert (await world.client.post(CHAT, json=ASK)).status_code == 502


async def test_an_answer_that_broke_off_names_the_account_that_gave_it(start: Start) -> None:
    world = await start(FakeProvider([[PartOpened(Text("Once"))], failing(message="it broke off")]))
    answer = await world.client.post(CHAT, json=ASK)
    assert answer.status_code == 502
    assert answer.headers["x-account-email"] == "a@test"
    assert answer.headers["x-agtui-account"] == "a***@test"
    assert answer.headers["x-mapped-model"] == "m1"


async def test_silence_is_filled_with_heartbeats(start: Start) -> None:
    gate = asyncio.Event()
    world = await start(FakeProvider([[PartOpened(Text("a"))], gate, [Finished()]]), heartbeat_s=0.02)
    async with world.client.stream("POST", CHAT, json=ASK | {"stream": True}) as answer:
        seen = ""
        async for text in answer.aiter_text():
            seen += text
            if seen.count(": ping\n\n") >= 2:
                gate.set()
    assert seen.endswith("data: [DONE]\n\n")


async def test_long_thinking_before_the_first_word_gets_heartbeats_and_an_in_stream_failure(
    start: Start,
) -> None:
    gate = asyncio.Event()
    world = await start(FakeProvider([gate, failing(message="too late")]), heartbeat_s=0.02)
    async with world.client.stream("POST", CHAT, json=ASK | {"stream": True}) as answer:
        assert answer.status_code == 200
        seen = ""
        async for text in answer.aiter_text():
            seen += text
            if ": ping" in seen:
                gate.set()
    assert "too late" in seen
    assert "[DONE]" not in seen


async def test_several_choices_are_several_generations(start: Start) -> None:
    world = await start(FakeProvider(saying("one"), saying("two"), saying("three")))
    answer = (await world.client.post(CHAT, json=ASK | {"n": 3})).json()
    assert sorted(one["message"]["content"] for one in answer["choices"]) == ["one", "three", "two"]
    assert [one["index"] for one in answer["choices"]] == [0, 1, 2]
    assert len({row.id for row in world.recorder.rows}) == 3


async def test_if_one_choice_fails_all_do(start: Start) -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, message="no")
    world = await start(FakeProvider(saying("one"), [bad]))
    answer = await world.client.post(CHAT, json=ASK | {"n": 2})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "no"


def chunks_of(text: str) -> list[Any]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


async def test_several_choices_come_mixed_in_one_stream(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you"), saying("Good", " day")))
    body = ASK | {"n": 2, "stream": True, "stream_options": {"include_usage": True}}
    answer = await world.client.post(CHAT, json=body)
    assert answer.headers["x-account-email"]
    found = chunks_of(answer.text)
    said = ["", ""]
    for chunk in found:
        for choice in chunk["choices"]:
            said[choice["index"]] += choice["delta"].get("content") or ""
    assert sorted(said) == ["Good day", "Hello you"]
    ends = [one["index"] for chunk in found for one in chunk["choices"] if one["finish_reason"]]
    assert sorted(ends) == [0, 1]
    assert found[-1]["usage"] == {**found[-1]["usage"], "prompt_tokens": 7, "completion_tokens": 6}
    assert answer.text.count("[DONE]") == 1
    assert [row.id.rpartition(".")[2] for row in world.recorder.rows if row.id.endswith(".1")] == ["1"]


async def test_a_choice_that_fails_at_once_is_a_plain_error(start: Start) -> None:
    refused = [failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, message="no")]
    world = await start(FakeProvider(refused))
    answer = await world.client.post(CHAT, json=ASK | {"n": 2, "stream": True})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "no")
    assert world.provider.open == 0


async def test_a_choice_that_breaks_off_ends_the_stream_for_all(start: Start) -> None:
    broken: Any = [[PartOpened(Text("")), PartDelta("Once")], failing()]
    world = await start(FakeProvider(broken))
    answer = await world.client.post(CHAT, json=ASK | {"n": 2, "stream": True})
    assert "[DONE]" not in answer.text
    assert sum("error" in chunk for chunk in chunks_of(answer.text)) == 1
    assert world.provider.open == 0


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_chat_with_a_painter_of_others_gets_a_picture(start: Start, streaming: bool) -> None:
    world = await start()
    answer = await world.client.post(CHAT, json=ASK | {"model": "dall-e-3", "stream": streaming})
    assert answer.status_code == 200, answer.text
    assert "![Generated Image](data:image/png;base64," in answer.text
    assert '"id":"chatcmpl-img-' in answer.text
    assert world.recorder.last.pictures == 1


# --- the older completions


async def test_a_prompt_is_completed(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post("/v1/completions", json={"model": "m1", "prompt": "hi", "echo": True})
    found = answer.json()
    assert (found["object"], found["model"]) == ("text_completion", "m1")
    assert found["choices"] == [
        {"text": "hiHello you", "index": 0, "logprobs": None, "finish_reason": "stop"}
    ]
    assert found["usage"]["total_tokens"] == 10
    assert world.provider.requests[-1].turns[0].parts == (Text("hi"),)  # type: ignore[union-attr]


async def test_a_completion_is_streamed(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    body = {"model": "m1", "prompt": ["hi"], "stream": True, "stream_options": {"include_usage": True}}
    answer = await world.client.post("/v1/completions", json=body)
    found = chunks_of(answer.text)
    assert "".join(choice["text"] for chunk in found for choice in chunk["choices"]) == "Hello you"
    assert [c["finish_reason"] for chunk in found for c in chunk["choices"]][-1] == "stop"
    assert found[-1]["usage"]["total_tokens"] == 10
    assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": ["a", "b"]}, "prompt"), ({"prompt": [[1, 2]]}, "prompt"), ({"prompt": "a", "n": 2}, "n")],
)
async def test_what_completions_can_not_do_is_said(start: Start, fields: Any, param: str) -> None:
    world = await start()
    answer = await world.client.post("/v1/completions", json={"model": "m1"} | fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_a_tool_call_goes_through(start: Start) -> None:
    script: Any = [[PartOpened(ToolCall("c1", "f")), PartDelta('{"a":1}'), Finished()]]
    world = await start(FakeProvider(script))
    choice = (await world.client.post(CHAT, json=ASK)).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":1}'}


async def test_a_large_picture_in_the_request_is_read(start: Start) -> None:
    world = await start()
    url = "data:image/png;base64," + "A" * 4_000_000
    content = [{"type": "image_url", "image_url": {"url": url}}]
    answer = await world.client.post(CHAT, json=ASK | {"messages": [{"role": "user", "content": content}]})
    assert answer.status_code == 200
    assert world.provider.requests


async def test_models_are_listed_and_looked_up(start: Start) -> None:
    world = await start()
    listed = (await world.client.get("/v1/models")).json()
    assert [one["id"] for one in listed["data"]] == ["m1", "p1"]
    assert (await world.client.get("/v1/models/m1")).json()["id"] == "m1"
    missing = await world.client.get("/v1/models/no/such")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("POST", "/v1/models", 405),
        ("GET", CHAT, 405),
        ("DELETE", CHAT, 405),
        ("OPTIONS", CHAT, 405),
    ],
)
async def test_what_is_not_there_is_said_in_the_family_s_words(
    start: Start, method: str, path: str, status: int
) -> None:
    world = await start()
    answer = await world.client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert ("allow" in answer.headers) is (status == 405)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[1,2]", {}, 400),
        (b'{"model":"m1"}', {"content-type": "text/plain"}, 415),
        (b"model=m1", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"content-type": "application/json", "content-encoding": "zstd"}, 415),
        (b"{}", {"content-type": "application/json; charset=utf-8"}, 400),
        (b'{"a":' * 100 + b"1" + b"}" * 100, {}, 400),
    ],
)
async def test_a_body_that_can_t_be_read_is_refused(
    start: Start, body: bytes, headers: dict[str, str], status: int
) -> None:
    world = await start()
    answer = await world.client.post(CHAT, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not world.provider.calls


async def _parts(size: int) -> Any:
    for _ in range(size):
        yield b"x" * 65536


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_cap_is_413(start: Start, chunked: bool) -> None:
    world = await start(max_body_mb=1)
    content: Any = _parts(20) if chunked else b"x" * (1024 * 1024 + 1)
    answer = await world.client.post(CHAT, content=content)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert answer.headers["connection"] == "close"


async def test_a_fault_of_ours_is_a_500_without_details(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world: World = await start()

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(world.generation, "models", broken)
    answer = await world.client.get("/v1/models")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "the secret plan" in caplog.text
