"""The official google-genai package against `agtui serve --sandbox`, under both API versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from .conftest import Served, start, stop

WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="The weather in a city",
    parameters_json_schema={
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
        "required": ["city"],
    },
)
TOOLS: list[Any] = [types.Tool(function_declarations=[WEATHER])]


def connect(served: Served, version: str = "v1beta", key: str = "") -> genai.Client:
    options = types.HttpOptions(base_url=served.url, api_version=version, timeout=15_000)
    return genai.Client(api_key=key or served.key, http_options=options)


@pytest.fixture(scope="module", params=["v1beta", "v1"])
def client(request: pytest.FixtureRequest, served: Served) -> Iterator[genai.Client]:
    with connect(served, request.param) as made:
        yield made


def ask(client: genai.Client, text: Any, model: str = "sandbox-chat", **config: Any) -> Any:
    return client.models.generate_content(
        model=model, contents=text, config=types.GenerateContentConfig(**config)
    )


def test_a_question_gets_a_whole_answer_with_usage(client: genai.Client) -> None:
    answer = ask(client, "What is a half-block?", system_instruction="Be brief.", temperature=0.5)
    assert len(answer.text) > 100
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.candidates[0].content.role == "model"
    counts = answer.usage_metadata
    assert counts.total_token_count == counts.prompt_token_count + counts.candidates_token_count > 20


def test_a_stream_says_the_same_under_one_id(client: genai.Client) -> None:
    whole = ask(client, "Name three rivers.").text
    chunks = list(client.models.generate_content_stream(model="sandbox-chat", contents="Name three rivers."))
    assert "".join(chunk.text or "" for chunk in chunks) == whole
    assert len(chunks) > 4
    assert len({chunk.response_id for chunk in chunks}) == 1
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata.total_token_count > 20


def test_thoughts_are_told_apart_and_counted(client: genai.Client) -> None:
    answer = ask(
        client,
        "Why is the sky blue?",
        "sandbox-thinking",
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048),
    )
    thoughts = [part for part in answer.candidates[0].content.parts if part.thought]
    assert len("".join(part.text for part in thoughts)) > 20
    assert thoughts[-1].thought_signature
    assert answer.usage_metadata.thoughts_token_count > 0


@pytest.mark.parametrize("model", ["sandbox-chat", "sandbox-thinking", "gemini-3-pro-high"])
def test_a_tool_round_trip_ends_with_its_result(client: genai.Client, model: str) -> None:
    asked = types.Content(role="user", parts=[types.Part(text="use the tool for Paris please")])
    first = ask(client, [asked], model, tools=TOOLS)
    (call,) = first.function_calls
    assert call.name == "get_weather"
    assert isinstance(call.args["city"], str)
    result = types.Part.from_function_response(name=call.name, response={"sky": "violet drizzle"})
    result.function_response.id = call.id
    history = [asked, first.candidates[0].content, types.Content(role="user", parts=[result])]
    assert "violet drizzle" in ask(client, history, model, tools=TOOLS).text


def test_a_forced_tool_is_called_whatever_is_asked(client: genai.Client) -> None:
    forced = types.FunctionCallingConfig(mode="ANY", allowed_function_names=["get_weather"])
    answer = ask(client, "hello", tools=TOOLS, tool_config=types.ToolConfig(function_calling_config=forced))
    assert answer.function_calls[0].name == "get_weather"


@pytest.mark.parametrize("carrier", ["response_json_schema", "response_schema"])
def test_a_schema_shapes_the_answer(client: genai.Client, carrier: str) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    answer = ask(client, "Invent a person.", response_mime_type="application/json", **{carrier: schema})
    person = json.loads(answer.text)
    assert isinstance(person["name"], str)
    assert isinstance(person["age"], int)


def test_a_picture_is_made_and_can_be_shown(client: genai.Client) -> None:
    made = ask(
        client,
        "a lighthouse",
        "sandbox-image",
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio="16:9"),
    )
    (picture,) = [part.inline_data for part in made.candidates[0].content.parts if part.inline_data]
    assert picture.mime_type == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    shown = [types.Part.from_bytes(data=picture.data, mime_type="image/png"), "What is in the picture?"]
    assert ask(client, shown).text


def test_tokens_are_counted_and_models_listed(client: genai.Client) -> None:
    counted = client.models.count_tokens(model="sandbox-chat", contents="hello there")
    assert (counted.total_tokens or 0) > 0
    names = [model.name for model in client.models.list()]
    assert "models/sandbox-chat" in names
    assert client.models.get(model="sandbox-chat").name == "models/sandbox-chat"


def test_a_search_brings_its_sources(client: genai.Client) -> None:
    answer = ask(client, "who won? [[search]]", tools=[types.Tool(google_search=types.GoogleSearch())])
    found = answer.candidates[0].grounding_metadata
    assert found.grounding_chunks[0].web.uri.startswith("http")


def test_a_search_beside_functions_and_pages_is_one_answer(client: genai.Client) -> None:
    web = types.Tool(google_search=types.GoogleSearch(), url_context=types.UrlContext())
    answer = ask(client, "Look up the tides, and read https://example.com/gone", tools=[*TOOLS, web])
    assert not answer.function_calls
    assert "This is what I found." in answer.text
    found = answer.candidates[0]
    assert found.grounding_metadata.grounding_chunks[0].web.uri.startswith("https://")
    (page,) = found.url_context_metadata.url_metadata
    assert page.retrieved_url == "https://example.com/gone"
    assert page.url_retrieval_status == types.UrlRetrievalStatus.URL_RETRIEVAL_STATUS_ERROR


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (400, errors.ClientError, "INVALID_ARGUMENT"),
        (429, errors.ClientError, "RESOURCE_EXHAUSTED"),
        (503, errors.ServerError, "UNAVAILABLE"),
    ],
)
def test_failures_raise_what_the_sdk_expects(
    tmp_path: Path, status: int, error: type[errors.APIError], word: str
) -> None:
    running = start(tmp_path, "--sandbox")
    try:
        with connect(running) as client:
            for way in (client.models.generate_content, client.models.generate_content_stream):
                with pytest.raises(error) as caught:
                    list(way(model="sandbox-chat", contents=f"please [[error {status}]]"))
                assert (caught.value.code, caught.value.status) == (status, word)
                assert caught.value.message
    finally:
        stop(running)


def test_a_wrong_key_and_an_unknown_model_are_told_apart(served: Served, client: genai.Client) -> None:
    with connect(served, key="sk-wrong") as stranger, pytest.raises(errors.ClientError) as caught:
        ask(stranger, "hello")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    with pytest.raises(errors.ClientError) as caught:
        ask(client, "hello", "no-such-model")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_a_stream_that_breaks_off_raises(client: genai.Client) -> None:
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(model="sandbox-chat", contents="tell me [[cut]]"))
