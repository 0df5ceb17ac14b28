"""OpenAI's Responses by the official package against `agtui serve --sandbox`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from .conftest import Served, start, stop

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def connect(served: Served, key: str = "") -> OpenAI:
    return OpenAI(base_url=f"{served.url}/v1", api_key=key or served.key, max_retries=0, timeout=15)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with connect(served) as made:
        yield made


def ask(client: OpenAI, text: Any, **options: Any) -> Any:
    return client.responses.create(**{"model": "sandbox-chat", "input": text} | options)


def test_a_question_gets_a_whole_answer_with_usage(client: OpenAI) -> None:
    answer = ask(client, "What is a half-block?", instructions="Be brief.")
    assert len(answer.output_text) > 100
    assert (answer.object, answer.status, answer.model) == ("response", "completed", "sandbox-chat")
    assert answer.instructions == "Be brief."
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 20


def test_a_stream_says_the_same_in_numbered_events(client: OpenAI) -> None:
    whole = ask(client, "Name three rivers.").output_text
    events = list(ask(client, "Name three rivers.", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == whole
    assert len(events) > 12


def test_the_helper_for_streams_takes_it(client: OpenAI) -> None:
    with client.responses.stream(model="sandbox-chat", input="Name three rivers.") as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output_text


@pytest.mark.parametrize("model", ["sandbox-chat", "sandbox-thinking", "gemini-3-pro-high"])
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
def test_a_tool_round_trip_ends_with_its_result(client: OpenAI, model: str, streaming: bool) -> None:
    options: Any = {"model": model, "tools": [WEATHER], "store": False}
    if model != "sandbox-chat":
        options |= {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    items: list[Any] = [{"role": "user", "content": "use the tool for Paris please"}]
    if streaming:
        events = list(ask(client, items, stream=True, **options))
        done = [event.item for event in events if event.type == "response.output_item.done"]
        first = events[-1].response
        assert [item.id for item in done] == [item.id for item in first.output]
    else:
        first = ask(client, items, **options)
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.name == "get_weather"
    assert isinstance(json.loads(call.arguments)["city"], str)
    items += [item.model_dump(exclude_none=True) for item in first.output]
    items.append(
        {"type": "function_call_output", "call_id": call.call_id, "output": '{"sky": "violet drizzle"}'}
    )
    assert "violet drizzle" in ask(client, items, **options).output_text


def test_a_kept_answer_can_be_gone_on_from_looked_up_and_forgotten(client: OpenAI) -> None:
    first = ask(client, "use the tool for Paris please", tools=[WEATHER])
    (call,) = [item for item in first.output if item.type == "function_call"]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "violet drizzle"}
    second = ask(client, [result], previous_response_id=first.id, tools=[WEATHER])
    assert "violet drizzle" in second.output_text
    assert second.previous_response_id == first.id

    assert client.responses.retrieve(second.id).output_text == second.output_text
    client.responses.delete(second.id)
    for gone in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            gone(second.id)
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "and now?", previous_response_id=second.id)
    assert caught.value.code == "previous_response_not_found"


def test_a_streamed_answer_is_kept_and_one_without_store_is_not(client: OpenAI) -> None:
    *_, last = ask(client, "Name three rivers.", stream=True)
    assert client.responses.retrieve(last.response.id).output_text == last.response.output_text
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(ask(client, "Name three rivers.", store=False).id)


def test_a_forced_tool_is_called_whatever_is_asked(client: OpenAI) -> None:
    for choice in ("required", {"type": "function", "name": "get_weather"}):
        answer = ask(client, "hello", tools=[WEATHER], tool_choice=choice)
        assert [item.name for item in answer.output if item.type == "function_call"] == ["get_weather"]


def test_free_text_tools_and_namespaces_come_back_as_they_were_offered(client: OpenAI) -> None:
    patch: Any = {"type": "custom", "name": "apply_patch", "description": "Patch a file"}
    answer = ask(client, "use the tool", tools=[patch], tool_choice={"type": "custom", "name": "apply_patch"})
    assert [item.type for item in answer.output] == ["custom_tool_call"]
    assert answer.output[0].input
    space: Any = {"type": "namespace", "name": "agents", "description": "d", "tools": [WEATHER]}
    found = ask(client, "use the tool for Paris", tools=[space]).output[-1]
    assert (found.type, found.name, found.namespace) == ("function_call", "get_weather", "agents")


class Person(BaseModel):
    name: str
    age: int


def test_a_schema_shapes_the_answer(client: OpenAI) -> None:
    person = client.responses.parse(
        model="sandbox-chat", input="Invent a person.", text_format=Person
    ).output_parsed
    assert isinstance(person, Person)


def test_thoughts_come_as_reasoning_with_what_is_handed_back(client: OpenAI) -> None:
    answer = ask(client, "Why is the sky blue?", model="sandbox-thinking", reasoning={"summary": "auto"})
    reasoning = answer.output[0]
    assert reasoning.type == "reasoning"
    assert len(reasoning.summary[0].text) > 20
    assert reasoning.encrypted_content
    assert answer.usage.output_tokens_details.reasoning_tokens > 0


def test_a_picture_can_be_shown_and_made(client: OpenAI) -> None:
    made = ask(client, "a lighthouse", model="sandbox-image")
    (picture,) = [item for item in made.output if item.type == "image_generation_call"]
    shown = {"type": "input_image", "image_url": f"data:image/png;base64,{picture.result}"}
    question = {"type": "input_text", "text": "What is in the picture?"}
    assert ask(client, [{"role": "user", "content": [shown, question]}]).output_text


def test_a_search_brings_its_sources(client: OpenAI) -> None:
    answer = ask(client, "who won? [[search]]", tools=[{"type": "web_search"}])
    (search,) = [item for item in answer.output if item.type == "web_search_call"]
    assert search.action.sources[0].url.startswith("http")
    assert "### Sources" in answer.output_text


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("[[error 400]]", openai.BadRequestError),
        ("[[error 429]]", openai.RateLimitError),
        ("[[error 503]]", openai.InternalServerError),
    ],
)
def test_failures_raise_what_the_sdk_expects(tmp_path: Path, word: str, error: type[Exception]) -> None:
    running = start(tmp_path, "--sandbox")
    try:
        with connect(running) as client:
            for streaming in (False, True):
                with pytest.raises(error):
                    ask(client, f"please fail {word}", stream=streaming)
    finally:
        stop(running)


def test_a_stream_that_breaks_off_ends_as_failed(client: OpenAI) -> None:
    *_, last = ask(client, "tell me [[cut]]", stream=True)
    assert last.type == "response.failed"
    assert last.response.error.code == "server_error"


def test_a_wrong_key_is_an_authentication_error(served: Served) -> None:
    with connect(served, "sk-wrong") as stranger, pytest.raises(openai.AuthenticationError):
        ask(stranger, "hello")


def test_a_websocket_is_refused_in_the_way_that_codex_understands(served: Served) -> None:
    answer = httpx.get(
        f"{served.url}/v1/responses",
        headers={
            "authorization": f"Bearer {served.key}",
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
        timeout=15,
    )
    assert answer.status_code == 426
