"""What a 400 asks to be changed, and the request with that changed and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs

from core.domain.content import Base64Text, Media, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.failure import Failure, Kind
from core.domain.requests import ChatRequest, ImageOptions, ImageRequest, Sampling, Thinking, Tool
from core.providers.antigravity.encode import encode
from core.providers.antigravity.generation import dropped
from core.providers.antigravity.image import encode_image
from core.providers.antigravity.models import facts_of
from core.providers.antigravity.refusals import repairable_chat, repairable_image
from core.providers.antigravity.repairs import REPAIRS
from core.providers.antigravity.signatures import SENTINEL

from .bodies import CLAUDE, CLAUDE_SIGNATURE, GEMINI, GEMINI_SIGNATURE, SENDER, WEATHER, model, shape, user
from .test_history import TURNS

LOOP = (
    user("a"),
    model(Thought("hm", CLAUDE_SIGNATURE), ToolCall("c1", "f"), ToolCall("c2", "g")),
    user(ToolResult("c1", "f", (Text("1"),)), ToolResult("c2", "g", (Text("2"),))),
)


def refused(text: str) -> Failure:
    return Failure(Kind.BAD_REQUEST, "", status=400, detail=f"INVALID_ARGUMENT: {text}")


def repair_of(text: str, request: ChatRequest) -> str:
    return repairable_chat(refused(text), request, facts_of(request.model), SENDER).repair


def sent(request: ChatRequest) -> dict[str, Any]:
    return json.loads(encode(request, facts_of(request.model), SENDER).body)["request"]


def repaired(text: str, request: ChatRequest) -> dict[str, Any]:
    """The request object after one refusal that says `text`."""
    name = repair_of(text, request)
    assert name, "a repair is proposed"
    return sent(structs.replace(request, repairs=(name,)))


def config(text: str, request: ChatRequest) -> dict[str, Any]:
    return repaired(text, request)["generationConfig"]


SIGNATURE_TEXTS = (
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "Corrupted thought signature.",
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
    "a final `assistant` message must start with a thinking block",
    "messages.1: thinking blocks are not allowed: thinking is disabled",
    "`thinking` blocks in the latest assistant message cannot be modified",
)


@pytest.mark.parametrize("text", SIGNATURE_TEXTS)
def test_claude_gets_no_thoughts_and_in_a_tool_loop_does_not_think(text: str) -> None:
    request = ChatRequest(CLAUDE, LOOP, tools=(WEATHER,))
    assert "thinkingConfig" in sent(request)["generationConfig"]
    got = repaired(text, request)
    assert shape(got["contents"]) == [
        ("user", ["a"]),
        ("model", ["call c1", "call c2"]),
        ("user", ["result c1", "result c2"]),
    ]
    assert "thinkingConfig" not in got["generationConfig"]


def test_claude_may_think_on_after_the_loop() -> None:
    over = (*LOOP, model(Thought("so", CLAUDE_SIGNATURE), "3"), user("and?"))
    got = repaired(SIGNATURE_TEXTS[0], ChatRequest(CLAUDE, over, tools=(WEATHER,)))
    assert "thought" not in json.dumps(got["contents"])
    assert "thinkingConfig" in got["generationConfig"]


def test_gemini_gets_the_sentinel_on_every_call() -> None:
    turns = (
        user("a"),
        model(
            Text("b", signature=GEMINI_SIGNATURE),
            ToolCall("c1", "f", signature=GEMINI_SIGNATURE),
            ToolCall("c2", "g"),
        ),
        user(ToolResult("c1", "f"), ToolResult("c2", "g")),
    )
    text = "Function call is missing a thought_signature in functionCall parts."
    parts = repaired(text, ChatRequest(GEMINI, turns, tools=(WEATHER,)))["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [None, SENTINEL, SENTINEL]


@pytest.mark.parametrize(
    "text",
    [
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: c1",
        "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: c1",
        "Please ensure that the number of function response parts is equal to the number of function call "
        "parts of the function call turn.",
        "Please ensure that function response turn comes immediately after a function call turn.",
    ],
)
def test_calls_are_paired_anew_and_results_stand_alone(text: str) -> None:
    picture = Media("image/png", Base64Text("iVBORw0KGgo="))
    turns = (user("a"), model(ToolCall("c1", "f")), user(ToolResult("c1", "f", (picture,)), "b"))
    got = shape(repaired(text, ChatRequest(GEMINI, turns, tools=(WEATHER,)))["contents"])
    made = got[1][1][0].removeprefix("call ")
    assert made.startswith("call_")
    assert got == [
        ("user", ["a"]),
        ("model", [f"call {made}"]),
        ("user", [f"result {made}"]),
        ("model", ["."]),
        ("user", ["picture", "b"]),
    ]


def test_a_budget_that_is_too_large_is_lowered_or_left_out() -> None:
    text = "`max_tokens` must be greater than `thinking.budget_tokens`."

    def asked(limit: int) -> ChatRequest:
        return ChatRequest(
            CLAUDE, (user("a"),), sampling=Sampling(max_output_tokens=limit), thinking=Thinking(budget=8_000)
        )

    assert config(text, asked(9_000)) == {
        "maxOutputTokens": 9_000,
        "thinkingConfig": {"thinkingBudget": 4_000, "includeThoughts": True},
    }
    small = structs.replace(asked(1_100), thinking=Thinking(budget=1_024))
    assert config(text, small) == {"maxOutputTokens": 1_100}


@pytest.mark.parametrize(
    "text",
    [
        "Unable to submit request because it has a maxOutputTokens value of 70000 but the supported range is",
        "max_tokens: 70000 > 64000, which is the maximum allowed number of output tokens",
    ],
)
def test_a_limit_out_of_range_is_left_out(text: str) -> None:
    request = ChatRequest(GEMINI, (user("a"),), sampling=Sampling(max_output_tokens=500, top_k=3))
    got = config(text, request)
    assert "maxOutputTokens" not in got
    assert got["topK"] == 3


@pytest.mark.parametrize("path", ["request.generation_config", "request.generationConfig"])
def test_an_unknown_key_of_the_configuration_is_left_out(path: str) -> None:
    text = f"Invalid JSON payload received. Unknown name \"presencePenalty\" at '{path}': Cannot find field."
    request = ChatRequest(GEMINI, (user("a"),), sampling=Sampling(presence_penalty=1.0, top_k=3))
    got = config(text, request)
    assert "presencePenalty" not in got
    assert got["topK"] == 3
    name = repair_of(text, request)
    assert name == "key:presencePenalty"
    assert dropped(structs.replace(request, repairs=(name,)), facts_of(GEMINI), True) == ("presencePenalty",)


@pytest.mark.parametrize(
    "text",
    [
        "Unknown name \"imageSize\" at 'request.generation_config.image_config': Cannot find field.",
        "Invalid value at 'request.generation_config.image_config.image_size': 8K",
        "imageSize is not supported by this model.",
    ],
)
def test_a_picture_is_asked_again_without_a_size_that_is_refused(text: str) -> None:
    request = ImageRequest("a kite", "gemini-3-pro-image", image=ImageOptions("16:9", "4K"))
    row = facts_of("gemini-3-pro-image")
    name = repairable_image(refused(text), request, row).repair
    body = json.loads(encode_image(structs.replace(request, repairs=(name,)), row, SENDER))["request"]
    assert body["generationConfig"] == {"candidateCount": 1, "imageConfig": {"aspectRatio": "16:9"}}
    bare = structs.replace(request, image=ImageOptions("", "4K"), repairs=(name,))
    assert json.loads(encode_image(bare, row, SENDER))["request"]["generationConfig"] == {"candidateCount": 1}


def test_thinking_is_said_in_the_other_form() -> None:
    level = ChatRequest(GEMINI, (user("a"),), thinking=Thinking("high"))
    got = config("Thinking level is not supported for this model.", level)["thinkingConfig"]
    assert got == {"includeThoughts": True, "thinkingBudget": 24_576}
    budget = ChatRequest("gemini-2.5-flash", (user("a"),), thinking=Thinking(budget=1_000))
    unknown = "Unknown name \"thinkingBudget\" at 'request.generation_config.thinking_config'"
    assert config(unknown, budget)["thinkingConfig"] == {"includeThoughts": True, "thinkingLevel": "minimal"}


def test_a_refused_schema_gives_way_to_any_object_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    odd = Tool("odd", "d", {"type": "object", "properties": {"secretive": {"type": "string"}}})
    for to, text in (
        (CLAUDE, "tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020"),
        (GEMINI, "Unknown name \"x\" at 'request.tools[0].function_declarations[1].parameters'"),
    ):
        got = repaired(text, ChatRequest(to, (user("a"),), tools=(WEATHER, odd)))
        first, second = got["tools"][0]["functionDeclarations"]
        assert "location" in first["parameters"]["properties"]
        assert "secretive" not in json.dumps(second)
        assert second["parameters"]["type"] == "object"
        assert second["name"] == "odd"
    assert "tool odd was refused" in caplog.text
    assert "secretive" in caplog.text
    every = repaired("input_schema: Field required", ChatRequest(CLAUDE, (user("a"),), tools=(WEATHER, odd)))
    assert all(
        list(one["parameters"]["properties"]) == ["_placeholder"]
        for one in every["tools"][0]["functionDeclarations"]
    )


def test_calls_that_can_not_be_validated_are_not() -> None:
    got = repaired(
        "Function calling mode VALIDATED is not supported.", ChatRequest(CLAUDE, LOOP, tools=(WEATHER,))
    )
    assert got["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}


def test_an_answer_begun_for_a_picture_model_is_asked_to_be_continued() -> None:
    request = ChatRequest("gemini-3-pro-image", (user("a"), model("b")))
    text = "This model does not support assistant message prefill."
    assert [turn["role"] for turn in repaired(text, request)["contents"]] == ["user", "model", "user"]


def test_nothing_is_proposed_that_changes_nothing_or_was_done_before() -> None:
    plain = ChatRequest(GEMINI, (user("a"),))
    for text in ("Request contains an invalid argument.", *SIGNATURE_TEXTS, "unexpected `tool_use_id`"):
        assert repair_of(text, plain) == ""
    request = ChatRequest(CLAUDE, LOOP, tools=(WEATHER,))
    name = repair_of(SIGNATURE_TEXTS[0], request)
    assert repair_of(SIGNATURE_TEXTS[2], structs.replace(request, repairs=(name,))) == ""


def test_only_a_bad_request_is_repaired() -> None:
    request = ChatRequest(CLAUDE, LOOP, tools=(WEATHER,))
    for failure in (
        structs.replace(refused(SIGNATURE_TEXTS[0]), status=429),
        structs.replace(refused(SIGNATURE_TEXTS[0]), kind=Kind.TOO_LONG),
    ):
        assert repairable_chat(failure, request, facts_of(CLAUDE), SENDER).repair == ""


@settings(max_examples=150, deadline=None)
@given(TURNS.filter(lambda turns: any(turn.parts for turn in turns)))
def test_a_repair_keeps_the_conversation_whole(turns: list[Turn]) -> None:
    """Whatever is repaired, roles alternate, no turn is empty, and every call has its result."""
    for to in (GEMINI, CLAUDE):
        for repair in REPAIRS:
            request = ChatRequest(to, (*turns, user("end")), repairs=(repair.kind,), tools=(WEATHER,))
            contents = sent(request)["contents"]
            assert [turn["role"] for turn in contents] == (["user", "model"] * len(contents))[: len(contents)]
            open_calls: list[str] = []
            for turn in contents:
                assert turn["parts"]
                results = [p["functionResponse"]["id"] for p in turn["parts"] if "functionResponse" in p]
                assert results == open_calls
                open_calls = [p["functionCall"]["id"] for p in turn["parts"] if "functionCall" in p]
            assert not open_calls
