"""The provider as a client: what it sends, how long it waits, when it lets go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from msgspec import structs

from core.domain.accounts import Device, Realm
from core.domain.content import Role, Text, Thought, ToolCall, ToolResult, Turn, text_of
from core.domain.events import Answer, Batch, PartDelta
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import Call, Grant
from core.domain.requests import ChatRequest, ImageRequest, Sampling, Thinking, Tool
from core.domain.secret import Secret
from core.domain.streams import Collector
from core.providers.antigravity import client
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.encode import Sender, encode
from core.providers.antigravity.models import facts_of
from core.providers.antigravity.settings import AntigravitySettings
from core.transport import troubles

DEVICE = Device("6f0e8c1a", "device-1a2b")
GRANT = Grant("a1", "a@example.org", Realm.REAL, Secret("ya29.secret"), "vivid-river", DEVICE)
REQUEST = ChatRequest("m", (Turn.of(Role.USER, "Hi"),))
CUT = troubles.cut("https://h")


class FixedClock:
    def now(self) -> float:
        return 1_000_000.0

    def monotonic(self) -> float:
        return 50.0


class OneReply:
    """A transport and its one reply: reads, then maybe trouble."""

    def __init__(
        self,
        *reads: bytes,
        status: int = 200,
        kind: str = "text/event-stream",
        trouble: GatewayError | None = None,
    ) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {"content-type": kind}
        self.calls: list[Call] = []
        self.closed = False
        self.reading = self.ended = False
        self._reads = reads
        self._trouble = trouble

    async def send(self, call: Call) -> OneReply:
        self.calls.append(call)
        return self

    async def read(self, call: Call, limit: int = 0) -> tuple[int, Mapping[str, str], bytes]:
        self.calls.append(call)
        return self.status, self.headers, b"".join(self._reads)

    async def reads(self) -> AsyncGenerator[bytes]:
        self.reading = True
        try:
            for read in self._reads:
                yield read
            if self._trouble is not None:
                raise self._trouble
        finally:
            self.reading = False

    async def aclose(self) -> None:
        self.closed = True


def event(text: str = "", finish: str = "") -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}]}}
    if finish:
        candidate["finishReason"] = finish
    return b"data: %b\n\n" % json.dumps({"response": {"candidates": [candidate]}}).encode()


def stream(reply: OneReply, model: str = "gemini-3-pro-high", **fields: Any) -> Any:
    provider = AntigravityProvider(AntigravitySettings, reply, FixedClock(), new_id=lambda: "uuid")
    return provider.chat(structs.replace(REQUEST, **fields), model, GRANT, "https://h")


async def answer(reply: OneReply) -> Answer:
    collector = Collector()
    async for batch in stream(reply):
        collector.feed(batch)
    return collector.answer()


async def test_a_chat_is_one_streaming_call_for_the_account() -> None:
    reply = OneReply(event("Hello", "STOP"))
    assert text_of((await answer(reply)).parts) == "Hello"
    (call,) = reply.calls
    assert (call.method, call.url, call.pool) == (
        "POST",
        "https://h/v1internal:streamGenerateContent?alt=sse",
        "a1",
    )
    body = json.loads(call.body)
    assert (body["project"], body["model"], body["requestId"]) == (
        "vivid-river",
        "gemini-3-pro-high",
        "agent-uuid",
    )
    assert ("Authorization", "Bearer ya29.secret") in call.headers
    assert b"ya29" not in call.body
    assert reply.closed


async def test_a_search_says_that_it_is_one_and_brings_no_functions() -> None:
    reply = OneReply(event("Hello", "STOP"))
    page = Tool("url_context", kind="builtin")
    async for _ in stream(reply, search=True, tools=(page,)):
        pass
    body = json.loads(reply.calls[0].body)
    assert body["requestId"] == "search-uuid"
    assert body["request"]["tools"] == [{"googleSearch": {}}, {"urlContext": {}}]


async def test_only_a_call_for_a_picture_must_not_be_repeated() -> None:
    transport = OneReply(event("Hello", "STOP"))
    provider = AntigravityProvider(AntigravitySettings, transport, FixedClock())
    async for _ in provider.chat(REQUEST, "gemini-3-flash", GRANT, "https://h"):
        pass
    with pytest.raises(GatewayError):
        async for _ in provider.image(
            ImageRequest("A cat", "m"), "gemini-3-pro-image", GRANT, "https://h", 0
        ):
            pass
    assert [call.repeatable for call in transport.calls] == [True, False]


@pytest.mark.parametrize(
    ("model", "head", "idle"),
    [("gemini-3-pro-high", 300, 300), ("sandbox-chat", 60, 120), ("gpt-oss-120b-medium", 60, 120)],
)
async def test_thinking_models_are_given_more_time(model: str, head: float, idle: float) -> None:
    reply = OneReply(event("a", "STOP"))
    async for _ in stream(reply, model):
        pass
    assert (reply.calls[0].timeouts.first_byte, reply.calls[0].timeouts.idle) == (head, idle)


async def test_settings_that_change_count_for_the_next_call() -> None:
    current = AntigravitySettings()
    reply = OneReply(event("a", "STOP"))
    provider = AntigravityProvider(lambda: current, reply, FixedClock())

    async def ask() -> Call:
        async for _ in provider.chat(REQUEST, "gemini-3-pro-high", GRANT, "https://h"):
            pass
        return reply.calls[-1]

    before = await ask()
    current = AntigravitySettings(
        client_version="9.8.7", thinking_timeout_s=7.0, connect_timeout_s=3.0, system_preamble="Be brief."
    )
    after = await ask()
    assert "antigravity/9.8.7" in dict(after.headers)["User-Agent"]
    assert "9.8.7" not in dict(before.headers)["User-Agent"]
    assert (after.timeouts.first_byte, after.timeouts.connect) == (7.0, 3.0)
    assert b"Be brief." in after.body


async def test_every_read_is_a_batch_of_its_own() -> None:
    batches = [
        batch async for batch in stream(OneReply(event("a"), event("b") + event("c"), event("", "STOP")))
    ]
    texts = [[one.text for one in batch if isinstance(one, PartDelta)] for batch in batches]
    assert texts == [["a"], ["b", "c"], []]


async def test_a_json_answer_is_read_too() -> None:
    body = json.dumps([json.loads(event("Hi ")[6:]), json.loads(event("there", "STOP")[6:])]).encode()
    reply = OneReply(body[:20], body[20:], kind="application/json; charset=UTF-8")
    assert text_of((await answer(reply)).parts) == "Hi there"


async def test_a_connection_that_breaks_after_the_ending_loses_nothing() -> None:
    assert text_of((await answer(OneReply(event("all", "STOP"), trouble=CUT))).parts) == "all"


async def test_a_connection_that_breaks_before_it_is_a_cut() -> None:
    reply = OneReply(event("half"), trouble=CUT)
    with pytest.raises(GatewayError) as caught:
        await answer(reply)
    assert caught.value.failure.cause is Cause.CUT
    assert reply.closed


class OpenEnded(OneReply):
    """A reply whose body never ends: comments come for ever, or nothing at all."""

    def __init__(self, *reads: bytes, comments: bool) -> None:
        super().__init__(*reads)
        self._comments = comments

    async def reads(self) -> AsyncGenerator[bytes]:
        async for read in super().reads():
            yield read
        while True:
            await (asyncio.sleep(0.001) if self._comments else asyncio.Event().wait())
            yield b": still here\n\n"


@pytest.mark.parametrize("comments", [False, True])
async def test_a_body_that_stays_open_after_the_ending_is_left(
    comments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "END_S", 0.05)
    reply = OpenEnded(event("all", "STOP"), comments=comments)
    async with asyncio.timeout(5):
        assert text_of((await answer(reply)).parts) == "all"
    assert reply.closed


async def test_what_comes_after_a_finish_reason_is_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "END_S", 0.05)
    reply = OpenEnded(event("a", "STOP"), event("b", "STOP"), event("c", "STOP"), comments=True)
    async with asyncio.timeout(5):
        assert text_of((await answer(reply)).parts) == "abc"


async def test_a_hole_in_the_stream_fails_after_what_has_come() -> None:
    reply = OneReply(event("a"), b"data: {broken\n\n", event("never", "STOP"))
    seen: list[Batch] = []

    async def listen() -> None:
        async for batch in stream(reply):
            seen.append(batch)

    with pytest.raises(GatewayError) as caught:
        await listen()
    assert (caught.value.failure.kind, caught.value.failure.cause) == (Kind.UPSTREAM, Cause.CUT)
    assert "'a'" in repr(seen)
    assert "never" not in repr(seen)
    assert reply.closed


async def test_leaving_early_lets_go_of_the_call() -> None:
    reply = OneReply(event("a"), event("b"), event("c", "STOP"))
    batches = stream(reply)
    first: Batch = await anext(batches)
    assert first
    await batches.aclose()
    assert reply.closed
    assert not reply.reading


async def test_a_refusal_is_read_and_let_go() -> None:
    body = json.dumps({"error": {"code": 404, "message": "Requested entity was not found."}}).encode()
    reply = OneReply(body, status=404, kind="application/json")
    with pytest.raises(GatewayError) as caught:
        await answer(reply)
    failure = caught.value.failure
    assert (failure.kind, failure.scope, failure.status) == (Kind.NOT_FOUND, Scope.ENDPOINT, 404)
    assert "gemini-3-pro-high" in failure.public_message
    assert reply.closed


async def test_an_error_in_the_stream_ends_it() -> None:
    error = b'data: {"error":{"code":429,"message":"Too many requests"}}\n\n'
    reply = OneReply(event("a"), error, event("never", "STOP"))
    seen: list[Batch] = []

    async def listen() -> None:
        async for batch in stream(reply):
            seen.append(batch)

    with pytest.raises(GatewayError) as caught:
        await listen()
    assert caught.value.failure.cause is Cause.RATE
    assert "never" not in repr(seen)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"response":{"totalTokens":7}}', b'{"totalTokens":7}'])
async def test_a_token_count_is_read_wrapped_or_not(body: bytes) -> None:
    provider = AntigravityProvider(AntigravitySettings, OneReply(body), FixedClock())
    if not body:
        with pytest.raises(GatewayError):
            await provider.count_tokens(REQUEST, "m", GRANT, "https://h")
        return
    count = await provider.count_tokens(REQUEST, "m", GRANT, "https://h")
    assert count == (7 if b"7" in body else 0)


CLAUDE = "claude-opus-4-6-thinking"
SIGNATURE = "R" + "q3" * 40


@pytest.mark.parametrize("signature", [SIGNATURE, ""])
def test_what_is_dropped_is_what_is_not_sent(signature: str) -> None:
    """Claude can't think on in a tool loop whose thoughts are lost; then it is told its temperature."""
    provider = AntigravityProvider(AntigravitySettings, OneReply(), FixedClock())
    call = ToolCall("c1", "f", arguments="{}")
    turns = (
        Turn.of(Role.USER, "Hi"),
        Turn(Role.MODEL, (Thought("hm", signature), call) if signature else (call,)),
        Turn(Role.USER, (ToolResult("c1", "f", (Text("1"),)),)),
    )
    request = ChatRequest(
        "m",
        turns,
        tools=(Tool("f"),),
        sampling=Sampling(temperature=0.5, top_k=3),
        thinking=Thinking(effort="high"),
    )
    body = json.loads(encode(request, facts_of(CLAUDE), Sender("a", "p", "r")).body)
    sent = body["request"]["generationConfig"]
    lost = provider.dropped(request, CLAUDE)
    assert ("temperature" in sent, "topK" in sent) == ("temperature" not in lost, "top_k" not in lost)
    assert ("thinkingConfig" in sent) == ("thinking" not in lost)
    assert ("thinkingConfig" in sent) == bool(signature)


@pytest.mark.parametrize(
    ("model", "modalities", "lost"),
    [
        ("gemini-3-pro-high", ("text",), False),
        ("gemini-3-pro-high", ("text", "audio"), True),
        ("gemini-3-pro-high", ("image",), True),
        ("gemini-3.1-flash-image", ("TEXT", "IMAGE"), False),
        ("gemini-3.1-flash-image", ("audio",), True),
        ("gemini-3-pro-high", (), False),
    ],
)
def test_a_form_of_answer_that_the_model_has_not_is_dropped(
    model: str, modalities: tuple[str, ...], lost: bool
) -> None:
    provider = AntigravityProvider(AntigravitySettings, OneReply(), FixedClock())
    request = ChatRequest("m", (Turn.of(Role.USER, "Hi"),), modalities=modalities)
    assert ("modalities" in provider.dropped(request, model)) is lost
