"""Answers to the older completions: the grammar of a stream, and that whole and stream say the same.

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

from core.dialects.openai.completions import CompletionReply
from core.domain.events import Answer, StreamEvent
from core.domain.streams import Collector, StreamGuard

from .streams import EVENTS, STARTED, STREAMS, answers, bit_by_bit

GOLDEN = Path(__file__).parent / "golden"


def reply(echo: str = "") -> CompletionReply:
    return CompletionReply("cmpl-7", "gpt-x", 1767950000, True, echo)


def chunks(data: bytes) -> list[Any]:
    frames = data.decode().split("\n\n")
    assert frames.pop() == ""
    return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame != "data: [DONE]"]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"completions-{name}.sse"
    written = reply().frames(STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()
    assert b"secret" not in written


@given(answers(), st.data())
def test_any_batching_of_the_same_events_is_the_same_text(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    at_once = reply("hi ").frames(events)
    pieces = bit_by_bit(reply("hi "), events, data)
    assert pieces == at_once


@given(answers())
def test_a_stream_says_what_the_whole_answer_says(events: list[StreamEvent]) -> None:
    collector = Collector()
    collector.feed(events)
    found = chunks(reply("hi ").frames(events))
    if collector.finish is None:
        assert "error" in found[-1]
        return
    answer = Answer(STARTED, tuple(collector.parts), collector.usage, collector.finish)
    (choice,) = json.loads(reply("hi ").body(answer))["choices"]
    said = [one for chunk in found for one in chunk["choices"]]
    assert "".join(one["text"] for one in said) == choice["text"]
    assert said[-1]["finish_reason"] == choice["finish_reason"]


@given(st.lists(EVENTS, max_size=12))
def test_whatever_a_guard_lets_through_ends_once(events: list[StreamEvent]) -> None:
    keeper, speaking = StreamGuard(), reply()
    data = speaking.frames(keeper.pass_on(events)) + speaking.frames(keeper.close())
    assert data.count(b"[DONE]") + sum("error" in one for one in chunks(data)) == 1
