"""The messages of a chat completions request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.dialects.openai.chat import decode
from core.domain.content import (
    Base64Text,
    Media,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from core.domain.requests import Sampling, Thinking

from .reading import HELLO, PNG, param, refused, request, turns, user


def test_a_plain_question() -> None:
    found = request()
    assert found.turns == (Turn(Role.USER, (Text("hello"),)),)
    assert (found.model, found.system, found.n) == ("m1", (), 1)
    assert found.thinking == Thinking()
    assert found.sampling == Sampling()


def test_leading_system_texts_are_the_system_and_later_ones_keep_their_place() -> None:
    found = request(
        messages=[
            {"role": "system", "content": "be brief"},
            {"role": "developer", "content": [{"type": "text", "text": "be kind"}]},
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "it is noon"},
        ]
    )
    assert found.system == ("be brief", "be kind")
    assert [turn.role for turn in found.turns] == [Role.USER, Role.SYSTEM]


def test_nothing_but_system_text_becomes_a_question() -> None:
    found = request(messages=[{"role": "system", "content": "a"}, {"role": "system", "content": "b"}])
    assert found.system == ("a",)
    assert found.turns == (Turn.of(Role.USER, "b"),)


@pytest.mark.parametrize("messages", [[], None, [None]])
def test_no_messages_are_a_blank_question(messages: Any) -> None:
    assert request(messages=messages).turns == (Turn.of(Role.USER, " "),)


def test_a_body_in_the_shape_of_the_responses_api_is_read() -> None:
    body = json.dumps({"model": "m1", "instructions": "be brief", "input": "kites please"}).encode()
    found = decode(body, "x", 1).request
    assert found.system == ("be brief",)
    assert found.turns == (Turn.of(Role.USER, "kites please"),)
    body = json.dumps({"model": "m1", "input": [{"role": "user", "content": "a"}]}).encode()
    assert decode(body, "x", 1).request.turns == (Turn.of(Role.USER, "a"),)
    body = json.dumps({"model": "m1", "input": [{"type": "other"}]}).encode()
    assert decode(body, "x", 1).request.turns == (Turn.of(Role.USER, '[{"type":"other"}]'),)


def test_items_of_the_responses_api_keep_calls_and_results_apart() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "weather?"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
        {"type": "item_reference", "id": "x"},
    ]
    body = {"model": "m1", "instructions": "be brief", "input": items}
    found = decode(json.dumps(body).encode(), "x", 1).request
    assert found.system == ("be brief",)
    assert found.turns == (
        Turn.of(Role.USER, "weather?"),
        Turn(Role.MODEL, (ToolCall("c1", "f", "{}"),)),
        Turn(Role.USER, (ToolResult("c1", "f", (Text("rain"),)),)),
    )
    assert list(found.extras) == ["input.item_reference"]


def test_blocks_of_anthropic_s_stand_in_chat_messages_too() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    found = turns(
        {"role": "user", "content": [{"type": "image", "source": source}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "r", "is_error": True},
                {"type": "text", "text": "go on"},
            ],
        },
    )
    assert found == (
        Turn(Role.USER, (Media("image/png", Base64Text(PNG)),)),
        Turn(Role.MODEL, (Thought("hm", "sig"), ToolCall("t1", "f", '{"a":1}'))),
        Turn(Role.USER, (ToolResult("t1", "f", (Text("r"),), is_error=True), Text("go on"))),
    )


def test_calls_as_langchain_keeps_them_are_read() -> None:
    call = {"id": "c1", "name": "f", "args": {"a": 1}, "type": "tool_call"}
    (turn,) = turns({"role": "assistant", "content": "", "tool_calls": [call]})
    assert turn.parts == (ToolCall("c1", "f", '{"a":1}'),)


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"type": "text", "text": "a"}, Text("a")),
        ({"type": "input_text", "text": "a"}, Text("a")),
        ({"text": "a"}, Text("a")),
        ("a", Text("a")),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/PNG;base64,{PNG}", "detail": "low"}},
            Media("image/png", Base64Text(PNG)),
        ),
        (
            {"type": "image_url", "image_url": f"data:image/webp;base64,{PNG}"},
            Media("image/webp", Base64Text(PNG)),
        ),
        (
            {"type": "image_url", "image_url": {"url": f"data:;base64,{PNG}"}},
            Media("image/png", Base64Text(PNG)),
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://e.test/a.jpg?x=1"}},
            Media("image/jpeg", Url("https://e.test/a.jpg?x=1", "messages[0].content[0].image_url.url")),
        ),
        ({"type": "image_url", "image_url": "data:text/plain,a%20b"}, Media("text/plain", b"a b")),
        (
            {"type": "input_image", "image_url": f"data:image/gif;base64,{PNG}"},
            Media("image/gif", Base64Text(PNG)),
        ),
        (
            {"type": "video_url", "video_url": {"url": "https://e.test/a"}},
            Media("video/mp4", Url("https://e.test/a", "messages[0].content[0].video_url.url")),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            Media("audio/mpeg", Base64Text("AAAA")),
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
            Media("application/pdf", Base64Text("AA"), name="a.pdf"),
        ),
        (
            {"type": "file", "file": {"file_data": "AA", "filename": "a.csv"}},
            Media("text/csv", Base64Text("AA"), name="a.csv"),
        ),
        ({"type": "refusal", "refusal": "no"}, Refusal("no")),
    ],
)
def test_parts_of_content(part: Any, wanted: Part) -> None:
    assert user(part) == (wanted,)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"type": "hologram"}, "messages[0].content[0].type"),
        ({"type": "image_url"}, "messages[0].content[0].image_url"),
        ({"type": "image_url", "image_url": {}}, "messages[0].content[0].image_url.url"),
        (
            {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
            "messages[0].content[0].image_url.url",
        ),
        ({"type": "image_url", "image_url": "data:image/png"}, "messages[0].content[0].image_url"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "messages[0].content[0].file.file_id"),
        ({"type": "file", "file": {}}, "messages[0].content[0].file.file_data"),
        (
            {"type": "input_audio", "input_audio": {"data": "A", "format": "midi"}},
            "messages[0].content[0].input_audio.format",
        ),
        (7, "messages[0].content[0]"),
    ],
)
def test_a_part_that_can_t_be_read_is_named(part: Any, name: str) -> None:
    assert param(refused(messages=[{"role": "user", "content": [part]}])) == name


def test_what_an_assistant_said_comes_back_whole() -> None:
    (turn,) = turns(
        {
            "role": "assistant",
            "reasoning_content": "hm",
            "content": "see",
            "refusal": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a":1}'},
                    "extra_content": {"google": {"thought_signature": "sig"}},
                },
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "raw"}},
            ],
        }
    )
    assert turn == Turn(
        Role.MODEL,
        (
            Thought("hm"),
            Text("see"),
            ToolCall("c1", "f", '{"a":1}', "function", "sig"),
            ToolCall("c2", "g", "raw", "custom"),
        ),
    )


def test_arguments_that_came_as_an_object_become_text() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": {"a": [1]}}}
    (turn,) = turns({"role": "assistant", "content": None, "tool_calls": [call]})
    assert turn.parts == (ToolCall("c", "f", '{"a":[1]}'),)


def test_results_of_calls_made_together_are_one_turn() -> None:
    calls = [{"id": name, "function": {"name": f"f_{name}", "arguments": "{}"}} for name in "ab"]
    found = turns(
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {
            "role": "tool",
            "tool_call_id": "b",
            "content": [
                {"type": "text", "text": "two"},
                {"type": "image_url", "image_url": f"data:image/png;base64,{PNG}"},
            ],
        },
        {"role": "user", "content": "and?"},
    )
    assert [turn.role for turn in found] == [Role.MODEL, Role.USER, Role.USER]
    assert found[1].parts == (
        ToolResult("a", "f_a", (Text("one"),)),
        ToolResult("b", "f_b", (Text("two"), Media("image/png", Base64Text(PNG)))),
    )


def test_the_older_function_calls_pair_by_order() -> None:
    found = turns(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "42"},
    )
    call, result = found[0].parts[0], found[1].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.id == result.call_id
    assert result.name == "f"


def test_empty_messages_are_left_out() -> None:
    found = turns({"role": "assistant", "content": ""}, {"role": "user", "content": "[undefined]"}, *HELLO)
    assert found == (Turn.of(Role.USER, "hello"),)


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ("hello", "messages"),
        (["hello"], "messages[0]"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": "wizard", "content": "x"}], "messages[0].role"),
        ([{"role": "user", "content": 7}], "messages[0].content"),
        ([{"role": "tool", "content": "x"}], "messages[0].tool_call_id"),
        ([{"role": "assistant", "tool_calls": [{"id": "c"}]}], "messages[0].tool_calls[0].function"),
        (
            [{"role": "assistant", "tool_calls": [{"function": {}}]}],
            "messages[0].tool_calls[0].function.name",
        ),
    ],
)
def test_a_message_that_can_t_be_read_is_named(messages: Any, name: str) -> None:
    assert param(refused(messages=messages)) == name
