"""Clients' own keys over HTTP: what each protocol is told, in words and in headers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NamedTuple

import httpx
import pytest

from core.domain.events import Usage
from tests.fakes import FakeProvider, saying

from .conftest import KEY, Start, World


class Way(NamedTuple):
    """How a family asks for an answer: path, body, and the header that carries a key."""

    path: str
    body: dict[str, Any]
    header: str = "authorization"


SAID = [{"role": "user", "content": "hi"}]
CONTENTS = [{"parts": [{"text": "hi"}]}]
WAYS = {
    "openai": Way("/v1/chat/completions", {"messages": SAID}),
    "completions": Way("/v1/completions", {"prompt": "hi"}),
    "responses": Way("/v1/responses", {"input": "hi"}),
    "images": Way("/v1/images/generations", {"prompt": "hi"}),
    "cursor": Way("/cursor/chat/completions", {"messages": SAID}),
    "anthropic": Way("/v1/messages", {"messages": SAID, "max_tokens": 9}, "x-api-key"),
    "gemini": Way("/v1beta/models/{model}:generateContent", {"contents": CONTENTS}, "x-goog-api-key"),
}  # fmt: skip
ALL = pytest.mark.parametrize("name", WAYS)


async def send(world: World, name: str, key: str, model: str = "", **more: Any) -> httpx.Response:
    way = WAYS[name]
    model = model or ("p1" if name == "images" else "m1")
    value = f"Bearer {key}" if way.header == "authorization" else key
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, timeout=10) as client:
        body = way.body | ({} if name == "gemini" else {"model": model}) | more
        return await client.post(way.path.format(model=model), json=body, headers={way.header: value})


def error(name: str, answer: httpx.Response) -> tuple[Any, ...]:
    """Type and code as the family's SDK reads them."""
    body = answer.json()
    if name == "anthropic":
        assert body["type"] == "error"
        return (body["error"]["type"],)
    if name == "gemini":
        return (body["error"]["code"], body["error"]["status"])
    return (body["error"]["type"], body["error"]["code"])


UNAUTHENTICATED = {"anthropic": ("authentication_error",), "gemini": (401, "UNAUTHENTICATED")}
FORBIDDEN = {"anthropic": ("permission_error",), "gemini": (403, "PERMISSION_DENIED")}
LIMITED = {"anthropic": ("rate_limit_error",), "gemini": (429, "RESOURCE_EXHAUSTED")}


@ALL
async def test_unknown_revoked_and_expired_keys_get_the_same_401(start: Start, name: str) -> None:
    world = await start()
    revoked, expired = world.keys.create("a"), world.keys.create("b", expires_at=world.clock.now() + 5)
    assert (await send(world, name, revoked)).status_code == 200
    world.keys.revoke("a")
    world.clock.move(6)
    answers = [await send(world, name, key) for key in ("sk-agtui-unknown", revoked, expired)]
    assert {answer.status_code for answer in answers} == {401}
    said = {answer.text.replace(answer.headers["x-request-id"], "") for answer in answers}
    assert len(said) == 1
    assert error(name, answers[0]) == UNAUTHENTICATED.get(name, ("invalid_request_error", "invalid_api_key"))
    assert "Incorrect API key provided" in answers[0].text
    assert answers[0].headers["www-authenticate"] == "Bearer"


@ALL
async def test_a_model_that_the_key_may_not_use_is_a_403_and_asks_nobody(start: Start, name: str) -> None:
    world = await start()
    answer = await send(world, name, world.keys.create("ci", ("other-*",)))
    assert answer.status_code == 403
    assert error(name, answer) == FORBIDDEN.get(name, ("permission_error", "model_not_allowed"))
    assert "other-*" in answer.text
    assert not world.provider.calls
    assert world.recorder.last.key == "ci"


