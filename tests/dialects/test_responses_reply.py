"""Answers as responses: the order of the events, and that whole and stream say the same.

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

from core.dialects.responses.reply import ResponseReply
from core.dialects.responses.request import ECHOED
from core.domain.content import Base64Text, Citation, Media, Part, Search, Source, Text, Thought, ToolCall
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartOpened,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, Kind
from core.domain.streams import Collector, StreamGuard

from .streams import EVENTS, STARTED, STREAMS, answers, bit_by_bit

GOLDEN = Path(__file__).parent / "golden"
DELTAS = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.function_call_arguments.delta": "function_call",
    "response.custom_tool_call_input.delta": "custom_tool_call",
}


def reply(**options: Any) -> ResponseReply:
    return ResponseReply("resp_7", "gpt-x", 1767950000, ECHOED, **options)


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
    """Numbers count up, items are added, filled and done one after the other, and the last event has all."""
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert [event["type"] for event in found[:2]] == ["response.created", "response.in_progress"]
    items: list[Any] = []
    is_open: dict[str, Any] | None = None
    text = ""
    for event in found[2:-1]:
        kind = event["type"]
        if "output_index" in event:
            assert event["output_index"] == len(items)
        if kind == "response.output_item.added":
            assert is_open is None
            is_open, text = event["item"], ""
        elif kind == "response.output_item.done":
            assert is_open is not None
            assert event["item"]["id"] == is_open["id"]
            items.append(event["item"])
            is_open = None
        else:
            assert is_open is not None
            assert event["item_id"] == is_open["id"]
            if kind in DELTAS:
                text += event["delta"]
            elif kind.endswith(("_text.done", "refusal.done", "arguments.done", "input.done")):
                assert text == next(
                    event[name] for name in ("text", "refusal", "arguments", "input") if name in event
                )
    last = found[-1]
    assert last["type"] in ("response.completed", "response.incomplete", "response.failed")
    assert last["type"] == f"response.{last['response']['status']}"
    assert last["response"]["output"] == items
    assert is_open is None or last["type"] == "response.failed"


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"responses-{name}.sse"
    written = reply().frames(STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()
    obeys(events_of(written))
    assert b"secret" not in written


@given(answers(), st.data())
def test_any_batching_of_the_same_events_is_the_same_text(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    at_once = reply().frames(events)
    pieces = bit_by_bit(reply(), events, data)
    assert pieces == at_once
    obeys(events_of(pieces))


@given(answers())
def test_a_stream_says_what_the_whole_answer_says(events: list[StreamEvent]) -> None:
    collector = Collector()
    collector.feed(events)
    found = events_of(reply().frames(events))
    if collector.finish is None:
        assert found[-1]["type"] == "response.failed"
        return
    answer = Answer(STARTED, tuple(collector.parts), collector.usage, collector.finish)
    whole = json.loads(reply().body(answer))
    if not any(isinstance(event, UsageSeen) for event in events):
        whole["usage"] = found[-1]["response"]["usage"]
    assert found[-1]["response"] == whole


@given(st.lists(EVENTS, max_size=12))
def test_whatever_a_guard_lets_through_obeys_the_order(events: list[StreamEvent]) -> None:
    keeper, speaking = StreamGuard(), reply()
    data = speaking.frames(keeper.pass_on(events)) + speaking.frames(keeper.close())
    obeys(events_of(data))


def test_nothing_follows_an_ending() -> None:
    speaking = reply()
    speaking.frames([STARTED, Finished()])
    assert speaking.frames([PartOpened(Text("late")), Finished()]) == b""


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.RATE, "rate_limit_exceeded"),
        (Kind.TOO_LONG, "context_length_exceeded"),
        (Kind.UPSTREAM, "server_error"),
    ],
)
def test_failures_have_codes_that_clients_act_on(kind: Kind, code: str) -> None:
    failed = Failed(Failure(kind, "It failed.", retry_after=12.0))
    *_, last = events_of(reply().frames([STARTED, failed]))
    error = last["response"]["error"]
    assert error["code"] == code
    assert ("try again in 12s" in error["message"]) is (kind is Kind.RATE)


def body(*parts: Part, reason: FinishReason = FinishReason.STOP, **options: Any) -> Any:
    return json.loads(reply(**options).body(Answer(STARTED, parts, Usage(9, 2, 4, 0, 1), Finished(reason))))


def test_a_whole_answer_has_what_clients_insist_on() -> None:
    found = body(Text("Four."))
    assert found["output"] == [
        {
            "id": "msg_7_0",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Four.", "annotations": [], "logprobs": []}],
        }
    ]
    assert found["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 11,
    }
    assert {name: found[name] for name in ("id", "object", "created_at", "model", "error")} == {
        "id": "resp_7",
        "object": "response",
        "created_at": 1767950000,
        "model": "gpt-x",
        "error": None,
    }
    assert found.keys() >= ECHOED.keys()


@pytest.mark.parametrize(
    ("parts", "reason", "status", "why"),
    [
        ((Text("a"),), FinishReason.STOP, "completed", None),
        ((Text("a"),), FinishReason.OTHER, "completed", None),
        ((Text("a"),), FinishReason.LENGTH, "incomplete", "max_output_tokens"),
        ((Text("a"),), FinishReason.CONTENT_FILTER, "incomplete", "content_filter"),
        ((ToolCall("c", "f", "{}"),), FinishReason.STOP, "completed", None),
        ((Thought("hm"),), FinishReason.STOP, "incomplete", "interrupted"),
        ((), FinishReason.STOP, "incomplete", "interrupted"),
    ],
)
def test_how_it_ended(parts: tuple[Part, ...], reason: FinishReason, status: str, why: str | None) -> None:
    found = body(*parts, reason=reason)
    assert found["status"] == status
    assert (found["incomplete_details"] or {}).get("reason") == why
    assert (found["error"] or {}).get("code") == ("empty_response" if why == "interrupted" else None)


def test_calls_signatures_pictures_and_searches_have_their_items() -> None:
    found = body(
        Thought("hm", "sig"),
        ToolCall("c1", "space__f", '{"a":1}'),
        ToolCall("c2", "patch", "*** Begin", "custom"),
        Media("image/png", Base64Text("AAAA")),
        Text("It rains", (Citation(0, 8, Source("https://e.test/a", "A")),)),
        Search(("rain",), (Source("https://e.test/b", "B"),)),
        spaces={"space__f": ("space", "f")},
    )["output"]
    reasoning, function, custom, picture, text, search, sources = found
    assert reasoning["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert reasoning["encrypted_content"] == "sig"
    assert (function["name"], function["namespace"], function["call_id"]) == ("f", "space", "c1")
    assert (custom["type"], custom["input"]) == ("custom_tool_call", "*** Begin")
    assert (picture["type"], picture["result"]) == ("image_generation_call", "AAAA")
    assert text["content"][0]["annotations"][0]["url"] == "https://e.test/a"
    assert search["action"]["sources"] == [{"type": "url", "url": "https://e.test/b"}]
    assert sources["content"][0]["text"].startswith("### Sources")
    assert len({item["id"] for item in found}) == len(found)


def test_sources_are_not_added_to_json() -> None:
    found = body(Text("{}"), Search(("q",), (Source("https://e.test"),)), sources=False)["output"]
    assert [item["type"] for item in found] == ["message", "web_search_call"]


def test_a_thought_that_is_only_a_signature_is_kept() -> None:
    found = events_of(reply().frames([STARTED, PartOpened(Thought("")), PartClosed("sig"), Finished()]))
    (item,) = [event["item"] for event in found if event["type"] == "response.output_item.done"]
    assert (item["summary"], item["encrypted_content"]) == ([], "sig")
