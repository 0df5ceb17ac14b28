"""The official OpenAI package against `agtui serve --sandbox`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from .conftest import Served, start, stop

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
            "required": ["city"],
        },
    },
}


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=served.key, max_retries=0, timeout=15) as made:
        yield made


def ask(client: OpenAI, text: str, **options: Any) -> Any:
    options.setdefault("model", "sandbox-chat")
    return client.chat.completions.create(messages=[{"role": "user", "content": text}], **options)


def test_a_question_gets_a_whole_answer_with_usage(client: OpenAI) -> None:
    answer = ask(client, "What is a half-block?")
    assert answer.choices[0].finish_reason == "stop"
    assert len(answer.choices[0].message.content) > 100
    assert answer.model == "sandbox-chat"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 20


def test_a_stream_says_the_same_and_counts_once(client: OpenAI) -> None:
    whole = ask(client, "Name three rivers.").choices[0].message.content
    chunks = list(ask(client, "Name three rivers.", stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole
    assert len(chunks) > 4
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert sum(chunk.usage is not None for chunk in chunks) == 1
    assert len({chunk.id for chunk in chunks}) == 1


def test_thoughts_come_as_reasoning(client: OpenAI) -> None:
    chunks = list(ask(client, "Why is the sky blue?", model="sandbox-thinking", stream=True))
    reasoning = "".join(
        getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks if chunk.choices
    )
    assert len(reasoning) > 20


@pytest.mark.parametrize("model", ["sandbox-chat", "sandbox-thinking", "gemini-3-pro-high"])
def test_a_tool_round_trip_ends_with_its_result(client: OpenAI, model: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "use the tool for Paris please"}]
    first = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    call: Any = choice.message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments)["city"], str)

    messages += [
        choice.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": '{"sky": "violet drizzle"}'},
    ]
    second = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert "violet drizzle" in (second.choices[0].message.content or "")


def test_a_forced_tool_is_called_whatever_is_asked(client: OpenAI) -> None:
    answer = ask(
        client,
        "hello",
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"


def test_a_schema_shapes_the_answer(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    answer = ask(
        client,
        "Invent a person.",
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": schema}},
    )
    person = json.loads(answer.choices[0].message.content)
    assert isinstance(person["name"], str)
    assert isinstance(person["age"], int)


def test_a_picture_can_be_shown_to_the_model(client: OpenAI) -> None:
    made: Any = client.images.generate(prompt="a red square", model="sandbox-image", size="1024x1024")
    url = "data:image/png;base64," + made.data[0].b64_json
    answer = client.chat.completions.create(
        model="sandbox-chat",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What do you see?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    assert "1024" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("size", "pixels"), [("1024x1024", (1024, 1024)), ("1792x1024", (1376, 768)), ("1024x1792", (768, 1376))]
)
def test_a_picture_has_the_shape_that_was_asked_for(
    client: OpenAI, size: Any, pixels: tuple[int, int]
) -> None:
    made: Any = client.images.generate(prompt="a lighthouse at dusk", model="gemini-3-pro-image", size=size)
    png = base64.b64decode(made.data[0].b64_json)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == pixels


def test_two_pictures_come_as_two(client: OpenAI) -> None:
    made: Any = client.images.generate(prompt="two kites", model="sandbox-image", n=2)
    assert len(made.data) == 2


def test_a_picture_url_is_served_by_this_server(client: OpenAI, served: Served) -> None:
    made: Any = client.images.generate(prompt="a kite", model="sandbox-image", response_format="url")
    url = made.data[0].url
    assert url.startswith(served.url)
    assert client._client.get(url).content[:4] == b"\x89PNG"


def test_models_are_listed_and_looked_up(client: OpenAI) -> None:
    ids = {model.id for model in client.models.list()}
    assert {"sandbox-chat", "sandbox-image", "claude-sonnet-4-6", "gemini-3-pro-high"} <= ids
    assert client.models.retrieve("sandbox-chat").id == "sandbox-chat"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_a_wrong_key_is_an_authentication_error(served: Served) -> None:
    with (
        OpenAI(base_url=f"{served.url}/v1", api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        ask(stranger, "hello")
    assert "Incorrect API key provided" in caught.value.message
    assert "sk-wrong" not in str(caught.value.body)


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("[[error 400]]", openai.BadRequestError),
        ("[[error 429]]", openai.RateLimitError),
        ("[[error 500]]", openai.InternalServerError),
        ("[[error 503]]", openai.InternalServerError),
    ],
)
def test_an_upstream_error_is_the_sdk_s_own_class(
    tmp_path_factory: pytest.TempPathFactory, word: str, error: type[Exception]
) -> None:
    running = start(tmp_path_factory.mktemp("fault"), "--sandbox")
    try:
        with OpenAI(base_url=f"{running.url}/v1", api_key=running.key, max_retries=0) as made:
            for streaming in (False, True):
                with pytest.raises(error):
                    ask(made, f"please fail {word}", stream=streaming)
    finally:
        stop(running)


def test_a_limit_tells_how_long_to_wait(tmp_path_factory: pytest.TempPathFactory) -> None:
    running = start(tmp_path_factory.mktemp("limit"), "--sandbox")
    try:
        with (
            OpenAI(base_url=f"{running.url}/v1", api_key=running.key, max_retries=0) as made,
            pytest.raises(openai.RateLimitError) as caught,
        ):
            ask(made, "too fast [[error 429 30s]]")
        assert 25 <= int(caught.value.response.headers["retry-after"]) <= 35
    finally:
        stop(running)


@pytest.mark.parametrize("word", ["[[cut]]", "[[empty]]"])
def test_a_broken_stream_never_ends_like_a_good_one(client: OpenAI, word: str) -> None:
    if word == "[[empty]]":
        assert (ask(client, word).choices[0].message.content or "") == ""
        return
    with pytest.raises(openai.APIError):
        list(ask(client, f"tell me {word}", stream=True))


def test_what_was_made_is_in_history_and_logs(client: OpenAI, served: Served) -> None:
    ask(client, "remember this one")
    client.images.generate(prompt="a very particular zebra", model="sandbox-image")
    rows = [json.loads(line) for line in served.run("logs", "--json").stdout.splitlines()]
    paths = {row["path"] for row in rows}
    assert {"/v1/chat/completions", "/v1/images/generations"} <= paths
    row = next(row for row in rows if row["path"] == "/v1/chat/completions")
    assert row["email"].endswith("@sandbox.test")
    assert row["attempts"]
    assert row["ttft_ms"] is not None


def test_names_of_other_vendors_models_lead_to_what_is_there(client: OpenAI) -> None:
    listed = [model.id for model in client.models.list()]
    assert listed == sorted(set(listed))
    assert {"gpt-4o", "claude-3-5-sonnet-20241022", "gemini-3-pro-image-4k-16x9"} <= set(listed)
    assert client.models.retrieve("gpt-4o").owned_by == "antigravity"
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hello"}]
    )
    assert raw.headers["x-mapped-model"] == "gemini-2.5-flash"
    assert raw.parse().model == "gpt-4o"


def test_pictures_can_be_asked_of_other_vendors_painters(client: OpenAI) -> None:
    for model in ("dall-e-3", "gpt-image-1"):
        raw = client.images.with_raw_response.generate(model=model, prompt="A kite")
        assert raw.headers["x-mapped-model"] == "gemini-3-pro-image"
        assert raw.parse().data[0].b64_json


@pytest.mark.parametrize("messages", [[], None])
def test_a_chat_without_messages_is_answered(client: OpenAI, messages: Any) -> None:
    answer = client.chat.completions.create(model="sandbox-chat", messages=messages)
    assert answer.choices[0].message.content
