"""Answers as chat completions: the grammar of a stream, byte by byte where it matters.

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

from core.dialects.openai.reply import ChatReply
from core.domain.content import (
    Media,
    Part,
    Role,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
    Turn,
)
from core.domain.events import (
    Answer,
    Batch,
    Finished,
    FinishReason,
    PartDelta,
    PartOpened,
    StreamEvent,
    Usage,
)
from core.domain.streams import Collector, StreamGuard

from .reading import turns
from .streams import EVENTS, STARTED, STREAMS, answers

GOLDEN = Path(__file__).parent / "golden"


def reply(include_usage: bool = False) -> ChatReply:
    return ChatReply("chatcmpl-7", "gpt-x", 1767950000, include_usage)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_what_its_golden_file_says(name: str, usage: bool) -> None:
    path = GOLDEN / f"chat-{name}{'-usage' if usage else ''}.sse"
    written = reply(usage).frames(STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()


def chunks(data: bytes) -> list[Any]:
    frames = data.decode().split("\n\n")
    assert frames.pop() == ""
    return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame != "data: [DONE]"]


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_obeys_the_grammar(name: str) -> None:
    data = reply(include_usage=True).frames(STREAMS[name])
    found = chunks(data)
    assert {one["object"] for one in found if "error" not in one} == {"chat.completion.chunk"}
    assert {(one["id"], one["created"], one["model"]) for one in found if "error" not in one} == {
        ("chatcmpl-7", 1767950000, "gpt-x")
    }
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    ends = [one for one in found if one.get("choices") and one["choices"][0]["finish_reason"]]
    if name == "failed":
        assert ends == []
        assert set(found[-1]["error"]) == {"message", "type", "param", "code"}
        assert b"[DONE]" not in data
        assert b"secret" not in data
    else:
        assert len(ends) == 1
        assert ends[0]["choices"][0]["delta"] == {}
        assert [one["choices"] for one in found if "usage" in one] == [[]]
        assert data.endswith(b"data: [DONE]\n\n")
        assert data.count(b"[DONE]") == 1


def test_usage_comes_once_and_only_if_asked_for() -> None:
    assert b"usage" not in reply().frames(STREAMS["text"])
    (usage,) = [one["usage"] for one in chunks(reply(True).frames(STREAMS["text"])) if "usage" in one]
    assert usage == {
        "prompt_tokens": 1200,
        "completion_tokens": 120,
        "total_tokens": 1320,
        "prompt_tokens_details": {"cached_tokens": 1000},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }


def test_calls_are_counted_through_the_whole_answer() -> None:
    found = chunks(reply().frames(STREAMS["tools"]))
    fragments = [fragment for one in found for fragment in one["choices"][0]["delta"].get("tool_calls", ())]
    assert [fragment["index"] for fragment in fragments if "id" in fragment] == [0, 1, 2]
    arguments = "".join(fragment["function"]["arguments"] for fragment in fragments if fragment["index"] == 0)
    assert json.loads(arguments) == {"city": "Paris"}
    assert fragments[0]["extra_content"] == {"google": {"thought_signature": "sig1"}}
    assert found[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_signatures_of_text_are_nobody_s_business() -> None:
    data = reply().frames(STREAMS["thought"])
    assert b"sig-of-thought" not in data


def test_nothing_follows_an_ending() -> None:
    speaking = reply()
    first = speaking.frames([STARTED, Finished()])
    assert speaking.frames([PartOpened(Text("late")), Finished()]) == b""
    assert first.count(b"[DONE]") == 1


def test_a_heartbeat_is_a_comment() -> None:
    assert reply().heartbeat() == b": ping\n\n"


@given(answers(), st.data())
def test_any_batching_of_the_same_events_is_the_same_text(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    at_once = reply(True).frames(events)
    speaking, pieces, rest = reply(True), b"", list(events)
    while rest:
        size = data.draw(st.integers(0, len(rest)))
        pieces += speaking.frames(rest[:size] if size else [])
        rest = rest[size:]
        if not size:
            pieces += speaking.frames(rest[:1])
            rest = rest[1:]
    assert pieces == at_once


@given(answers())
def test_a_stream_says_what_the_whole_answer_says(events: list[StreamEvent]) -> None:
    collector = Collector()
    collector.feed(events)
    data = reply().frames(events)
    found = [one for one in chunks(data) if "error" not in one]
    deltas = [one["choices"][0]["delta"] for one in found]
    if collector.finish is None:
        assert b"[DONE]" not in data
        return
    answer = Answer(STARTED, tuple(collector.parts), collector.usage, collector.finish)
    message = json.loads(reply().body(answer))["choices"][0]["message"]
    assert "".join(delta.get("content") or "" for delta in deltas) == (message["content"] or "")
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == message.get(
        "reasoning_content", ""
    )
    calls: dict[int, str] = {}
    for delta in deltas:
        for fragment in delta.get("tool_calls", ()):
            text = (
                fragment.get("function", {}).get("arguments") or fragment.get("custom", {}).get("input") or ""
            )
            calls[fragment["index"]] = calls.get(fragment["index"], "") + text
    whole_calls = [
        one["function"]["arguments"] if "function" in one else one["custom"]["input"]
        for one in message.get("tool_calls", ())
    ]
    assert [calls[index] for index in sorted(calls)] == whole_calls


@given(st.lists(EVENTS, max_size=12))
def test_whatever_a_guard_lets_through_can_be_written(events: list[StreamEvent]) -> None:
    keeper, speaking = StreamGuard(), reply()
    data = speaking.frames(keeper.pass_on(events)) + speaking.frames(keeper.close())
    ends = data.count(b"[DONE]") + sum("error" in one for one in chunks(data))
    assert ends == 1


# --- whole answers ---------------------------------------------------------------------------------


def body(*parts: Part, reason: FinishReason = FinishReason.STOP) -> Any:
    answer = Answer(STARTED, parts, Usage(9, 2), Finished(reason))
    return json.loads(reply().body(answer))


def test_a_whole_answer_has_what_clients_insist_on() -> None:
    found = body(Text("Four."))
    assert found == {
        "id": "chatcmpl-7",
        "object": "chat.completion",
        "created": 1767950000,
        "model": "gpt-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Four.", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def test_content_is_null_only_beside_calls() -> None:
    assert body()["choices"][0]["message"]["content"] == ""
    alone = body(ToolCall("c", "f", "{}"))["choices"][0]
    assert alone["message"]["content"] is None
    assert alone["finish_reason"] == "tool_calls"
    assert body(Text("a"), ToolCall("c", "f", "{}"))["choices"][0]["message"]["content"] == "a"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (FinishReason.STOP, "stop"),
        (FinishReason.OTHER, "stop"),
        (FinishReason.LENGTH, "length"),
        (FinishReason.CONTENT_FILTER, "content_filter"),
    ],
)
def test_why_it_ended(reason: FinishReason, said: str) -> None:
    assert body(Text("a"), reason=reason)["choices"][0]["finish_reason"] == said


@pytest.mark.parametrize(
    ("arguments", "said"), [('{"a":1}', "tool_calls"), ('{"a":', "length"), ("7", "length")]
)
def test_a_call_that_was_cut_short_is_none(arguments: str, said: str) -> None:
    call = ToolCall("c", "f", arguments)
    assert body(call, reason=FinishReason.LENGTH)["choices"][0]["finish_reason"] == said
    events: Batch = [
        STARTED,
        PartOpened(ToolCall("c", "f")),
        PartDelta(arguments),
        Finished(FinishReason.LENGTH),
    ]
    assert chunks(reply().frames(events))[-1]["choices"][0]["finish_reason"] == said


def test_what_a_search_found_is_shown_unless_the_text_is_json() -> None:
    found = Search(
        ("tides",), (Source("https://e.test/a(1)", "A [x]"), Source("https://e.test/a(1)", "A [x]"))
    )
    wanted = (
        "It rains\n\n### Sources\n- [A \\[x\\]](https://e.test/a%281%29)\n\n"
        '### Search Queries Used\n- "tides"'
    )
    assert body(Text("It rains"), found)["choices"][0]["message"]["content"] == wanted
    answer = Answer(STARTED, (Text("{}"), found))
    plain = ChatReply("x", "m", 1, sources=False)
    assert json.loads(plain.body(answer))["choices"][0]["message"]["content"] == "{}"
    assert b"###" not in plain.frames([PartOpened(found)])


def test_beside_calls_sources_are_annotations_and_no_text() -> None:
    found = Search(("rain",), (Source("https://e.test/b", "B"),))
    message = body(ToolCall("c1", "f", "{}"), found)["choices"][0]["message"]
    assert message["content"] is None
    assert [one["url_citation"]["url"] for one in message["annotations"]] == ["https://e.test/b"]


def test_pictures_and_thoughts_have_their_places() -> None:
    message = body(Thought("hm"), Text("see"), Media("image/png", b"raw"))["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["content"] == "see![image](data:image/png;base64,cmF3)"
    assert message["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,cmF3"}}]


def test_several_answers_are_the_choices_of_one() -> None:
    answers_ = [Answer(STARTED, (Text(text),), Usage(9, 2)) for text in ("a", "b")]
    found = json.loads(reply().bodies(answers_))
    assert [(one["index"], one["message"]["content"]) for one in found["choices"]] == [(0, "a"), (1, "b")]
    assert found["usage"]["prompt_tokens"] == 9
    assert found["usage"]["completion_tokens"] == 4


WRITTEN = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=5)),
    st.builds(ToolCall, st.text("abc", min_size=1), st.just("f"), st.sampled_from(["{}", '{"a":1}'])),
)


@given(st.lists(WRITTEN, min_size=1, max_size=4))
def test_what_is_written_can_be_read_back(parts: list[Part]) -> None:
    message = body(*parts)["choices"][0]["message"]
    (turn,) = turns(message)
    texts = "".join(part.text for part in parts if isinstance(part, Text))
    calls = tuple(part for part in parts if isinstance(part, ToolCall))
    assert turn == Turn(Role.MODEL, (*((Text(texts),) if texts else ()), *calls))
