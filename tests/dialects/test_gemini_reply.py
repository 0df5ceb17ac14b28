"""Answers as GenerateContentResponse: events, array and whole say the same.

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

from core.dialects.gemini.reply import GeminiReply
from core.domain.content import (
    Base64Text,
    Media,
    Opaque,
    Part,
    Retrieved,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
)
from core.domain.events import (
    Answer,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    StreamEvent,
    Usage,
)
from core.domain.streams import Collector, StreamGuard

from .streams import EVENTS, STARTED, STREAMS, answers, bit_by_bit

GOLDEN = Path(__file__).parent / "golden"


def reply(array: bool = False) -> GeminiReply:
    return GeminiReply("r7", "gemini-x", array=array)


def events_of(data: bytes) -> list[Any]:
    frames = data.decode().split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: {") for frame in frames)
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("array", [False, True], ids=["events", "array"])
def test_a_stream_is_what_its_golden_file_says(name: str, array: bool) -> None:
    path = GOLDEN / f"gemini-{name}.{'json' if array else 'sse'}"
    speaking = reply(array)
    written = b"".join(speaking.frames([event]) for event in STREAMS[name])
    if os.environ.get("AGTUI_GOLDEN") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_has_one_id_and_one_ending(name: str) -> None:
    speaking = reply()
    found = events_of(b"".join(speaking.frames([event]) for event in STREAMS[name]))
    good = [one for one in found if "error" not in one]
    assert {(one["responseId"], one["modelVersion"]) for one in good} <= {("r7", "gemini-x")}
    ends = [one for one in good if "finishReason" in one["candidates"][0]]
    if name == "failed":
        assert ends == []
        assert set(found[-1]["error"]) == {"code", "message", "status"}
        assert "secret" not in json.dumps(found)
    else:
        assert ends == [found[-1]]
        assert ends[0]["usageMetadata"]["totalTokenCount"] >= 0
        assert speaking.frames([PartOpened(Text("late")), Finished()]) == b""


def test_a_signature_that_comes_late_rides_on_an_empty_text_of_its_kind() -> None:
    speaking = reply()
    speaking.frames([STARTED, PartOpened(Thought("")), PartDelta("Let me see")])
    (found,) = events_of(speaking.frames([PartClosed("sig")]))
    assert found["candidates"][0]["content"]["parts"] == [
        {"thought": True, "text": "", "thoughtSignature": "sig"}
    ]


def test_a_call_comes_whole_with_its_signature() -> None:
    found = events_of(reply().frames(STREAMS["tools"]))
    parts = found[0]["candidates"][0]["content"]["parts"]
    calls = [part for part in parts if "functionCall" in part]
    assert calls[0] == {
        "functionCall": {"id": "call_1", "name": "get_weather", "args": {"city": "Paris"}},
        "thoughtSignature": "sig1",
    }
    assert calls[1]["thoughtSignature"] == "late"
    assert calls[2]["functionCall"]["args"] == {"input": "*** Begin Patch"}
    assert found[-1]["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.parametrize(
    ("arguments", "args"), [("", {}), ("{}", {}), ("7", {"value": 7}), ('{"a":', {"raw": '{"a":'})]
)
def test_arguments_are_always_an_object(arguments: str, args: Any) -> None:
    (part,) = parts_of(ToolCall("c", "f", arguments))
    assert part["functionCall"]["args"] == args


def merged(parts: list[Any]) -> list[Any]:
    """Parts as a reader that joins neighbouring texts sees them."""
    out: list[Any] = []
    for part in parts:
        last = out[-1] if out else {}
        if "text" in part and "text" in last and part.get("thought") == last.get("thought"):
            last["text"] += part["text"]
            if signature := part.get("thoughtSignature"):
                last.setdefault("signatures", []).append(signature)
        else:
            part = dict(part)
            if "text" in part and (signature := part.pop("thoughtSignature", None)):
                part["signatures"] = [signature]
            out.append(part)
    return [part for part in out if part.get("text") != "" or "signatures" in part]


def all_parts(found: list[Any]) -> list[Any]:
    good = [one for one in found if "error" not in one]
    return merged([part for one in good for part in one["candidates"][0]["content"]["parts"]])


@given(answers(), st.data())
def test_any_batching_of_the_same_events_says_the_same(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    at_once = events_of(reply().frames(events))
    pieces = bit_by_bit(reply(), events, data)
    found = events_of(pieces)
    assert all_parts(found) == all_parts(at_once)
    assert found[-1].get("error") == at_once[-1].get("error")
    assert found[-1].get("usageMetadata") == at_once[-1].get("usageMetadata")


@given(answers(), st.data())
def test_the_array_is_json_and_says_what_the_events_say(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    speaking, array = reply(), reply(array=True)
    frames, text, rest = b"", array.heartbeat(), list(events)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        frames += speaking.frames(rest[:size])
        text += array.frames(rest[:size]) + array.heartbeat()
        rest = rest[size:]
    assert json.loads(text) == events_of(frames)


@given(answers())
def test_a_stream_says_what_the_whole_answer_says(events: list[StreamEvent]) -> None:
    collector = Collector()
    collector.feed(events)
    if collector.finish is None:
        return
    answer = Answer(STARTED, tuple(collector.parts), collector.usage, collector.finish)
    whole = json.loads(reply().body(answer))
    found = events_of(reply().frames(events))

    def bare(parts: list[Any]) -> list[Any]:
        return [part for part in parts if "text" not in part]

    assert bare(all_parts(found)) == bare(all_parts([whole]))
    for thought in (None, True):
        assert said(all_parts(found), thought) == said(all_parts([whole]), thought)
    assert found[-1]["usageMetadata"] == whole["usageMetadata"]
    assert found[-1]["candidates"][0]["finishReason"] == whole["candidates"][0]["finishReason"]


def said(parts: list[Any], thought: bool | None) -> str:
    return "".join(part.get("text", "") for part in parts if part.get("thought") is thought)


@given(st.lists(EVENTS, max_size=12))
def test_whatever_a_guard_lets_through_ends_once(events: list[StreamEvent]) -> None:
    keeper, speaking = StreamGuard(), reply()
    data = speaking.frames(keeper.pass_on(events)) + speaking.frames(keeper.close())
    found = events_of(data)
    ends = [one for one in found if "error" in one or "finishReason" in one["candidates"][0]]
    assert ends == [found[-1]]


# --- whole answers ---------------------------------------------------------------------------------


def body(*parts: Part, reason: FinishReason = FinishReason.STOP, usage: Usage | None = None) -> Any:
    answer = Answer(STARTED, parts, usage or Usage(9, 2), Finished(reason))
    return json.loads(reply().body(answer))


def parts_of(*parts: Part) -> Any:
    return body(*parts)["candidates"][0]["content"]["parts"]


def test_a_whole_answer_has_what_clients_insist_on() -> None:
    assert body(Text("Four.")) == {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": "Four."}]},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11},
        "modelVersion": "gemini-x",
        "responseId": "r7",
    }


def test_thoughts_and_the_cache_are_counted_apart() -> None:
    counts = body(Text("a"), usage=Usage(1200, 120, 1000, 0, 40))["usageMetadata"]
    assert counts["candidatesTokenCount"] == 80
    assert counts["thoughtsTokenCount"] == 40
    assert counts["cachedContentTokenCount"] == 1000
    assert counts["totalTokenCount"] == 1320


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (FinishReason.STOP, "STOP"),
        (FinishReason.LENGTH, "MAX_TOKENS"),
        (FinishReason.CONTENT_FILTER, "SAFETY"),
        (FinishReason.OTHER, "OTHER"),
    ],
)
def test_why_it_ended(reason: FinishReason, word: str) -> None:
    assert body(Text("a"), reason=reason)["candidates"][0]["finishReason"] == word


def test_pictures_native_parts_and_sources_have_their_places() -> None:
    found = body(
        Media("image/png", Base64Text("AAAA")),
        Opaque("gemini", '{"executableCode":{"language":"PYTHON","code":"1"}}'),
        Opaque("other", "{}"),
        Search(("tides",), (Source("https://e.test", "E"),)),
    )["candidates"][0]
    assert found["content"]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    ]
    assert found["groundingMetadata"] == {
        "webSearchQueries": ["tides"],
        "groundingChunks": [{"web": {"uri": "https://e.test", "title": "E"}}],
    }


def test_pages_that_were_read_are_told_as_the_upstream_tells_them() -> None:
    pages = (Retrieved("https://e.test/a"), Retrieved("https://e.test/b", "URL_RETRIEVAL_STATUS_ERROR"))
    assert body(Search(pages=pages))["candidates"][0]["urlContextMetadata"]["urlMetadata"] == [
        {"retrievedUrl": "https://e.test/a", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
        {"retrievedUrl": "https://e.test/b", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
    ]


def test_several_answers_are_the_candidates_of_one() -> None:
    two = [Answer(STARTED, (Text(text),), Usage(9, 2)) for text in ("a", "b")]
    found = json.loads(reply().bodies(two))
    assert [(one["index"], one["content"]["parts"][0]["text"]) for one in found["candidates"]] == [
        (0, "a"),
        (1, "b"),
    ]
    assert found["usageMetadata"]["totalTokenCount"] == 13
