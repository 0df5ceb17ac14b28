"""Cursor: which shape a body has, and thoughts where its user sees them.

Golden files hold whole streams; `AGTUI_GOLDEN=write` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialects.cursor.reply import CursorReply, Mode, mode_of
from core.dialects.cursor.request import decode, shape_of
from core.dialects.openai.reply import ChatReply
from core.domain.content import Part, Role, Text, Thought, ToolCall, Turn
from core.domain.events import Answer, Batch, Finished, PartClosed, PartDelta, PartOpened, StreamEvent
from core.domain.failure import GatewayError

from .streams import STARTED, STREAMS, answers, bit_by_bit

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ({"messages": HELLO}, "openai_chat"),
        ({}, "openai_chat"),
        ({"input": "hello"}, "responses_like"),
        ({"instructions": "be brief", "system": "x"}, "responses_like"),
        ({"messages": HELLO, "input": "hello"}, "openai_chat"),
        ({"messages": HELLO, "system": "be brief"}, "anthropic_like"),
        ({"messages": HELLO, "thinking": {"type": "enabled"}}, "anthropic_like"),
        ({"messages": HELLO, "output_config": {}}, "anthropic_like"),
        ({"messages": HELLO, "top_k": 4}, "anthropic_like"),
        ({"messages": HELLO, "tools": [{"name": "f", "input_schema": {}}]}, "anthropic_like"),
        ({"messages": HELLO, "tools": [{"type": "function", "function": {"name": "f"}}]}, "openai_chat"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "anthropic_like"),
        ({"messages": [{"role": "user", "content": [{"type": "document"}]}]}, "anthropic_like"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "openai_chat"),
    ],
)
def test_the_first_rule_that_applies_decides(body: Any, shape: str) -> None:
    assert shape_of(body) == shape


@pytest.mark.parametrize("more", [{}, {"system": "be brief"}])
def test_several_answers_are_refused_in_any_shape(more: Any) -> None:
    body = {"model": "m1", "messages": HELLO, "n": 2} | more
    with pytest.raises(GatewayError) as caught:
        decode(json.dumps(body).encode(), "c1", 1, "raw")
    assert caught.value.failure.params["param"] == "n"
    assert "stream" not in caught.value.failure.public_message


def test_each_shape_is_read_as_what_it_is() -> None:
    def turns(**body: Any) -> tuple[Turn, ...]:
        decoded, _ = decode(json.dumps({"model": "m1"} | body).encode(), "c1", 1, "raw")
        return decoded.request.turns

    hello = (Turn.of(Role.USER, "hello"),)
    assert turns(messages=HELLO) == turns(input="hello") == turns(messages=HELLO, system="x") == hello
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "blue"}
    (turn,) = turns(messages=[{"role": "user", "content": [result]}])
    assert turn.parts[0].call_id == "t1"  # type: ignore[union-attr]


def test_what_can_not_be_read_as_what_it_looks_like_is_refused_in_words() -> None:
    with pytest.raises(GatewayError) as caught:
        decode(b'{"model":"m","system":7,"messages":[]}', "c1", 1, "raw")
    assert "Anthropic" in caught.value.failure.public_message


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ((), "think_tags"),
        (("", ""), "think_tags"),
        (("banana", ""), "think_tags"),
        (("", "off"), "hide"),
        (("banana", "hide"), "hide"),
        ((" INLINE ", "hide"), "inline"),
        (("passthrough",), "raw"),
        (("fold",), "think_tags"),
        (("enabled",), "inline"),
    ],
)
def test_the_first_word_with_a_meaning_names_the_mode(words: tuple[str, ...], mode: Mode) -> None:
    assert mode_of(*words) == mode


def reply(mode: Mode) -> CursorReply:
    return CursorReply(ChatReply("chatcmpl-7", "m", 1), mode)


def deltas(data: bytes) -> list[Any]:
    frames = [frame for frame in data.decode().split("\n\n") if frame.startswith("data: {")]
    return [json.loads(frame[6:])["choices"][0]["delta"] for frame in frames]


def streamed(mode: Mode, *parts: Part) -> str:
    """The content of a stream, each part in two pieces."""
    events: Batch = [STARTED]
    for part in parts:
        events.append(PartOpened(type(part)("") if isinstance(part, Text | Thought) else part))
        if isinstance(part, Text | Thought):
            events += [PartDelta(part.text[:1]), PartDelta(part.text[1:])]
        events.append(PartClosed())
    speaking = reply(mode)
    found = deltas(b"".join(speaking.frames([event]) for event in [*events, Finished()]))
    assert mode == "raw" or not any("reasoning_content" in delta for delta in found)
    return "".join(delta.get("content") or "" for delta in found)


def whole(mode: Mode, *parts: Part) -> Any:
    return json.loads(reply(mode).body(Answer(STARTED, parts)))["choices"][0]["message"]


CALL = ToolCall("c", "f", "{}")
TAGGED = "<think>\nrr\n</think>\n\ncc"


@pytest.mark.parametrize(
    ("mode", "parts", "stream", "content"),
    [
        ("hide", (Thought("rr"), Text("cc")), "cc", "cc"),
        ("raw", (Thought("rr"), Text("cc")), "cc", "cc"),
        (
            "think_tags",
            (Thought("rr"), Text("cc")),
            "<think>\nrr\n</think>\n\ncc",
            "<think>\nrr\n</think>\n\ncc",
        ),
        ("think_tags", (Thought("rr"),), "<think>\nrr</think>\n", "<think>\nrr\n</think>"),
        ("think_tags", (Thought("  "), Text("cc")), "cc", "cc"),
        ("think_tags", (Text("cc"),), "cc", "cc"),
        ("think_tags", (Thought("rr"), CALL), "<think>\nrr</think>\n", "<think>\nrr\n</think>"),
        ("inline", (Thought("rr"), Text("cc")), "rrcc", "rr\n\ncc"),
        ("inline", (Thought("rr"),), "rr", "rr"),
        ("inline", (Thought("rr"), Text("rr and cc")), "rrrr and cc", "rr and cc"),
    ],
)
def test_thoughts_stand_where_the_mode_says(
    mode: Mode, parts: tuple[Part, ...], stream: str, content: str
) -> None:
    assert streamed(mode, *parts) == stream
    assert whole(mode, *parts)["content"] == content
    assert ("reasoning_content" in whole(mode, *parts)) is (mode == "raw")


def test_thoughts_between_texts_are_tagged_each_time() -> None:
    assert streamed("think_tags", Thought("r1"), Text("c1"), Thought("r2"), Text("c2")) == (
        "<think>\nr1\n</think>\n\nc1<think>\nr2\n</think>\n\nc2"
    )


def test_hidden_thoughts_still_tell_that_the_answer_goes_on() -> None:
    speaking = reply("hide")
    speaking.frames([STARTED, PartOpened(Thought(""))])
    assert deltas(speaking.frames([PartDelta("hm")])) == [{"content": None}]


def test_arguments_of_calls_are_never_touched() -> None:
    speaking = reply("think_tags")
    data = speaking.frames(
        [
            STARTED,
            PartOpened(Thought("hm")),
            PartClosed(),
            PartOpened(ToolCall("c", "f")),
            PartDelta('{"a":1}'),
        ]
    )
    fragments = [
        delta["tool_calls"][0]["function"]["arguments"] for delta in deltas(data) if "tool_calls" in delta
    ]
    assert "".join(fragments) == '{"a":1}'


@pytest.mark.parametrize("mode", ["hide", "raw", "think_tags", "inline"])
@given(events=answers(), data=st.data())
def test_any_batching_of_the_same_events_is_the_same_text(
    mode: Mode, events: list[StreamEvent], data: st.DataObject
) -> None:
    at_once = reply(mode).frames(events)
    pieces = bit_by_bit(reply(mode), events, data)
    assert pieces == at_once
    assert at_once.count(b"[DONE]") + at_once.count(b'{"error"') == 1


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"cursor-{name}.sse"
    written = reply("think_tags").frames(STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()
