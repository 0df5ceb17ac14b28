"""Answers as Anthropic messages: the grammar of the events, and that whole and stream say the same.

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

from core.dialects.anthropic.blocks import BlockReader
from core.dialects.anthropic.reply import MessageReply, whole_blocks
from core.domain.content import (
    Base64Text,
    Citation,
    Media,
    Part,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
    Url,
)
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, Kind
from core.domain.streams import Collector, StreamGuard

from .streams import EVENTS, STARTED, STREAMS, answers, bit_by_bit

GOLDEN = Path(__file__).parent / "golden"


def reply(shows_thoughts: bool = True) -> MessageReply:
    return MessageReply("msg_7", "claude-x", 33, shows_thoughts)


def events_of(data: bytes) -> list[Any]:
    """The events; every frame's `event:` line has to say what its data says."""
    frames = data.decode().split("\n\n")
    assert frames.pop() == ""
    found: list[Any] = []
    for frame in frames:
        first, _, second = frame.partition("\n")
        found.append(json.loads(second.removeprefix("data: ")))
        assert first == f"event: {found[-1]['type']}"
    return found


def obeys(found: list[Any]) -> None:
    """One message, one block open at a time, indices from 0, one ending."""
    if found[0]["type"] == "error":
        assert len(found) == 1
        return
    assert found[0]["type"] == "message_start"
    index, is_open = -1, ""
    for event in found[1:]:
        match event["type"]:
            case "content_block_start":
                assert not is_open
                index += 1
                is_open = event["content_block"]["type"]
                assert event["index"] == index
            case "content_block_delta":
                assert event["index"] == index
                fits = {
                    "text_delta": "text",
                    "citations_delta": "text",
                    "thinking_delta": "thinking",
                    "signature_delta": "thinking",
                }.get(event["delta"]["type"])
                assert is_open == fits or (fits is None and is_open.endswith("tool_use"))
            case "content_block_stop":
                assert is_open
                assert event["index"] == index
                is_open = ""
            case "message_delta":
                assert not is_open
            case _:
                assert event["type"] in ("message_stop", "error")
    kinds = [event["type"] for event in found]
    if kinds[-1] == "error":
        assert "message_delta" not in kinds
    else:
        assert kinds[-2:] == ["message_delta", "message_stop"]
        assert kinds.count("message_delta") == kinds.count("message_stop") == 1
        last = [event for event in found if event["type"] == "content_block_start"][-1]
        assert last["content_block"]["type"] != "thinking"


