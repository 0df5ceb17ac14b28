"""Calls, results and signatures of a history, however a client mangled them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from core.domain.failure import GatewayError
from core.domain.requests import ChatRequest
from core.providers.antigravity.contents import PICTURE_THERE
from core.providers.antigravity.generation import dropped
from core.providers.antigravity.models import facts_of
from core.providers.antigravity.pairing import NO_RESULT
from core.providers.antigravity.signatures import SENTINEL

from .bodies import (
    CLAUDE,
    CLAUDE_SIGNATURE,
    GEMINI,
    GEMINI_SIGNATURE,
    OSS,
    WEATHER,
    body,
    contents,
    model,
    shape,
    user,
)


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


def test_thousands_of_calls_are_paired_at_once_whatever_the_order_of_their_results() -> None:
    calls = [ToolCall(f"c{index}", "f", "{}") for index in range(8000)]
    results = [ToolResult(f"c{index}", "f", (Text(str(index)),)) for index in range(8000)]
    began = time.thread_time()
    got = contents(user("a"), model(*calls), user(*reversed(results)))
    assert time.thread_time() - began < 1.5
    said = [part["functionResponse"]["response"]["result"] for part in got[2]["parts"]]
    assert said == [str(index) for index in range(8000)]


def test_ids_that_are_used_again_are_told_apart_and_keep_their_results() -> None:
    calls = [ToolCall(f"c{index % 2}", f"f{index}", "{}") for index in range(6)]
    results = [ToolResult(f"c{index % 2}", f"f{index}", (Text(str(index)),)) for index in range(6)]
    got = contents(user("a"), model(*calls), user(*results))
    ids = [part["functionCall"]["id"] for part in got[1]["parts"]]
    assert ids == ["c0", "c1", "c0-2", "c1-2", "c0-3", "c1-3"]
    assert [part["functionResponse"]["id"] for part in got[2]["parts"]] == ids
    said = [part["functionResponse"]["response"]["result"] for part in got[2]["parts"]]
    assert said == [str(index) for index in range(6)]


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


def test_pictures_that_a_model_made_long_ago_are_not_sent_again_and_that_is_told() -> None:
    size = 3 * 1024 * 1024

    def picture(letter: str) -> Media:
        return Media("image/png", Base64Text(letter * size))

    turns: list[Turn] = [user(picture("U"), "change it")]
    for letter in "ABCD":
        turns += [model(picture(letter)), user("again")]
    got = contents(*turns)
    shown = [
        part["inlineData"]["data"][0] if "inlineData" in part else part["text"]
        for turn in got
        for part in turn["parts"]
    ]
    assert shown == [
        "U",
        "change it",
        PICTURE_THERE,
        "again",
        PICTURE_THERE,
        "again",
        "C",
        "again",
        "D",
        "again",
    ]
    assert "older_pictures" in dropped(ChatRequest(GEMINI, tuple(turns)), facts_of(GEMINI), True)
    large = (user("a"), model(Media("image/png", Base64Text("E" * 3 * size))), user("again"))
    assert "inlineData" in contents(*large)[1]["parts"][0]
    assert dropped(ChatRequest(GEMINI, large), facts_of(GEMINI), True) == ()


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
