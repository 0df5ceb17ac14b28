"""Bodies of chat requests, as they stand on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.content import (
    AssetRef,
    Base64Text,
    Media,
    Opaque,
    Part,
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
    Output,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
)
from core.providers.antigravity.contents import CONTINUE
from core.providers.antigravity.encode import Sender, encode, encode_count, session_id
from core.providers.antigravity.models import facts_of
from core.providers.antigravity.pairing import NO_RESULT
from core.providers.antigravity.signatures import SENTINEL

GEMINI, CLAUDE, OSS = "gemini-3-pro-high", "claude-opus-4-6-thinking", "gpt-oss-120b-medium"
SENDER = Sender("ada", "my-project-id", "agent-abc123")
GEMINI_SIGNATURE = "A" + "q3" * 40
CLAUDE_SIGNATURE = "R" + "q3" * 40
WEATHER = Tool(
    "get_weather", "Get weather", {"type": "object", "properties": {"location": {"type": "string"}}}
)


def user(*parts: Part | str) -> Turn:
    return Turn(Role.USER, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def model(*parts: Part | str) -> Turn:
    return Turn(Role.MODEL, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def body(*turns: Turn, to: str = GEMINI, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(to, turns, **fields)
    return json.loads(encode(request, facts_of(to), SENDER).body)


def contents(*turns: Turn, to: str = GEMINI, **fields: Any) -> list[Any]:
    return body(*turns, to=to, **fields)["request"]["contents"]


def shape(turns: list[Any]) -> list[tuple[str, list[str]]]:
    """Roles, and for each part its text or what it is of what."""
    out: list[tuple[str, list[str]]] = []
    for turn in turns:
        parts: list[str] = []
        for part in turn["parts"]:
            if "functionCall" in part:
                parts.append(f"call {part['functionCall']['id']}")
            elif "functionResponse" in part:
                parts.append(f"result {part['functionResponse']['id']}")
            elif "inlineData" in part:
                parts.append("picture")
            else:
                parts.append(("thought " if part.get("thought") else "") + part["text"])
        out.append((turn["role"], parts))
    return out


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


# --- order and ends --------------------------------------------------------------------------------


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


# --- pairing ---------------------------------------------------------------------------------------


def test_parallel_calls_split_over_messages_are_one_turn_with_results_in_call_order() -> None:
    got = contents(
        user("a"),
        model(ToolCall("c1", "f")),
        model(ToolCall("c2", "g")),
        user(ToolResult("c2", "g", (Text("two"),))),
        user(ToolResult("c1", "f", (Text("one"),))),
    )
    assert shape(got)[1:] == [("model", ["call c1", "call c2"]), ("user", ["result c1", "result c2"])]
    assert [part["functionResponse"]["response"] for part in got[2]["parts"]] == [
        {"result": "one"},
        {"result": "two"},
    ]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    for turns in (
        [user("a"), model(ToolCall("c1", "f"))],
        [user("a"), model(ToolCall("c1", "f")), user("b")],
    ):
        answer = contents(*turns)[2]["parts"][0]["functionResponse"]
        assert answer == {"name": "f", "id": "c1", "response": {"error": NO_RESULT}}


def test_results_without_a_call_become_text() -> None:
    got = contents(user("a", ToolResult("zz", "f", (Text("lost"),))), model("b"), user("c"))
    assert shape(got)[0] == ("user", ["a", "Tool result (f): lost"])


def test_missing_and_repeated_ids_are_made_distinct_on_both_sides() -> None:
    turns = (
        user("a"),
        model(ToolCall("", "f"), ToolCall("same", "g")),
        user(ToolResult("", "f", (Text("1"),)), ToolResult("same", "g", (Text("2"),))),
        model(ToolCall("same", "g")),
        user(ToolResult("same", "g", (Text("3"),))),
    )
    got = shape(contents(*turns))
    made = got[1][1][0].removeprefix("call ")
    assert made.startswith("call_")
    assert got[2] == ("user", [f"result {made}", "result same"])
    assert got[3:] == [("model", ["call same-2"]), ("user", ["result same-2"])]
    assert shape(contents(*turns)) == got


def test_results_match_by_name_then_by_position() -> None:
    got = contents(
        user("a"),
        model(ToolCall("c1", "f"), ToolCall("c2", "g"), ToolCall("c3", "h")),
        user(
            ToolResult("x", "", (Text("first left"),)),
            ToolResult("y", "g", (Text("by name"),)),
            ToolResult("c3", "h", (Text("by id"),)),
        ),
    )
    said = [part["functionResponse"]["response"]["result"] for part in got[2]["parts"]]
    assert said == ["first left", "by name", "by id"]


def test_for_claude_ids_are_plain_and_history_calls_are_declared() -> None:
    got = body(user("a"), model(ToolCall("c:1 x", "my.tool")), user("b"), to=CLAUDE)["request"]
    assert shape(got["contents"])[1:] == [("model", ["call c_1_x"]), ("user", ["result c_1_x", "b"])]
    declared = got["tools"][0]["functionDeclarations"]
    assert [one["name"] for one in declared] == ["my_tool"]


def test_pictures_of_a_result_follow_the_last_result() -> None:
    picture = Media("image/png", b"\x89PNG")
    got = contents(
        user("a"),
        model(ToolCall("c1", "f"), ToolCall("c2", "g")),
        user(ToolResult("c1", "f", (Text("x"), picture)), ToolResult("c2", "g", (Text("y"),))),
    )
    assert shape(got)[2] == ("user", ["result c1", "result c2", "picture"])


def test_an_error_result_is_an_error_and_odd_arguments_are_kept() -> None:
    got = contents(
        user("a"),
        model(ToolCall("1", "f", "[1]"), ToolCall("2", "f", "not json"), ToolCall("3", "f", "x", "custom")),
        user(ToolResult("1", "f", (Text("boom"),), is_error=True)),
    )
    assert [part["functionCall"]["args"] for part in got[1]["parts"]] == [
        {"value": [1]},
        {"raw": "not json"},
        {"input": "x"},
    ]
    assert got[2]["parts"][0]["functionResponse"]["response"] == {"error": "boom"}


# --- signatures ------------------------------------------------------------------------------------


def signed(to: str, *parts: Part) -> list[Any]:
    results = [ToolResult(part.id, part.name) for part in parts if isinstance(part, ToolCall)]
    return contents(user("a"), model(*parts), user(*results, "b"), to=to, tools=(WEATHER,))[1]["parts"]


def test_gemini_keeps_its_signatures_and_gets_the_sentinel_for_a_first_call_without() -> None:
    own = ToolCall("1", "f", signature=GEMINI_SIGNATURE)
    bare = ToolCall("2", "g")
    assert [part.get("thoughtSignature") for part in signed(GEMINI, own, bare)] == [GEMINI_SIGNATURE, None]
    assert [part.get("thoughtSignature") for part in signed(GEMINI, bare, own)] == [
        SENTINEL,
        GEMINI_SIGNATURE,
    ]
    foreign = ToolCall("1", "f", signature=CLAUDE_SIGNATURE)
    assert signed(GEMINI, foreign)[0]["thoughtSignature"] == SENTINEL
    assert "thoughtSignature" not in signed("gemini-2.5-pro", bare)[0]


def test_a_blank_text_stays_only_for_the_signature_it_carries_to_gemini() -> None:
    parts = (Text("", signature=GEMINI_SIGNATURE), Text("x"))
    assert signed(GEMINI, *parts)[0] == {"text": "", "thoughtSignature": GEMINI_SIGNATURE}
    assert signed(CLAUDE, *parts) == [{"text": "x"}]


def test_claude_keeps_only_thoughts_of_its_own() -> None:
    parts = (
        Thought("mine", CLAUDE_SIGNATURE),
        Thought("theirs", GEMINI_SIGNATURE),
        Thought("bare"),
        Text("x"),
    )
    assert shape([{"role": "model", "parts": signed(CLAUDE, *parts)}]) == [("model", ["thought mine", "x"])]


@pytest.mark.parametrize("to", [CLAUDE, OSS])
def test_no_call_carries_a_signature_to_others(to: str) -> None:
    call = ToolCall("1", "f", signature=GEMINI_SIGNATURE)
    assert "thoughtSignature" not in json.dumps(signed(to, call))
    assert "thoughtSignature" not in json.dumps(signed(OSS, Thought("t", CLAUDE_SIGNATURE), Text("x")))


def test_claude_in_a_tool_loop_without_its_thought_does_not_think() -> None:
    def config(*parts: Part) -> dict[str, Any]:
        turns = (user("a"), model(*parts, ToolCall("1", "f")), user(ToolResult("1", "f")))
        return body(*turns, to=CLAUDE, tools=(WEATHER,))["request"]["generationConfig"]

    assert "thinkingConfig" not in config()
    assert "thinkingConfig" not in config(Thought("theirs", GEMINI_SIGNATURE))
    assert "thinkingConfig" in config(Thought("mine", CLAUDE_SIGNATURE))


def test_without_thinking_thoughts_are_left_out() -> None:
    got = contents(
        user("a"),
        model(Thought("mine", CLAUDE_SIGNATURE), "b"),
        user("c"),
        to="claude-sonnet-4-6",
    )
    assert shape(got)[1] == ("model", ["b"])


# --- other parts -----------------------------------------------------------------------------------


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


# --- tools -----------------------------------------------------------------------------------------


def fields(to: str = GEMINI, **more: Any) -> dict[str, Any]:
    request = body(user("a"), to=to, **more)["request"]
    return {key: request[key] for key in ("tools", "toolConfig") if key in request}


def test_no_tools_no_fields() -> None:
    assert fields() == {}
    assert fields(tool_choice=ToolChoice("any")) == {}


@pytest.mark.parametrize(
    ("choice", "gemini", "claude"),
    [
        (ToolChoice(), None, {"mode": "VALIDATED"}),
        (ToolChoice("any"), {"mode": "ANY"}, {"mode": "ANY"}),
        (
            ToolChoice("any", ("get_weather",)),
            {"mode": "ANY", "allowedFunctionNames": ["get_weather"]},
            {"mode": "ANY", "allowedFunctionNames": ["get_weather"]},
        ),
    ],
)
def test_a_tool_choice_has_a_mode(choice: ToolChoice, gemini: object, claude: object) -> None:
    for to, mode in ((GEMINI, gemini), (CLAUDE, claude)):
        config = fields(to, tools=(WEATHER,), tool_choice=choice).get("toolConfig")
        assert config == (None if mode is None else {"functionCallingConfig": mode})


def test_no_choice_is_said_to_gemini_and_takes_the_tools_from_claude() -> None:
    none = ToolChoice("none")
    got = fields(GEMINI, tools=(WEATHER,), tool_choice=none)
    assert got["toolConfig"] == {"functionCallingConfig": {"mode": "NONE"}}
    assert fields(CLAUDE, tools=(WEATHER,), tool_choice=none) == {}


def test_search_stands_alone_and_never_beside_functions() -> None:
    search = Tool("web_search", kind="builtin")
    assert fields(tools=(search,)) == {"tools": [{"googleSearch": {}}]}
    assert fields(search=True) == {"tools": [{"googleSearch": {}}]}
    assert fields(tools=(search, Tool("url_context", kind="builtin"))) == {
        "tools": [{"googleSearch": {}}, {"urlContext": {}}]
    }
    assert "googleSearch" not in json.dumps(fields(search=True, tools=(WEATHER,)))
    assert fields(CLAUDE, search=True) == {}


def test_a_name_is_declared_once_and_auto_may_be_narrowed() -> None:
    second = Tool("get_weather", "another")
    other = Tool("other")
    declared = fields(tools=(WEATHER, second, other))["tools"][0]["functionDeclarations"]
    assert [(one["name"], one["description"]) for one in declared] == [
        ("get_weather", "Get weather"),
        ("other", ""),
    ]
    narrowed = fields(tools=(WEATHER, other), tool_choice=ToolChoice("auto", ("other",)))
    assert [one["name"] for one in narrowed["tools"][0]["functionDeclarations"]] == ["other"]


def test_claude_gets_a_placeholder_where_an_object_has_no_properties() -> None:
    declared = fields(CLAUDE, tools=(Tool("ping"),))["tools"][0]["functionDeclarations"][0]
    assert declared["parameters"]["required"] == ["_placeholder"]
    assert declared["description"] == "ping"


def test_the_form_of_an_answer_is_said_in_words_where_there_is_no_field() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    got = body(user("x"), to=OSS, output=Output("schema", schema))["request"]
    assert "responseSchema" not in json.dumps(got)
    assert '"properties":{"a"' in got["systemInstruction"]["parts"][0]["text"]
    assert (
        "JSON"
        in body(user("x"), to=CLAUDE, output=Output("json"))["request"]["systemInstruction"]["parts"][0][
            "text"
        ]
    )


# --- picture models in chat, counting, session -----------------------------------------------------


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


# --- any history -----------------------------------------------------------------------------------

TEXTS = st.sampled_from(["", " ", "hi", '{"a":1}'])
IDS = st.sampled_from(["", "c1", "c2", "c:3"])
SIGNATURES = st.sampled_from(["", "short", GEMINI_SIGNATURE, CLAUDE_SIGNATURE, SENTINEL])
NAMES = st.sampled_from(["f", "g/h", "9"])
PARTS = st.one_of(
    st.builds(Text, TEXTS, signature=SIGNATURES),
    st.builds(Thought, TEXTS, SIGNATURES),
    st.builds(ToolCall, IDS, NAMES, TEXTS, signature=SIGNATURES),
    st.builds(ToolResult, IDS, NAMES, st.tuples(st.builds(Text, TEXTS)), st.booleans()),
    st.just(Media("image/png", Base64Text("iVBORw0="))),
    st.just(Search(("q",))),
)
TURNS = st.lists(
    st.builds(Turn, st.sampled_from(list(Role)), st.lists(PARTS, max_size=4).map(tuple)), max_size=7
)


@settings(max_examples=300, deadline=None)
@given(TURNS, st.sampled_from([GEMINI, CLAUDE, OSS, "claude-sonnet-4-6", "gemini-2.5-pro"]))
def test_any_history_becomes_a_sequence_that_the_upstream_takes(turns: list[Turn], to: str) -> None:
    try:
        got = contents(*turns, to=to)
    except GatewayError:
        return
    assert [turn["role"] for turn in got] == (["user", "model"] * len(got))[: len(got)]
    assert len(got) % 2 == 1
    open_calls: list[str] = []
    seen: set[str] = set()
    for turn in got:
        assert turn["parts"]
        results = [p["functionResponse"]["id"] for p in turn["parts"] if "functionResponse" in p]
        calls = [p["functionCall"]["id"] for p in turn["parts"] if "functionCall" in p]
        assert results == open_calls
        assert not seen.intersection(calls)
        assert len(set(calls)) == len(calls)
        seen.update(calls)
        open_calls = calls
        if results:
            assert all("functionResponse" in p for p in turn["parts"][: len(results)])
        for part in turn["parts"]:
            if "text" in part and not part["text"].strip():
                assert "thoughtSignature" in part
    assert not open_calls