def assembled(found: list[Any]) -> list[Any]:
    """The blocks that a client puts together."""
    blocks: list[Any] = []
    texts: list[str] = []
    for event in found:
        match event["type"]:
            case "content_block_start":
                blocks.append(event["content_block"])
                texts.append("")
            case "content_block_delta":
                delta, block = event["delta"], blocks[-1]
                match delta["type"]:
                    case "text_delta":
                        block["text"] += delta["text"]
                    case "thinking_delta":
                        block["thinking"] += delta["thinking"]
                    case "signature_delta":
                        assert block["signature"] == ""
                        block["signature"] = delta["signature"]
                    case _:
                        texts[-1] += delta["partial_json"]
            case _:
                pass
    for block, text in zip(blocks, texts, strict=True):
        if text:
            try:
                block["input"] = json.loads(text)
            except ValueError:
                block["input"] = {"raw": text}
            if not isinstance(block["input"], dict):
                block["input"] = {"value": block["input"]}
    return blocks


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"anthropic-{name}.sse"
    written = reply().frames(STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()
    obeys(events_of(written))
    assert b"secret" not in written


def test_tokens_of_the_prompt_are_told_at_the_start_if_they_are_known() -> None:
    speaking = reply()
    assert speaking.frames([STARTED]) == b""
    (begun, *_) = events_of(speaking.frames([UsageSeen(Usage(1200, 0, 1000)), PartOpened(Text("a"))]))
    assert begun["message"]["usage"] == {
        "input_tokens": 200,
        "output_tokens": 1,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 0,
    }
    (guessed, *_) = events_of(reply().frames([STARTED, PartOpened(Text("a"))]))
    assert guessed["message"]["usage"]["input_tokens"] == 33


def test_real_usage_comes_at_the_end() -> None:
    found = events_of(reply().frames(STREAMS["text"]))
    (delta,) = [event for event in found if event["type"] == "message_delta"]
    assert delta["usage"] == {
        "input_tokens": 200,
        "output_tokens": 120,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 0,
    }


def test_a_failure_before_anything_was_said_is_nothing_but_an_error() -> None:
    failed = [STARTED, Failed(Failure(Kind.CAPACITY, "Too busy."))]
    (error,) = events_of(reply().frames(failed))
    assert error == {"type": "error", "error": {"type": "overloaded_error", "message": "Too busy."}}


def test_a_call_without_arguments_says_an_empty_object() -> None:
    found = events_of(reply().frames([STARTED, PartOpened(ToolCall("c", "f")), PartClosed(), Finished()]))
    deltas = [event["delta"] for event in found if event["type"] == "content_block_delta"]
    assert deltas == [{"type": "input_json_delta", "partial_json": "{}"}]


def test_thoughts_that_nobody_wants_to_see_have_no_text_and_come_back_whole() -> None:
    thought = Thought("Let me see", "sig-of-thought")
    streamed = assembled(events_of(reply(shows_thoughts=False).frames(STREAMS["thought"])))[0]
    whole = json.loads(reply(shows_thoughts=False).body(Answer(STARTED, (thought, Text("a")))))["content"][0]
    assert streamed == whole
    assert whole["thinking"] == ""
    assert thought.text not in json.dumps(whole)
    assert BlockReader().block(whole, "messages[0]") == [thought]


@pytest.mark.parametrize("signature", ["", "sig", "YWd0dWkA", "YWd0dWkAé", "YWd0dWkAYWJj"])
def test_a_signature_that_hides_nothing_is_no_trouble(signature: str) -> None:
    (found,) = BlockReader().block({"type": "thinking", "thinking": "hm", "signature": signature}, "at")
    assert found == Thought("hm", "" if signature.startswith("YWd") else signature)


def test_a_thought_without_words_keeps_its_signature_as_it_is() -> None:
    (block,) = whole_blocks(Thought("", "sig"), 0, shows_thoughts=False)
    assert block["signature"] == "sig"


def test_a_heartbeat_is_a_ping() -> None:
    assert events_of(reply().heartbeat()) == [{"type": "ping"}]


@given(answers(), st.data())
def test_any_batching_of_the_same_events_is_the_same_text(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    events = [event for event in events if not isinstance(event, UsageSeen)]
    at_once = reply().frames(events)
    pieces = bit_by_bit(reply(), events, data)
    assert pieces == at_once
    obeys(events_of(pieces))


@given(answers())
def test_a_stream_says_what_the_whole_answer_says(events: list[StreamEvent]) -> None:
    collector = Collector()
    collector.feed(events)
    found = events_of(reply().frames(events))
    obeys(found)
    if collector.finish is None:
        return
    answer = Answer(STARTED, tuple(collector.parts), collector.usage, collector.finish)
    whole = json.loads(reply().body(answer))
    assert assembled(found) == whole["content"]
    (ending,) = [event for event in found if event["type"] == "message_delta"]
    assert ending["delta"]["stop_reason"] == whole["stop_reason"]
    if any(isinstance(event, UsageSeen) for event in events):
        assert ending["usage"] == whole["usage"]


@given(st.lists(EVENTS, max_size=12))
def test_whatever_a_guard_lets_through_obeys_the_grammar(events: list[StreamEvent]) -> None:
    keeper, speaking = StreamGuard(), reply()
    data = speaking.frames(keeper.pass_on(events)) + speaking.frames(keeper.close())
    obeys(events_of(data))


# --- whole answers ---------------------------------------------------------------------------------


def body(*parts: Part, reason: FinishReason = FinishReason.STOP) -> Any:
    return json.loads(reply().body(Answer(STARTED, parts, Usage(9, 2), Finished(reason))))


def test_a_whole_answer_has_what_clients_insist_on() -> None:
    assert body(Text("Four.")) == {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [{"type": "text", "text": "Four."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 9,
            "output_tokens": 2,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        },
    }


@pytest.mark.parametrize(
    ("parts", "reason", "said"),
    [
        ((Text("a"),), FinishReason.STOP, "end_turn"),
        ((Text("a"),), FinishReason.OTHER, "end_turn"),
        ((Text("a"),), FinishReason.LENGTH, "max_tokens"),
        ((Text("a"),), FinishReason.CONTENT_FILTER, "refusal"),
        ((ToolCall("c", "f", "{}"),), FinishReason.STOP, "tool_use"),
        ((ToolCall("c", "f", "{}"),), FinishReason.LENGTH, "tool_use"),
        ((ToolCall("c", "f", '{"a":'),), FinishReason.LENGTH, "max_tokens"),
    ],
)
def test_why_it_ended(parts: tuple[Part, ...], reason: FinishReason, said: str) -> None:
    assert body(*parts, reason=reason)["stop_reason"] == said
    events: list[StreamEvent] = [STARTED]
    for part in parts:
        events += [PartOpened(part), PartClosed()]
    found = events_of(reply().frames([*events, Finished(reason)]))
    assert found[-2]["delta"]["stop_reason"] == said


def test_an_answer_never_ends_with_thinking_nor_without_a_block() -> None:
    empty = {"type": "text", "text": ""}
    assert body()["content"] == [empty]
    assert body(Thought("hm", "s"))["content"][-1] == empty


def test_inputs_are_always_objects() -> None:
    inputs = [
        body(ToolCall("c", "f", arguments, kind))["content"][0]["input"]
        for arguments, kind in (("", "function"), ("7", "function"), ('{"a":', "function"), ("x", "custom"))
    ]
    assert inputs == [{}, {"value": 7}, {"raw": '{"a":'}, {"input": "x"}]


def test_pictures_are_markdown_and_searches_blocks_of_the_server() -> None:
    found = body(
        Media("image/png", Base64Text("AAAA")),
        Search(("tides", "moon"), (Source("https://e.test", "E"),)),
    )
    picture, use, pages = found["content"]
    assert picture["text"] == "![image](data:image/png;base64,AAAA)"
    assert use["input"] == {"query": "tides; moon"}
    assert pages["tool_use_id"] == use["id"]
    assert pages["content"][0]["url"] == "https://e.test"
    assert found["usage"]["server_tool_use"] == {"web_search_requests": 1}


def test_a_picture_that_is_a_link_is_not_lost() -> None:
    (block,) = body(Media("image/png", Url("https://e.test/a.png")))["content"]
    assert block["text"] == "![image](https://e.test/a.png)"


def test_citations_name_the_page_and_the_words() -> None:
    (block,) = body(Text("It rains", (Citation(3, 8, Source("https://e.test", "E")),)))["content"]
    assert block["citations"] == [
        {
            "type": "web_search_result_location",
            "url": "https://e.test",
            "title": "E",
            "cited_text": "rains",
            "encrypted_index": "",
        }
    ]


def test_deltas_of_a_long_text_are_written_as_they_come() -> None:
    speaking = reply()
    speaking.frames([STARTED, PartOpened(Text("")), PartDelta("a")])
    assert speaking.frames([PartDelta('"b"')]) == (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"\\"b\\""}}\n\n'
    )
