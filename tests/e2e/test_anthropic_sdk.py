"""The official anthropic package against `agtui serve --sandbox`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import Anthropic

from .conftest import Served, start, stop

WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
        "required": ["city"],
    },
}


def connect(served: Served, key: str = "", **options: Any) -> Anthropic:
    return Anthropic(base_url=served.url, api_key=key or served.key, max_retries=0, timeout=15, **options)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Anthropic]:
    with connect(served) as made:
        yield made


def ask(client: Anthropic, text: Any, **options: Any) -> Any:
    options = {"model": "sandbox-chat", "max_tokens": 4000} | options
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    return client.messages.create(messages=messages, **options)


def said(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_question_gets_a_whole_answer_with_usage(client: Anthropic) -> None:
    message = ask(client, "What is a half-block?", system="Be brief.")
    assert len(said(message)) > 100
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert message.model == "sandbox-chat"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 20


def test_a_stream_says_the_same(client: Anthropic) -> None:
    whole = said(ask(client, "Name three rivers."))
    question: Any = [{"role": "user", "content": "Name three rivers."}]
    with client.messages.stream(model="sandbox-chat", max_tokens=4000, messages=question) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == whole
    assert len(pieces) > 4
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 3


@pytest.mark.parametrize("model", ["sandbox-chat", "sandbox-thinking", "claude-opus-4-6-thinking"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
def test_a_tool_round_trip_ends_with_its_result(client: Anthropic, model: str, streaming: bool) -> None:
    options: Any = {"model": model, "max_tokens": 8000, "tools": [WEATHER]}
    if model != "sandbox-chat":
        options["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    messages: list[Any] = [{"role": "user", "content": "use the tool for Paris please"}]
    if streaming:
        with client.messages.stream(messages=messages, **options) as stream:
            first: Any = stream.get_final_message()
    else:
        first = client.messages.create(messages=messages, **options)
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert call.name == "get_weather"
    assert isinstance(call.input["city"], str)

    result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"sky": "violet drizzle"}'}
    messages += [
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
        {"role": "user", "content": [result, {"type": "text", "text": "<system-reminder>be kind"}]},
    ]
    assert "violet drizzle" in said(client.messages.create(messages=messages, **options))


def test_a_forced_tool_is_called_whatever_is_asked(client: Anthropic) -> None:
    for choice in ({"type": "any"}, {"type": "tool", "name": "get_weather"}):
        message = ask(client, "hello", tools=[WEATHER], tool_choice=choice)
        assert [block.name for block in message.content if block.type == "tool_use"] == ["get_weather"]


def test_thinking_comes_first_with_a_signature_and_can_be_replayed(client: Anthropic) -> None:
    options: Any = {
        "model": "claude-opus-4-6-thinking",
        "max_tokens": 8000,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
    }
    messages: list[Any] = [{"role": "user", "content": "Why is the sky blue?"}]
    with client.messages.stream(messages=messages, **options) as stream:
        thoughts = [event.thinking for event in stream if event.type == "thinking"]
        first = stream.get_final_message()
    thought = first.content[0]
    assert thought.type == "thinking"
    assert thought.thinking == "".join(thoughts)
    assert len(thought.signature) > 50
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "And at night?"},
    ]
    assert said(client.messages.create(messages=messages, **options))


def test_thoughts_can_be_left_out(client: Anthropic) -> None:
    message = ask(
        client,
        "Why is the sky blue?",
        model="claude-opus-4-6-thinking",
        extra_body={"thinking": {"type": "adaptive", "display": "omitted"}},
    )
    assert [block.thinking for block in message.content if block.type == "thinking"] == [""]
    assert said(message)


def test_a_schema_shapes_the_answer(client: Anthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    config: Any = {"format": {"type": "json_schema", "schema": schema}}
    person = json.loads(said(ask(client, "Invent a person.", output_config=config)))
    assert isinstance(person["name"], str)
    assert isinstance(person["age"], int)


def test_a_picture_can_be_shown_to_the_model(client: Anthropic, served: Served) -> None:
    made = httpx.post(
        f"{served.url}/v1/images/generations",
        headers={"authorization": f"Bearer {served.key}"},
        json={"prompt": "a red square", "model": "sandbox-image"},
        timeout=15,
    ).json()["data"][0]["b64_json"]
    assert base64.b64decode(made).startswith(b"\x89PNG")
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": made}}
    question = {"type": "text", "text": "What is in the picture?"}
    assert said(ask(client, [{"role": "user", "content": [picture, question]}]))


def test_a_search_of_the_server_brings_its_pages(client: Anthropic) -> None:
    search: Any = {"type": "web_search_20250305", "name": "web_search"}
    message = ask(client, "who won? [[search]]", tools=[search])
    (found,) = [block for block in message.content if block.type == "web_search_tool_result"]
    assert found.content[0].url.startswith("http")
    assert message.usage.server_tool_use.web_search_requests == 1


def test_tokens_are_counted_and_models_listed(client: Anthropic) -> None:
    question: Any = [{"role": "user", "content": "hello there"}]
    assert client.messages.count_tokens(model="sandbox-chat", messages=question).input_tokens > 0
    ids = [model.id for model in client.models.list()]
    assert "sandbox-chat" in ids
    assert client.models.retrieve("sandbox-chat").type == "model"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_warm_up_is_answered_without_asking_anybody(client: Anthropic, streaming: bool) -> None:
    options: Any = {"model": "claude-opus-4-6-thinking", "max_tokens": 10}
    question: Any = [{"role": "user", "content": "Warmup"}]
    answer = client.messages.with_raw_response.create(messages=question, stream=streaming, **options)
    assert answer.headers["x-warmup-intercepted"] == "true"
    assert "x-account-email" not in answer.headers
    if not streaming:
        message: Any = answer.parse()
        assert said(message) == "OK"
        assert (message.usage.input_tokens, message.usage.output_tokens) == (1, 1)


def test_what_the_beta_surface_sends_is_accepted_or_refused_as_documented(client: Anthropic) -> None:
    options: Any = {"model": "sandbox-chat", "max_tokens": 100}
    question: Any = [{"role": "user", "content": "hello"}]
    answered = client.beta.messages.create(
        messages=question,
        betas=["no-such-beta-2030-01-01"],
        extra_body={"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
        **options,
    )
    assert answered.content
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(messages=question, extra_body={"thread": {"type": "create"}}, **options)
    body: Any = caught.value.body
    assert body["error"]["details"] == {
        "error_code": "thread_unsupported_request",
        "unsupported": ["thread"],
    }


def test_a_wrong_key_is_an_authentication_error(served: Served) -> None:
    with connect(served, "sk-wrong") as stranger, pytest.raises(anthropic.AuthenticationError) as caught:
        ask(stranger, "hello")
    assert caught.value.type == "authentication_error"
    assert "sk-wrong" not in str(caught.value.body)


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_either_header_carries_the_key(served: Served, header: str) -> None:
    value = served.key if header == "x-api-key" else f"Bearer {served.key}"
    answer = httpx.post(
        f"{served.url}/v1/messages?beta=true",
        headers={header: value, "anthropic-version": "2023-06-01"},
        json={"model": "sandbox-chat", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
        timeout=15,
    )
    assert answer.status_code == 200


STREAMED = (400, 429, 529)
TOLD_AS = {403: 503, 500: 502, 503: 529}
"""Claude Code would log its person out on 403; a model without room is `overloaded`."""


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (403, anthropic.InternalServerError, "api_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.InternalServerError, "overloaded_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_failures_raise_what_the_sdk_expects(
    tmp_path: Path, status: int, error: type[anthropic.APIStatusError], kind: str
) -> None:
    running = start(tmp_path, "--sandbox")
    try:
        with connect(running) as client:
            with pytest.raises(error) as caught:
                ask(client, f"please [[error {status}]]", stream=status in STREAMED)
            body: Any = caught.value.body
            assert (body["type"], body["error"]["type"]) == ("error", kind)
            assert caught.value.status_code == TOLD_AS.get(status, status)
    finally:
        stop(running)


def test_a_stream_that_breaks_off_raises(client: Anthropic) -> None:
    with pytest.raises(anthropic.APIError):
        for _ in ask(client, "tell me [[cut]]", stream=True):
            pass
