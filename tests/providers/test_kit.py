"""The Antigravity provider against the running sandbox: what every provider has to do."""

from __future__ import annotations

import base64
import json

import pytest

from core.domain.accounts import ApiKey, OAuth, Realm
from core.domain.content import (
    Base64Text,
    Media,
    Part,
    Role,
    Search,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    text_of,
)
from core.domain.events import Answer, Batch, Finished, FinishReason, Made, PartDelta, Phase, Started
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import Grant
from core.domain.requests import (
    ChatRequest,
    ImageOptions,
    ImageRequest,
    Output,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
)
from core.domain.secret import Secret
from core.domain.streams import Collector

from .conftest import World

WEATHER = Tool(
    "get/weather",
    "The weather of a place",
    {
        "type": "object",
        "properties": {"place": {"type": "string"}, "unit": {"const": "C"}},
        "required": ["place"],
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    },
)
CHAT_MODELS = ["sandbox-chat", "sandbox-thinking", "gemini-3-pro-high", "claude-opus-4-6-thinking"]
ALL_CHAT_MODELS = [
    *CHAT_MODELS,
    "gemini-3-pro-low",
    "claude-sonnet-4-6",
    "gpt-oss-120b-medium",
    "gemini-3-flash",
]


def ask(text: str, *more: Turn, **fields: object) -> ChatRequest:
    return ChatRequest("m", (Turn.of(Role.USER, text), *more), **fields)  # type: ignore[arg-type]


async def batches(world: World, request: ChatRequest, model: str, grant: Grant | None = None) -> list[Batch]:
    grant = grant or await world.grant()
    return [batch async for batch in world.provider.chat(request, model, grant, world.address)]


async def answer(world: World, request: ChatRequest, model: str, grant: Grant | None = None) -> Answer:
    collector = Collector()
    for batch in await batches(world, request, model, grant):
        collector.feed(batch)
    return collector.answer()


async def failure(world: World, request: ChatRequest, model: str = "sandbox-chat") -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await batches(world, request, model)
    return caught.value


@pytest.mark.parametrize("model", ALL_CHAT_MODELS)
async def test_every_model_answers_with_text_usage_and_an_ending(world: World, model: str) -> None:
    got = await answer(world, ask("What is a lighthouse?", sampling=Sampling(max_output_tokens=2000)), model)
    assert text_of(got.parts)
    assert got.usage.input > 0
    assert got.usage.output > 0
    assert got.finish.reason is FinishReason.STOP


async def test_a_stream_comes_in_batches_and_ends_once(world: World) -> None:
    got = await batches(world, ask("[[big]] Tell me a lot."), "sandbox-chat")
    events = [event for batch in got for event in batch]
    assert len(got) > 10
    assert sum(isinstance(event, Finished) for event in events) == 1
    assert isinstance(events[-1], Finished)
    assert not any(isinstance(event, Started) for event in events)


async def test_thoughts_come_first_and_are_signed(world: World) -> None:
    got = await answer(world, ask("Why is the sky blue?"), "sandbox-thinking")
    assert isinstance(got.parts[0], Thought)
    assert got.parts[0].text
    assert got.usage.thoughts > 0
    assert any(isinstance(part, Thought | Text) and part.signature for part in got.parts)


@pytest.mark.parametrize("model", ALL_CHAT_MODELS)
async def test_a_tool_is_called_and_its_result_is_used(world: World, model: str) -> None:
    question = "Please use the tool for Oslo."
    first = await answer(world, ask(question, tools=(WEATHER,)), model)
    calls = [part for part in first.parts if isinstance(part, ToolCall)]
    assert [call.name for call in calls] == ["get/weather"]
    assert json.loads(calls[0].arguments).keys() <= {"place", "unit"}
    result = ToolResult(calls[0].id, "get/weather", (Text("17 degrees and foggy"),))
    more = (Turn(Role.MODEL, first.parts), Turn(Role.USER, (result,)))
    second = await answer(world, ask(question, *more, tools=(WEATHER,)), model)
    assert "17 degrees and foggy" in text_of(second.parts)


@pytest.mark.parametrize("model", ["gemini-3-pro-high", "claude-opus-4-6-thinking"])
async def test_a_history_that_lost_its_signatures_is_still_taken(world: World, model: str) -> None:
    call = ToolCall("c 1", "get/weather", '{"place":"Oslo"}')
    turns = (
        Turn(Role.MODEL, (Thought("hm"), call)),
        Turn(Role.USER, (ToolResult("c 1", "get/weather", (Text("17 degrees"),)),)),
    )
    got = await answer(world, ask("Use the tool.", *turns, tools=(WEATHER,)), model)
    assert "17 degrees" in text_of(got.parts)


async def test_a_conversation_may_move_from_one_family_to_another(world: World) -> None:
    parts: tuple[Part, ...] = ()
    turns: list[Turn] = []
    for model in CHAT_MODELS:
        parts = (await answer(world, ask("Hello", *turns), model)).parts
        turns += [Turn(Role.MODEL, parts), Turn.of(Role.USER, f"And again after {model}?")]
    assert text_of(parts)


