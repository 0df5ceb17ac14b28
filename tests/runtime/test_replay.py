"""Bodies and replays through the whole program, for every protocol: in over HTTP, then once more."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import httpx
import pytest

from core.domain.bodies import Bodies, ReplayBegan, ReplayRead
from core.domain.failure import GatewayError
from core.domain.streams import closing
from core.services import Services
from core.wire.answer_words import AnswerReader

from .conftest import Open

WORDS: Final = "Why does rain smell?"
MESSAGES: Final = [{"role": "user", "content": WORDS}]
CONTENTS: Final = [{"role": "user", "parts": [{"text": WORDS}]}]
MODEL: Final = "sandbox-chat"
GEMINI: Final = f"/v1beta/models/{MODEL}:"

ASKED: Final[list[tuple[str, dict[str, Any]]]] = [
    ("/v1/chat/completions", {"model": MODEL, "messages": MESSAGES}),
    ("/v1/chat/completions", {"model": MODEL, "messages": MESSAGES, "stream": True}),
    ("/v1/completions", {"model": MODEL, "prompt": WORDS, "stream": True}),
    ("/v1/responses", {"model": MODEL, "input": WORDS}),
    ("/v1/responses", {"model": MODEL, "input": WORDS, "stream": True}),
    ("/v1/messages", {"model": MODEL, "max_tokens": 500, "messages": MESSAGES}),
    ("/v1/messages", {"model": MODEL, "max_tokens": 500, "messages": MESSAGES, "stream": True}),
    (GEMINI + "generateContent", {"contents": CONTENTS}),
    (GEMINI + "streamGenerateContent", {"contents": CONTENTS}),
    (GEMINI + "streamGenerateContent?alt=sse", {"contents": CONTENTS}),
    ("/cursor/chat/completions", {"model": MODEL, "messages": MESSAGES, "stream": True}),
]


class Door:
    """A gateway that serves, and a client of it."""

    def __init__(self, services: Services, client: httpx.AsyncClient) -> None:
        self.services, self.client = services, client

    async def ask(self, path: str, body: Any, status: int = 200) -> httpx.Response:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer

    async def said(self, answer: httpx.Response) -> Bodies:
        return await self.services.records.bodies(answer.headers["x-agtui-request"])

    async def again(self, request_id: str, model: str = "") -> tuple[ReplayBegan, bytes]:
        began, content = ReplayBegan("", 0, ""), b""
        async for item in self.services.replays.send(request_id, model):
            if isinstance(item, ReplayRead):
                content += item.data
            else:
                began = item
        return began, content


@pytest.fixture
async def door(opened: Open) -> Any:
    services = await opened(sandbox="on", serve=True, port=0)
    await services.settings.set("records.bodies", "true")
    url = next(one.url for one in (await services.owner.status()).listeners if one.name == "gateway")
    key = {"authorization": f"Bearer {await services.keys.show()}"}
    async with httpx.AsyncClient(base_url=url, headers=key, timeout=15, trust_env=False) as client:
        yield Door(services, client)


def words(kind: str, content: bytes) -> str:
    reader = AnswerReader(kind)
    return reader.feed(content) + reader.end()


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[f"{path} {'stream' in body}" for path, body in ASKED])
async def test_a_request_is_kept_and_sent_again_in_its_protocol(
    door: Door, path: str, body: dict[str, Any]
) -> None:
    answer = await door.ask(path, body)
    said = await door.said(answer)
    assert said.path == path
    assert json.loads(said.asked.text) == body
    (call,) = said.sent
    assert WORDS in call.body.text
    assert "token" not in call.body.text
    assert (said.status, said.answer.text) == (200, answer.text)

    began, content = await door.again(said.id)
    assert (began.status, began.content_type) == (200, answer.headers["content-type"].partition(";")[0])
    first = words(began.content_type, answer.content)
    assert first
    assert words(began.content_type, content) == first
    row = await door.services.records.request(began.id)
    assert (row.replays, row.path, row.stream) == (
        said.id,
        path.partition("?")[0],
        "tream" in str((path, body)),
    )
    assert not (await door.services.records.request(said.id)).replays


@pytest.mark.parametrize(("path", "body"), [ASKED[0], ASKED[7]], ids=["in the body", "in the path"])
async def test_another_model_can_be_asked(door: Door, path: str, body: dict[str, Any]) -> None:
    answer = await door.ask(path, body)
    began, _ = await door.again(answer.headers["x-agtui-request"], "sandbox-thinking")
    row = await door.services.records.request(began.id)
    assert (began.status, row.asked) == (200, "sandbox-thinking")


async def test_attempts_that_failed_are_kept_as_well(door: Door) -> None:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "[[error 503]]"}]}
    answer = await door.client.post("/v1/chat/completions", json=asked)
    said = await door.said(answer)
    row = await door.services.records.request(said.id)
    assert len(said.sent) == len(row.attempts) > 1
    assert said.answer.text == answer.text


async def test_a_request_that_failed_can_be_sent_again_and_fails_again(door: Door) -> None:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "[[error 400]]"}]}
    answer = await door.ask("/v1/chat/completions", asked, 400)
    began, content = await door.again(answer.headers["x-agtui-request"])
    reader = AnswerReader(began.content_type)
    reader.feed(content)
    reader.end()
    assert began.status == 400
    assert reader.failure == answer.json()["error"]["message"]


async def test_nothing_is_kept_while_it_is_off_or_of_who_has_no_key(door: Door) -> None:
    refused = await door.client.post(*ASKED[0][:1], json=ASKED[0][1], headers={"authorization": "Bearer no"})
    with pytest.raises(GatewayError, match="No body is recorded"):
        await door.said(refused)
    await door.services.settings.set("records.bodies", "false")
    answer = await door.ask(*ASKED[0])
    with pytest.raises(GatewayError, match=r"records\.bodies true"):
        await door.said(answer)
    with pytest.raises(GatewayError, match=r"records\.bodies true"):
        await door.again(answer.headers["x-agtui-request"])
    assert not (await door.services.owner.status()).recording


@pytest.mark.parametrize(
    ("text", "why"),
    [("word " * 20_000, "only its beginning"), ("QUJDREVGR0hJ" * 200, "base64")],
    ids=["too long", "a blob"],
)
async def test_what_is_not_whole_is_not_sent_again(door: Door, text: str, why: str) -> None:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": f"Say so: {text}"}]}
    if why == "base64":
        asked["user"] = text
    answer = await door.ask("/v1/chat/completions", asked)
    with pytest.raises(GatewayError, match=why):
        await door.again(answer.headers["x-agtui-request"])


async def test_who_stops_reading_a_replay_ends_it(door: Door) -> None:
    slow = [{"role": "user", "content": "Count. [[slow]]"}]
    async with door.client.stream("POST", ASKED[1][0], json=ASKED[1][1] | {"messages": slow}) as answer:
        request_id = answer.headers["x-agtui-request"]
    await idle(door)
    async with closing(door.services.replays.send(request_id)) as replay:
        async for item in replay:
            if isinstance(item, ReplayRead):
                break
        assert (await door.services.owner.status()).in_flight == 1
    await idle(door)


async def idle(door: Door) -> None:
    """Wait until no upstream call is open."""
    async with asyncio.timeout(10):
        while (await door.services.owner.status()).in_flight:  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(0.01)
