"""Anthropic's messages over HTTP, with scripted providers behind."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from core.domain.failure import Cause, Kind, Scope
from tests.fakes import FakePool, FakeProvider, entry, failing, saying

from .conftest import Start

MESSAGES = "/v1/messages"
ASK: dict[str, Any] = {"model": "m1", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}
TITLE: dict[str, Any] = ASK | {
    "messages": [{"role": "user", "content": "Please write a 5-10 word title"}],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
}


async def test_a_question_gets_a_message(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")), FakePool(entry("ada")))
    answer = await world.client.post(MESSAGES, json=ASK)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"] == [{"type": "text", "text": "Hello you"}]
    assert answer.headers["x-account-email"] == "ada@test"
    assert answer.headers["x-context-purified"] == "false"
    assert world.recorder.last.door == "anthropic"


async def test_a_stream_has_event_lines_and_one_ending(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello", " you")))
    answer = await world.client.post(MESSAGES, json=ASK | {"stream": True})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.startswith("event: message_start\n")
    assert answer.text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')


async def test_a_refused_account_never_looks_like_a_refused_client(start: Start) -> None:
    refused = [failing(kind=Kind.FORBIDDEN, scope=Scope.ACCOUNT, cause=Cause.VERIFICATION)]
    world = await start(FakeProvider(refused, refused, refused))
    answer = await world.client.post(MESSAGES, json=ASK)
    assert answer.status_code == 503
    assert answer.json()["type"] == "error"


async def test_nobody_to_ask_is_overloaded(start: Start) -> None:
    world = await start(FakeProvider(), FakePool(entry("ada", usable="needs to sign in again")))
    answer = await world.client.post(MESSAGES, json=ASK)
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "overloaded_error")


async def test_the_id_of_a_request_is_where_anthropic_s_clients_look(start: Start) -> None:
    world = await start(FakeProvider(saying("Hello")))
    answer = await world.client.post(MESSAGES, json=ASK)
    assert answer.headers["request-id"] == answer.headers["x-request-id"]
    refused = await world.client.post(MESSAGES, json=ASK | {"max_tokens": 0})
    assert refused.json()["request_id"] == refused.headers["request-id"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/messages/batches", ("type", "error")),
        ("/v1beta/files", ("error.status", "NOT_FOUND")),
        ("/v1/nowhere", ("error.type", "invalid_request_error")),
    ],
)
async def test_a_path_nobody_serves_is_refused_in_its_protocol(
    start: Start, path: str, says: tuple[str, str]
) -> None:
    world = await start(FakeProvider())
    answer = await world.client.post(path, json={})
    assert answer.status_code == 404
    found = answer.json()
    for name in says[0].split("."):
        found = found[name]
    assert found == says[1]


async def test_a_wrong_key_is_said_in_the_words_of_the_protocol(start: Start) -> None:
    world = await start(FakeProvider())
    answer = await world.client.post(MESSAGES, json=ASK, headers={"authorization": "Bearer no"})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("wanted", [False, True])
async def test_background_turns_go_to_the_small_model_only_if_that_is_wanted(
    start: Start, wanted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world = await start(FakeProvider(saying("A title")), downgrade_background=wanted)
    with caplog.at_level(logging.INFO, "agtui.server"):
        await world.client.post(MESSAGES, json=TITLE)
    assert world.recorder.last.asked == ("internal-background-task" if wanted else "m1")
    assert ("background" in caplog.text) is wanted


async def test_a_warm_up_asks_nobody(start: Start) -> None:
    world = await start(FakeProvider())
    warm = ASK | {"messages": [{"role": "user", "content": "Warmup"}]}
    answer = await world.client.post(MESSAGES, json=warm)
    assert answer.headers["x-warmup-intercepted"] == "true"
    assert answer.json()["content"][0]["text"] == "OK"
    assert world.provider.calls == []


async def test_reports_of_claude_code_end_here(start: Start) -> None:
    world = await start(FakeProvider())
    answer = await world.client.post("/v1/api/event_logging/batch", json={"events": []})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_models_come_in_the_shape_of_who_asks(start: Start) -> None:
    world = await start(FakeProvider())
    plain = (await world.client.get("/v1/models")).json()
    theirs = (await world.client.get("/v1/models", headers={"anthropic-version": "2023-06-01"})).json()
    google = (
        await world.client.get("/v1/models", headers={"x-goog-api-key": "sk-agtui-the-right-one"})
    ).json()
    assert plain["object"] == "list"
    assert theirs["has_more"] is False
    assert {one["type"] for one in theirs["data"]} == {"model"}
    assert all(one["name"].startswith("models/") for one in google["models"])