@pytest.mark.parametrize("model", ["sandbox-chat", "claude-sonnet-4-6"])
async def test_a_forced_tool_is_called(world: World, model: str) -> None:
    choice = ToolChoice("any", ("get/weather",))
    got = await answer(world, ask("Hello", tools=(WEATHER,), tool_choice=choice), model)
    assert any(isinstance(part, ToolCall) and part.name == "get/weather" for part in got.parts)


async def test_a_free_text_tool_gets_its_text(world: World) -> None:
    tool = Tool("note", "Take a note", kind="custom")
    got = await answer(world, ask("use the tool", tools=(tool,)), "sandbox-chat")
    call = next(part for part in got.parts if isinstance(part, ToolCall))
    assert call.kind == "custom"
    assert not call.arguments.startswith("{")


async def test_an_answer_obeys_a_schema(world: World) -> None:
    schema = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
    got = await answer(world, ask("A town?", output=Output("schema", schema, "town")), "sandbox-chat")
    assert json.loads(text_of(got.parts)).keys() == {"town"}


@pytest.mark.parametrize(
    ("effort", "limit"), [("none", None), ("low", 300), ("high", 50), ("max", None), (None, 10)]
)
@pytest.mark.parametrize("model", ALL_CHAT_MODELS)
async def test_any_effort_and_limit_is_taken(
    world: World, model: str, effort: object, limit: int | None
) -> None:
    thinking = Thinking(effort=effort)  # type: ignore[arg-type]
    got = await answer(world, ask("Hi", thinking=thinking, sampling=Sampling(max_output_tokens=limit)), model)
    assert got.finish.reason in (FinishReason.STOP, FinishReason.LENGTH)


async def test_a_search_says_what_it_found(world: World) -> None:
    got = await answer(world, ask("[[search]] Who won?", search=True), "sandbox-chat")
    search = next(part for part in got.parts if isinstance(part, Search))
    assert search.queries
    assert all(source.uri.startswith("http") for source in search.sources)


async def test_a_picture_can_be_shown_to_the_model(world: World) -> None:
    made = await picture(world, ImageRequest("a red kite"))
    turn = Turn(Role.USER, (Text("What is this?"), made.media))
    got = await answer(world, ChatRequest("m", (turn,)), "gemini-3-pro-high")
    assert text_of(got.parts)


# --- pictures --------------------------------------------------------------------------------------


async def picture(world: World, request: ImageRequest, model: str = "sandbox-image") -> Made:
    events = [
        event async for event in world.provider.image(request, model, await world.grant(), world.address, 2)
    ]
    assert events[0] == Phase("sent", 2)
    assert isinstance(events[-1], Made)
    return events[-1]


@pytest.mark.parametrize("model", ["sandbox-image", "gemini-3-pro-image"])
async def test_a_picture_is_made(world: World, model: str) -> None:
    made = await picture(world, ImageRequest("A red kite", image=ImageOptions("16:9", "1K")), model)
    assert made.index == 2
    assert made.media.mime == "image/png"
    assert isinstance(made.media.data, Base64Text)
    assert base64.b64decode(made.media.data.text).startswith(b"\x89PNG")


async def test_a_picture_can_be_changed(world: World) -> None:
    first = await picture(world, ImageRequest("A red kite"))
    assert isinstance(first.media.data, Base64Text)
    reference = Media("image/jpeg", Base64Text("data:image/png;base64," + first.media.data.text), "reference")
    second = await picture(world, ImageRequest("Make it blue", references=(reference,)))
    assert second.media != first.media


# --- bad moments -----------------------------------------------------------------------------------


async def test_a_cut_stream_says_so_after_what_had_come(world: World) -> None:
    seen: list[Batch] = []

    async def listen(grant: Grant) -> None:
        async for batch in world.provider.chat(ask("[[cut]] Hi"), "sandbox-chat", grant, world.address):
            seen.append(batch)

    with pytest.raises(GatewayError) as caught:
        await listen(await world.grant())
    assert caught.value.failure.cause is Cause.CUT
    assert any(isinstance(event, PartDelta) for batch in seen for event in batch)


async def test_a_hanging_stream_is_given_up(world: World) -> None:
    caught = (await failure(world, ask("[[hang]] Tell me"))).failure
    assert (caught.kind, caught.cause, caught.scope) == (Kind.TIMEOUT, Cause.SILENT, Scope.ENDPOINT)


async def test_an_empty_answer_ends_without_parts(world: World) -> None:
    got = await answer(world, ask("[[empty]]"), "sandbox-chat")
    assert got.parts == ()


