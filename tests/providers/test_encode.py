"""Bodies of chat requests, as they stand on the wire."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec import structs

from core.domain.content import (
    AssetRef,
    Base64Text,
    Media,
    Opaque,
    Refusal,
    Role,
    Search,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from core.domain.failure import GatewayError, Kind
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
from core.providers.antigravity.contents import CONTINUE
from core.providers.antigravity.encode import encode, encode_count, session_id
from core.providers.antigravity.image import encode_image
from core.providers.antigravity.models import facts_of

from .bodies import (
    CLAUDE,
    CLAUDE_SIGNATURE,
    GEMINI,
    GEMINI_SIGNATURE,
    SENDER,
    WEATHER,
    body,
    contents,
    model,
    shape,
    user,
)


def test_the_kind_of_call_and_credits_are_named_only_where_settings_say_so() -> None:
    plain = body(user("a"))
    assert not {"requestType", "enabledCreditTypes"} & plain.keys()
    sender = structs.replace(SENDER, typed=True, credits=True)

    def sent(**fields: Any) -> dict[str, Any]:
        return json.loads(encode(ChatRequest(GEMINI, (user("a"),), **fields), facts_of(GEMINI), sender).body)

    got = sent()
    assert got.pop("requestType") == "agent"
    assert got.pop("enabledCreditTypes") == ["GOOGLE_ONE_AI"]
    assert got == plain
    assert sent(search=True)["requestType"] == "web_search"
    row = facts_of("gemini-3-pro-image")
    assert json.loads(encode_image(ImageRequest("kite"), row, sender))["requestType"] == "image_gen"


def test_the_preamble_stands_before_every_system_text_of_a_chat_and_is_counted() -> None:
    def texts(raw: bytes) -> list[str]:
        request = json.loads(raw)["request"]
        return [part["text"] for part in request.get("systemInstruction", {"parts": []})["parts"]]

    sender, row = structs.replace(SENDER, preamble="You are kind."), facts_of(GEMINI)
    request = ChatRequest(GEMINI, (user("a"),), system=("Be brief.",))
    assert texts(encode(request, row, sender).body) == ["You are kind.", "Be brief."]
    assert texts(encode_count(request, row, "You are kind.")) == ["You are kind.", "Be brief."]
    assert texts(encode(structs.replace(request, search=True), row, sender).body) == ["Be brief."]
    assert texts(encode(request, facts_of("gemini-3-pro-image"), sender).body) == []


@pytest.mark.parametrize(
    "data",
    [
        "data:image/webp;base64,iVBORw0KGgoAAAANSUhEUg==",
        "iVBORw0KGgoAAAANS\nUhEUg==\n",
        b"\x89PNG\r\n\x1a\n123",
    ],
)
def test_a_picture_is_sent_bare_and_as_what_it_is(data: str | bytes) -> None:
    held = Base64Text(data) if isinstance(data, str) else data
    sent = contents(user("see", Media("image/webp", held)))[0]["parts"][1]["inlineData"]
    assert sent["mimeType"] == "image/png"
    assert base64.b64decode(sent["data"], validate=True).startswith(b"\x89PNG")


def test_the_seeds_complete_example_is_written() -> None:
    got = body(
        user("Hello, how are you?"),
        to="claude-sonnet-4-6",
        system=("You are a helpful assistant.",),
        sampling=Sampling(temperature=0.7, max_output_tokens=1000),
    )
    assert got.pop("request").pop("sessionId").startswith("-")
    assert got == {
        "project": "my-project-id",
        "model": "claude-sonnet-4-6",
        "userAgent": "antigravity",
        "requestId": "agent-abc123",
    }
    got = body(
        user("Hello, how are you?"),
        to="claude-sonnet-4-6",
        system=("You are a helpful assistant.",),
        sampling=Sampling(temperature=0.7, max_output_tokens=1000),
    )["request"]
    del got["sessionId"]
    assert got == {
        "contents": [{"role": "user", "parts": [{"text": "Hello, how are you?"}]}],
        "systemInstruction": {"parts": [{"text": "You are a helpful assistant."}]},
        "generationConfig": {"temperature": 0.7, "maxOutputTokens": 1000},
    }


def test_a_whole_request_with_everything_in_it() -> None:
    call = ToolCall("c1", "mcp/get", '{"location": "Paris", "n": 1.0}', signature=GEMINI_SIGNATURE)
    got = body(
        user("Look", Media("image/png", Base64Text("iVBORw0="))),
        model(Thought("hm", GEMINI_SIGNATURE), "I will.", call),
        user(ToolResult("c1", "mcp/get", (Text('{"temperature":"22C"}'),)), "and now?"),
        system=("One.", " ", "Two."),
        tools=(Tool("mcp/get", "Gets", {"$ref": "#/$defs/P", "$defs": {"P": {"type": "object"}}}),),
        tool_choice=ToolChoice("any", ("mcp/get",)),
        sampling=Sampling(0.5, 0.9, 40, ("END", " "), 7, 0.0, 0.2, 1000),
        thinking=Thinking(effort="low"),
        output=Output("schema", {"type": "object", "properties": {"a": {"const": 1}}}),
        safety=({"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},),
    )["request"]
    del got["sessionId"]
    assert list(got) == [
        "systemInstruction",
        "tools",
        "toolConfig",
        "generationConfig",
        "safetySettings",
        "contents",
    ]
    assert got == {
        "systemInstruction": {"parts": [{"text": "One."}, {"text": "Two."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "mcp_get",
                        "description": "Gets",
                        "parameters": {"type": "object", "properties": {}},
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["mcp_get"]}},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "stopSequences": ["END"],
            "seed": 7,
            "frequencyPenalty": 0.2,
            "maxOutputTokens": 1000,
            "responseMimeType": "application/json",
            "responseSchema": {
                "type": "object",
                "properties": {"a": {"type": "integer", "description": "Allowed: 1"}},
            },
            "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True},
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "Look"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0="}}],
            },
            {
                "role": "model",
                "parts": [
                    {"thought": True, "text": "hm", "thoughtSignature": GEMINI_SIGNATURE},
                    {"text": "I will."},
                    {
                        "functionCall": {
                            "name": "mcp_get",
                            "args": {"location": "Paris", "n": 1.0},
                            "id": "c1",
                        },
                        "thoughtSignature": GEMINI_SIGNATURE,
                    },
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "mcp_get", "id": "c1", "response": {"temperature": "22C"}}},
                    {"text": "and now?"},
                ],
            },
        ],
    }


def test_arguments_and_results_pass_byte_for_byte() -> None:
    call = ToolCall("c1", "f", '{"big":12345678901234567890,"f":1.10}')
    result = ToolResult("c1", "f", (Text('{"x": 1.50}'),))
    raw = encode(ChatRequest("m", (user("a"), model(call), user(result))), facts_of(GEMINI), SENDER).body
    assert b'"args":{"big":12345678901234567890,"f":1.10}' in raw
    assert b'"response":{"x": 1.50}' in raw


def test_odd_histories_are_put_in_order() -> None:
    read = ToolCall("c1", "read", '{"p":"A"}')
    got = contents(
        model("Hi"),
        user(""),
        user("What is in A?"),
        model(read),
        user("and B?", ToolResult("c1", "read", (Text("alpha"),))),
    )
    assert shape(got) == [
        ("user", ["."]),
        ("model", ["Hi"]),
        ("user", ["What is in A?"]),
        ("model", ["call c1"]),
        ("user", ["result c1", "and B?"]),
    ]


def test_a_prefilled_answer_is_asked_to_be_continued() -> None:
    assert shape(contents(user("Count"), model("1, 2,")))[-1] == ("user", [CONTINUE])
    assert shape(contents(user("Count"), model("  "))) == [("user", ["Count"])]


def test_system_turns_at_the_head_are_system_and_later_ones_stay() -> None:
    got = body(
        Turn.of(Role.SYSTEM, "first"), user("a"), Turn.of(Role.SYSTEM, "later"), user("b"), system=("zero",)
    )
    request = got["request"]
    assert [part["text"] for part in request["systemInstruction"]["parts"]] == ["zero", "first"]
    assert shape(request["contents"]) == [("user", ["a", "<system>\nlater\n</system>", "b"])]


@pytest.mark.parametrize("turns", [(), (user(""),), (user(Search()),), (model(Thought("x")),)])
def test_nothing_to_say_is_refused_here(turns: tuple[Turn, ...]) -> None:
    with pytest.raises(GatewayError) as caught:
        contents(*turns)
    assert caught.value.failure.kind is Kind.BAD_REQUEST


def test_a_blank_message_alone_is_put_as_a_text_that_no_model_refuses() -> None:
    assert shape(contents(user(" "))) == [("user", ["."])]
    assert shape(contents(user(" "), user("Hi"))) == [("user", ["Hi"])]


def test_for_claude_thoughts_come_first_and_calls_last() -> None:
    call = ToolCall("c1", "f")
    got = contents(
        user("a"),
        model(call, "text", Thought("hm", CLAUDE_SIGNATURE)),
        user(ToolResult("c1", "f")),
        to=CLAUDE,
        tools=(WEATHER,),
    )
    assert shape(got)[1] == ("model", ["thought hm", "text", "call c1"])


def test_opaque_parts_go_back_to_their_own_family_only() -> None:
    raw = Opaque("gemini", '{"executableCode":{"language":"PYTHON","code":"1"}}')
    bad = Opaque("gemini", '{"functionCall":{}}')
    other = Opaque("anthropic", '{"text":"x"}')
    assert contents(user("a", raw, bad, other))[0]["parts"] == [
        {"text": "a"},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    ]
    assert shape(contents(user("a", raw), to=CLAUDE)) == [("user", ["a"])]


def test_refusals_are_text_and_searches_are_left_out() -> None:
    got = contents(user("a"), model(Refusal("No."), Search(("q",))), user("b"))
    assert shape(got)[1] == ("model", ["No."])


@pytest.mark.parametrize("source", [Url("https://h/x.png"), AssetRef("a1")])
def test_a_picture_that_is_not_there_is_refused_here(source: Url | AssetRef) -> None:
    with pytest.raises(GatewayError) as caught:
        contents(user(Media("image/png", source)))
    assert caught.value.failure.kind is Kind.BAD_REQUEST


def test_a_picture_model_gets_nothing_it_refuses() -> None:
    got = body(
        user("draw"),
        to="gemini-3-pro-image",
        system=("be kind",),
        tools=(WEATHER,),
        image=ImageOptions("16:9", "2K"),
        sampling=Sampling(temperature=1.0, max_output_tokens=5),
        output=Output("json"),
        thinking=Thinking(effort="high"),
    )["request"]
    del got["sessionId"]
    assert got == {
        "generationConfig": {
            "candidateCount": 1,
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
        },
        "contents": [{"role": "user", "parts": [{"text": "draw"}]}],
    }


def test_counting_sends_the_request_alone() -> None:
    request = ChatRequest("m", (user("a"),), ("s",), tools=(WEATHER,), safety=({"category": "x"},))
    got = json.loads(encode_count(request, facts_of(GEMINI)))
    assert set(got) == {"request"}
    assert set(got["request"]) == {"contents", "systemInstruction", "tools"}


def test_a_session_is_the_same_for_a_conversation_and_different_for_an_account() -> None:
    first = ChatRequest("m", (user("a"),), ("s",))
    later = ChatRequest("m", (user("a"), model("b"), user("c")), ("s",))
    assert session_id(first, "ada") == session_id(later, "ada") != session_id(first, "alan")
    named = ChatRequest("m", (user("other"),), conversation="k")
    assert session_id(named, "ada") == session_id(ChatRequest("m", (user("x"),), conversation="k"), "ada")
    assert -(2**63) < int(session_id(first, "ada")) <= 0


def test_equal_input_gives_equal_bytes() -> None:
    turns = (user("a"), model(ToolCall("", "f")), user("b"))
    request = ChatRequest("m", turns, tools=(WEATHER, Tool("x/y"), Tool("x_y")))
    row = facts_of(CLAUDE)
    assert encode(request, row, SENDER).body == encode(request, row, SENDER).body
