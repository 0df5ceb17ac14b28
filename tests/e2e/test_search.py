"""Web search through the official OpenAI package, the command line, and the log that remains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from .conftest import Served

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
SEARCH: Any = {"type": "web_search"}
MODELS = ["sandbox-thinking", "gemini-3-pro-high", "claude-sonnet-4-6", "gpt-oss-120b-medium"]


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=served.key, max_retries=0, timeout=15) as made:
        yield made


def ask(client: OpenAI, text: str, model: str, **options: Any) -> Any:
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], **options
    )


def cited(message: Any) -> list[str]:
    return [one.url_citation.url for one in message.annotations or []]


@pytest.mark.parametrize("model", MODELS)
def test_search_alone_gives_an_answer_with_sources(client: OpenAI, model: str) -> None:
    message = ask(client, "Look up the tides of Lisbon", model, web_search_options={}).choices[0].message
    assert "### Sources" in message.content
    assert "https://en.example.org/wiki/tides-of-lisbon" in cited(message)
    assert not message.tool_calls


def test_a_model_name_can_ask_for_it(client: OpenAI) -> None:
    message = ask(client, "who won the regatta?", "gemini-3-flash-online").choices[0].message
    assert cited(message)


@pytest.mark.parametrize("model", MODELS)
def test_search_beside_functions_is_one_answer_without_the_call(client: OpenAI, model: str) -> None:
    whole = ask(client, "Look up the tides of Lisbon", model, tools=[WEATHER, SEARCH])
    choice = whole.choices[0]
    assert choice.finish_reason == "stop"
    assert not choice.message.tool_calls
    assert "This is what I found." in choice.message.content
    assert choice.message.content.count("### Sources") == 1
    assert "google_search" not in whole.model_dump_json()
    assert cited(choice.message)


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_says_what_the_whole_answer_says(client: OpenAI, model: str) -> None:
    question = f"Look up the harbours of {model}"
    message = ask(client, question, model, tools=[WEATHER], web_search_options={}).choices[0].message
    chunks = list(
        ask(
            client,
            question,
            model,
            tools=[WEATHER],
            web_search_options={},
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == message.content
    assert not any(delta.tool_calls for delta in deltas)
    assert [
        one["url_citation"]["url"] for delta in deltas for one in getattr(delta, "annotations", None) or []
    ] == (cited(message))
    assert chunks[-1].usage.prompt_tokens > 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_clients_function_beside_a_search_goes_round_trip(client: OpenAI, model: str, stream: bool) -> None:
    question = "Look up the harbour, and use the tool for Lisbon"
    messages: list[Any] = [{"role": "user", "content": question}]
    options: Any = {"model": model, "tools": [WEATHER, SEARCH]}
    if stream:
        calls: dict[int, dict[str, str]] = {}
        for chunk in client.chat.completions.create(messages=messages, stream=True, **options):
            for delta in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
                call = calls.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += delta.id or ""
                if delta.function:
                    call["name"] += delta.function.name or ""
                    call["arguments"] += delta.function.arguments or ""
        (only,) = calls.values()
    else:
        choice = client.chat.completions.create(messages=messages, **options).choices[0]
        assert choice.finish_reason == "tool_calls"
        (made,) = choice.message.tool_calls or []
        only = {"id": made.id, "name": made.function.name, "arguments": made.function.arguments}
    assert only["name"] == "get_weather"
    assert isinstance(json.loads(only["arguments"])["city"], str)

    function = {"name": only["name"], "arguments": only["arguments"]}
    messages += [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": only["id"], "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": only["id"], "content": "violet drizzle"},
    ]
    second = client.chat.completions.create(messages=messages, **options).choices[0].message.content or ""
    assert "violet drizzle" in second
    assert "This is what I found." in second, "what was searched before the call is not forgotten"
    messages += [{"role": "assistant", "content": second}, {"role": "user", "content": "thanks"}]
    assert client.chat.completions.create(messages=messages, **options).choices[0].message.content


def test_the_log_tells_every_generation(client: OpenAI, served: Served) -> None:
    ask(client, "Look up the moons of Mars", "claude-sonnet-4-6", tools=[WEATHER, SEARCH])
    row = json.loads(served.run("logs", "--json", "--limit", "1").stdout.splitlines()[-1])
    assert [step["kind"] for step in row["plan"]["steps"]] == ["chat", "search", "tool"]
    assert [attempt["step"] for attempt in row["attempts"]] == [0, 1, 2]
    told = served.run("logs", "--id", row["id"]).stdout
    assert "(search with gemini-2.5-flash)" in told


def test_the_command_searches_through_the_running_gateway(served: Served) -> None:
    done = served.run("search", "tides of Lisbon", "--url", "https://example.com/gone", "--sandbox")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## Search Results\n\n")
    assert "### Sources\n- [" in done.stdout
    assert "- ✗ https://example.com/gone (URL_RETRIEVAL_STATUS_ERROR)" in done.stdout
    wrong = served.run("search", "tides", "--model", "claude-sonnet-4-6", "--sandbox")
    assert wrong.returncode == 1
    assert "can't search the web" in wrong.stderr
    assert "Traceback" not in wrong.stderr