@pytest.mark.parametrize(
    ("word", "kind", "scope", "cause"),
    [
        ("400", Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE),
        ("401", Kind.UNAVAILABLE, Scope.ACCOUNT, Cause.AUTH),
        ("403", Kind.FORBIDDEN, Scope.ACCOUNT, Cause.VERIFICATION),
        ("404", Kind.NOT_FOUND, Scope.ENDPOINT, Cause.MISSING),
        ("413", Kind.TOO_LARGE, Scope.REQUEST, Cause.NONE),
        ("429", Kind.RATE, Scope.ACCOUNT_MODEL, Cause.RATE),
        ("429 2h", Kind.QUOTA, Scope.ACCOUNT_MODEL, Cause.QUOTA),
        ("500", Kind.UPSTREAM, Scope.ENDPOINT, Cause.SERVER),
        ("502", Kind.UPSTREAM, Scope.ENDPOINT, Cause.SERVER),
        ("503", Kind.CAPACITY, Scope.ENDPOINT, Cause.CAPACITY),
        ("504", Kind.TIMEOUT, Scope.ENDPOINT, Cause.SERVER),
    ],
)
async def test_a_refusal_is_told_apart(
    world: World, word: str, kind: Kind, scope: Scope, cause: Cause
) -> None:
    caught = (await failure(world, ask(f"[[error {word}]]"))).failure
    assert (caught.kind, caught.scope, caught.cause) == (kind, scope, cause)
    assert caught.status == int(word[:3])
    assert caught.public_message.endswith((".", ")"))
    if word == "429 2h":
        assert caught.retry_after == pytest.approx(7200, abs=2)
        assert "2 h 0 min" in caught.public_message
    if word == "403":
        assert caught.params["url"].startswith(world.address)


async def test_a_token_that_ran_out_is_the_accounts_trouble(world: World) -> None:
    grant = world.other_token(await world.grant(), "ya29.sandbox-forged")
    with pytest.raises(GatewayError) as caught:
        await batches(world, ask("Hi"), "sandbox-chat", grant)
    assert caught.value.failure.cause is Cause.AUTH


async def test_nobody_at_the_address_is_told_as_such(world: World) -> None:
    stream = world.provider.chat(ask("Hi"), "sandbox-chat", await world.grant(), "http://127.0.0.1:9")
    with pytest.raises(GatewayError) as caught:
        await anext(stream)
    assert caught.value.failure.cause is Cause.CONNECT


# --- sign-in, catalogue, count ---------------------------------------------------------------------


async def test_the_email_of_an_account_is_found(world: World) -> None:
    assert (
        await world.provider.sign_in.email((await world.grant()).token, Realm.SANDBOX) == "ada@sandbox.test"
    )


async def test_an_account_without_a_project_is_onboarded(world: World) -> None:
    account = world.account("alan")
    token = (await world.provider.sign_in.refresh(account.credential, Realm.SANDBOX)).token
    project = await world.provider.sign_in.project(account, token)
    assert project.id.startswith("sandbox-river-")
    assert project.tier == "free"


async def test_a_refused_refresh_token_asks_for_a_new_sign_in(world: World) -> None:
    with pytest.raises(GatewayError) as caught:
        await world.provider.sign_in.refresh(OAuth(Secret("1//gone")), Realm.SANDBOX)
    assert caught.value.failure.cause is Cause.INVALID_GRANT


async def test_without_a_client_both_settings_are_named_before_any_call(world: World) -> None:
    account = world.account()
    with pytest.raises(GatewayError) as caught:
        await world.provider.sign_in.refresh(account.credential, Realm.REAL)
    assert caught.value.failure.cause is Cause.CONFIG
    assert "ANTIGRAVITY_CLIENT_ID" in caught.value.failure.public_message
    assert "ANTIGRAVITY_CLIENT_SECRET" in caught.value.failure.public_message


async def test_a_key_is_no_sign_in_here(world: World) -> None:
    with pytest.raises(GatewayError) as caught:
        await world.provider.sign_in.refresh(ApiKey(Secret("k")), Realm.SANDBOX)
    assert caught.value.failure.cause is Cause.CONFIG


async def test_the_catalogue_tells_models_and_quotas_that_shrink(world: World) -> None:
    grant = await world.grant()
    before = await world.provider.catalogue(grant, world.address)
    await answer(world, ask("[[big]] Use a lot"), "sandbox-chat", grant)
    after = await world.provider.catalogue(grant, world.address)
    left = {window.name: window.fraction or 0 for window in before.quotas}
    now = {window.name: window.fraction or 0 for window in after.quotas}
    assert {"claude", "gemini-pro", "sandbox"} <= left.keys()
    assert now["sandbox"] < left["sandbox"]
    assert {"sandbox-chat", "gemini-3-pro-high"} <= {model.id for model in after.models}
    assert all(window.reset_at for window in after.quotas)


async def test_tokens_are_counted_upstream(world: World) -> None:
    grant = await world.grant()
    few = await world.provider.count_tokens(ask("Hi"), "sandbox-chat", grant, world.address)
    many = await world.provider.count_tokens(
        ask("Hi " * 500, tools=(WEATHER,), system=("Be kind.",)), "sandbox-chat", grant, world.address
    )
    assert 0 < few < many