@ALL
async def test_the_last_request_of_a_minute_is_answered_and_the_next_told_to_wait(
    start: Start, name: str
) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=2)
    left = [(await send(world, name, key)).headers["x-ratelimit-remaining-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    world.clock.move(17.5)
    answer = await send(world, name, key)
    assert answer.status_code == 429
    assert error(name, answer) == LIMITED.get(name, ("rate_limit_error", "rate_limit_exceeded"))
    assert "Please try again in 42.5s." in answer.text
    assert answer.headers["retry-after"] == "43"
    assert "x-should-retry" not in answer.headers
    assert answer.headers["x-ratelimit-limit-requests"] == "2"
    assert answer.headers["x-ratelimit-reset-requests"] == "42.5s"
    assert "x-ratelimit-limit-tokens" not in answer.headers
    assert (await send(world, name, KEY)).status_code == 200, "the local key has no limits"


@ALL
async def test_a_day_s_tokens_run_out_with_a_wait_that_no_sdk_sits_through(start: Start, name: str) -> None:
    world = await start(FakeProvider(saying("ok", usage=Usage(40, 65))))
    key = world.keys.create("ci", tokens_per_day=100)
    assert (await send(world, name, key)).headers["x-ratelimit-limit-tokens"] == "100"
    answer = await send(world, name, key)
    assert answer.status_code == 429
    assert error(name, answer) == LIMITED.get(name, ("rate_limit_error", "insufficient_quota"))
    assert answer.headers["x-ratelimit-remaining-tokens"] == "0"
    assert answer.headers["x-should-retry"] == "false"
    assert int(answer.headers["retry-after"]) > 60
    assert "h" in answer.headers["x-ratelimit-reset-tokens"]


async def test_anthropic_s_clients_read_anthropic_s_headers(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=5, tokens_per_day=1000)
    for _ in range(2):
        answer = await send(world, "anthropic", key)
    told = {name: text for name, text in answer.headers.items() if name.startswith("anthropic-")}
    assert told == {
        "anthropic-ratelimit-requests-limit": "5",
        "anthropic-ratelimit-requests-remaining": "3",
        "anthropic-ratelimit-requests-reset": "2023-11-14T22:14:20Z",
        "anthropic-ratelimit-tokens-limit": "1000",
        "anthropic-ratelimit-tokens-remaining": "980",
        "anthropic-ratelimit-tokens-reset": "2023-11-15T00:00:00Z",
    }
    assert not any(name.startswith("anthropic-") for name in (await send(world, "openai", key)).headers)


async def test_a_stream_tells_its_limits_before_its_first_event(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=1)
    for name in ("openai", "anthropic", "responses"):
        world.clock.move(60)
        answer = await send(world, name, key, stream=True)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        again = await send(world, name, key, stream=True)
        assert (again.status_code, again.headers["content-type"]) == (429, "application/json")


async def test_several_answers_to_one_request_count_once(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=2)
    answer = await send(world, "openai", key, n=3)
    assert len(answer.json()["choices"]) == 3
    assert answer.headers["x-ratelimit-remaining-requests"] == "1"
    assert (await send(world, "openai", key, n=3, stream=True)).status_code == 200
    refused = await send(world, "openai", key, n=3)
    assert refused.status_code == 429
    assert len(world.provider.calls) == 6


async def test_a_burst_gets_exactly_what_the_limit_allows(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=7)
    answers = await asyncio.gather(*(send(world, "openai", key) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [429] * 13
    assert len(world.provider.calls) == 7


async def test_other_names_are_listed_of_what_the_key_may_use(start: Start) -> None:
    world = await start(FakeProvider(names=("alias-m1", "alias-p1")))
    headers = {"authorization": f"Bearer {world.keys.create('ci', ('p*',))}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, trust_env=False) as client:
        listed = (await client.get("/v1/models")).json()["data"]
        assert [one["id"] for one in listed] == ["alias-p1", "p1"]
        assert (await client.get("/v1/models/alias-p1")).status_code == 200
        assert (await client.get("/v1/models/alias-m1")).status_code == 404


async def test_every_list_of_models_holds_what_the_key_may_use(start: Start) -> None:
    world = await start()
    headers = {"authorization": f"Bearer {world.keys.create('ci', ('p*',))}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, trust_env=False) as client:
        openai = (await client.get("/v1/models")).json()["data"]
        anthropic = (await client.get("/v1/models", headers={"anthropic-version": "2023-06-01"})).json()[
            "data"
        ]
        gemini = (await client.get("/v1beta/models")).json()["models"]
        assert [one["id"] for one in openai] == ["p1"]
        assert [one["id"] for one in anthropic] == ["p1"]
        assert [one["name"] for one in gemini] == ["models/p1"]
        assert (await client.get("/v1/models/p1")).status_code == 200
        assert (await client.get("/v1/models/m1")).status_code == 404
        # Google's clients are told the bare name of what nobody has.
        assert "version" in (await client.get("/v1beta/models/p1")).json()
        assert "version" not in (await client.get("/v1beta/models/m1")).json()


async def test_looking_around_costs_no_request_and_tells_what_is_left(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci", rpm=2)
    async with httpx.AsyncClient(base_url=world.url, headers={"x-api-key": key}, trust_env=False) as client:
        for _ in range(5):
            answer = await client.get("/v1/models")
        assert answer.headers["x-ratelimit-remaining-requests"] == "2"
        assert "x-ratelimit-limit-requests" not in (await client.get("/nowhere")).headers


async def test_a_key_without_limits_and_the_local_key_get_no_such_headers(start: Start) -> None:
    world = await start()
    for key in (KEY, world.keys.create("ci", ("m1",))):
        answer = await send(world, "openai", key)
        assert answer.status_code == 200
        assert not any("ratelimit" in name for name in answer.headers)


async def test_the_name_of_the_key_stands_in_the_record_and_its_text_nowhere(
    start: Start, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    world = await start()
    key = world.keys.create("ci")
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as client:
        body = WAYS["gemini"].body
        path = "/v1beta/models/m1:generateContent"
        assert (await client.post(f"{path}?alt=json&key={key}", json=body)).status_code == 200
        broken = await client.post(
            f"{path}?key={key}", content=b"{", headers={"content-type": "application/json"}
        )
        lost = await client.post(f"/v1beta/models/m1:nothing?key={key}", json=body)
        odd = await client.get(f"/v1beta/{key}?key={key}")
    assert [answer.status_code for answer in (broken, lost, odd)] == [400, 400, 404]
    assert world.recorder.last.key == "ci"
    said = [answer.text + repr(answer.headers) for answer in (broken, lost, odd)]
    seen = (*said, repr(world.recorder.rows), repr(world.events.seen), caplog.text)
    ours = [text for text in seen if key in text.replace(f"?key={key}", "") and "HTTP Request" not in text]
    assert not ours


async def test_a_key_of_a_client_works_in_every_carrier(start: Start) -> None:
    world = await start()
    key = world.keys.create("ci")
    for headers in (
        {"authorization": f"Bearer {key}"},
        {"authorization": key},
        {"x-api-key": key},
        {"x-goog-api-key": key},
        {"authorization": "Bearer wrong", "x-api-key": key},
    ):
        async with httpx.AsyncClient(base_url=world.url, headers=headers, trust_env=False) as client:
            assert (
                await client.post(WAYS["openai"].path, json={"model": "m1", "messages": SAID})
            ).status_code == 200
        assert world.recorder.last.key == "ci"


async def test_off_still_knows_who_asks(start: Start) -> None:
    world = await start(auth_mode="off")
    key = world.keys.create("ci", rpm=1)
    assert (await send(world, "openai", key)).status_code == 200
    assert (await send(world, "openai", key)).status_code == 429
    assert (await send(world, "openai", "sk-wrong")).status_code == 200
    assert [row.key for row in world.recorder.rows] == ["ci", "ci", ""]


async def test_many_keys_in_one_request_are_guesses(start: Start) -> None:
    world = await start()
    keys = [("x-api-key", f"guess-{number}") for number in range(50)] + [("x-api-key", KEY)]
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as client:
        assert (await client.get("/v1/models", headers=keys)).status_code == 401
        assert (await client.get("/v1/models", headers=keys[-3:])).status_code == 200
