"""Streams of answers, from the shapes the seed shows to the odd ones."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.content import (
    Base64Text,
    Media,
    Part,
    Retrieved,
    Role,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
    Turn,
    Url,
    text_of,
)
from core.domain.events import (
    Answer,
    Batch,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.requests import ChatRequest
from core.domain.streams import Collector, StreamGuard
from core.providers.antigravity.decode import Decoder
from core.providers.antigravity.encode import Encoded
from core.wire.tool_names import ToolNames

NOW = 1_767_970_000.0


def decoder(*tools: str, custom: tuple[str, ...] = ()) -> Decoder:
    ids = (f"call_{n}" for n in itertools.count(1))
    asked = Encoded(b"", ToolNames([*tools, *custom]), frozenset(custom), family="gemini-pro")
    return Decoder("gemini-3-pro-high", asked, lambda: next(ids), lambda: NOW)


def message(*parts: dict[str, Any], finish: str = "", **response: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return {"response": {"candidates": [candidate], **response}, "traceId": "abc"}


def sse(*messages: dict[str, Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in messages)


def collected(batches: list[Batch]) -> Answer:
    collector, guard = Collector(), StreamGuard()
    for batch in batches:
        assert guard.pass_on(batch) == batch, "the batch is well formed"
        collector.feed(batch)
    return collector.answer()


def answer(*messages: dict[str, Any], reader: Decoder | None = None) -> Answer:
    reader = reader or decoder()
    return collected([reader.feed(sse(*messages)), reader.finish()])


def parts(*messages: dict[str, Any], reader: Decoder | None = None) -> tuple[Part, ...]:
    return answer(*messages, reader=reader).parts


def test_the_seeds_stream_is_read() -> None:
    got = answer(
        message({"text": "Hello"}, usageMetadata={"promptTokenCount": 16}),
        message({"text": " world"}, finish="STOP", usageMetadata={"candidatesTokenCount": 4}),
    )
    assert got.parts == (Text("Hello world"),)
    assert got.usage == Usage(16, 4)
    assert got.finish.reason is FinishReason.STOP


def test_a_read_gives_its_events_at_once() -> None:
    reader = decoder()
    assert reader.feed(sse(message({"text": "a"}))) == [PartOpened(Text("")), PartDelta("a")]
    assert reader.feed(sse(message({"text": "b"}), message({"text": "c"}))) == [
        PartDelta("b"),
        PartDelta("c"),
    ]


FULL = [
    message({"thought": True, "text": "Let me see — ünïcode"}, usageMetadata={"promptTokenCount": 9}),
    message({"thought": True, "text": "", "thoughtSignature": "S" * 60}),
    message({"text": "The answer 🪁"}),
    message({"text": " is this."}),
    message({"functionCall": {"name": "mcp_get", "args": {"a": 1.50, "b": "x"}, "id": "t1"}}),
    message({"functionCall": {"name": "ls"}, "thoughtSignature": "T" * 60}),
    message({"inlineData": {"mimeType": "IMAGE/PNG", "data": "QUJD"}}),
    message(finish="STOP", usageMetadata={"candidatesTokenCount": 5, "thoughtsTokenCount": 2}),
]


def test_everything_at_once_becomes_parts_in_order() -> None:
    got = answer(*FULL, reader=decoder("mcp/get", "ls"))
    assert got.parts == (
        Thought("Let me see — ünïcode", "S" * 60),
        Text("The answer 🪁 is this."),
        ToolCall("t1", "mcp/get", '{"a": 1.5, "b": "x"}'),
        ToolCall("call_1", "ls", "{}", signature="T" * 60),
        Media("image/png", Base64Text("QUJD")),
    )
    assert got.usage == Usage(9, 7, thoughts=2)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_split_at_any_byte_changes_nothing(line_end: bytes) -> None:
    stream = sse(*FULL).replace(b"\n", line_end)
    whole = answer(*FULL, reader=decoder("mcp/get", "ls"))
    for at in range(0, len(stream), 7):
        reader = decoder("mcp/get", "ls")
        got = collected([reader.feed(stream[:at]), reader.feed(stream[at:]), reader.finish()])
        assert got.parts == whole.parts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 80), min_size=1, max_size=60))
def test_any_reads_give_the_same_answer(sizes: list[int]) -> None:
    stream, reader, batches, at = sse(*FULL), decoder("mcp/get", "ls"), list[Batch](), 0
    for size in itertools.cycle(sizes):
        if at >= len(stream):
            break
        batches.append(reader.feed(stream[at : at + size]))
        at += size
    events = [event for batch in (*batches, reader.finish()) for event in batch]
    whole = decoder("mcp/get", "ls")
    assert events == [*whole.feed(stream), *whole.finish()]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([message({"text": "a"}), message({"text": "b"}, finish="STOP")]).encode(),
        json.dumps(message({"text": "ab"}, finish="STOP")["response"]).encode(),
        json.dumps(message({"text": "ab"}, finish="STOP")).encode(),
    ],
    ids=["array", "bare", "wrapped"],
)
def test_an_answer_may_come_as_json(body: bytes) -> None:
    asked = Encoded(b"", ToolNames([]))
    reader = Decoder("m", asked, lambda: "x", lambda: NOW, streamed=False)
    half = len(body) // 2
    assert (
        text_of(collected([reader.feed(body[:half]), reader.feed(body[half:]), reader.finish()]).parts)
        == "ab"
    )
    reader = decoder()
    event = b"data: " + body + b"\n\n"
    assert text_of(collected([reader.feed(event), reader.finish()]).parts) == "ab"


def test_the_last_event_needs_no_blank_line() -> None:
    reader = decoder()
    stream = sse(message({"text": "a"}, finish="STOP")).rstrip(b"\n")
    assert text_of(collected([reader.feed(stream), reader.finish()]).parts) == "a"


def test_comments_odd_lines_and_done_are_read_past(caplog: pytest.LogCaptureFixture) -> None:
    stream = b": ping\n\nevent: x\n" + sse(message({"text": "a"}, finish="STOP"))
    reader = decoder()
    got = [reader.feed(stream + b"data: not json\n\ndata: [DONE]\n\n"), reader.finish()]
    assert text_of(collected(got).parts) == "a"
    assert "can't be read" in caplog.text
    assert "not json" not in caplog.text


HOLES = {
    "not JSON": b"not json",
    "half a message": b'{"response":{"candidates":[{"content":{"parts":[{"te',
    "a word for a number": b'{"response":{"usageMetadata":{"promptTokenCount":"many"}}}',
    "no UTF-8": b'{"response":{"candidates":[{"content":{"parts":[{"text":"\xff"}]}}]}}',
    "no end of brackets": b'{"x":' + b"[" * 100_000,
    "an odd one in a list": b'[{"response":{}},7]',
}


@pytest.mark.parametrize("name", HOLES)
def test_an_answer_with_a_hole_fails(name: str) -> None:
    """What came before the hole stays, what comes after it is not shown as if nothing were missing."""
    reader = decoder()
    whole = sse(message({"text": "a"}))
    later = sse(message({"text": "b"}, finish="STOP"))
    batch = reader.feed(whole + b"data: " + HOLES[name] + b"\n\n" + later)
    assert [event.text for event in batch if isinstance(event, PartDelta)] == ["a"]
    with pytest.raises(GatewayError) as caught:
        reader.finish()
    failure = caught.value.failure
    assert (failure.kind, failure.cause, failure.scope) == (Kind.UPSTREAM, Cause.CUT, Scope.ENDPOINT)
    assert "parts" not in failure.public_message
    assert "many" not in failure.detail


def test_an_empty_payload_is_no_hole() -> None:
    reader = decoder()
    stream = sse(message({"text": "a"})) + b"data:\n\ndata: \n\n" + sse(message({"text": "b"}, finish="STOP"))
    assert text_of(collected([reader.feed(stream), reader.finish()]).parts) == "ab"


# --- signatures ------------------------------------------------------------------------------------


def test_a_signature_belongs_to_the_part_it_came_with() -> None:
    signature = "S" * 60
    assert parts(
        message({"text": "Answer", "thoughtSignature": signature}), message({"text": "."}, finish="STOP")
    ) == (Text("Answer.", signature=signature),)
    assert parts(message({"text": "", "thoughtSignature": signature}, finish="STOP")) == (
        Text("", signature=signature),
    )
    assert parts(
        message({"thought": True, "text": "hm"}),
        message({"thoughtSignature": signature}),
        message({"text": "a"}, finish="STOP"),
    ) == (Thought("hm", signature), Text("a"))


def test_a_signed_text_is_no_thought() -> None:
    assert isinstance(parts(message({"thoughtSignature": "S" * 60, "text": "a"}, finish="STOP"))[0], Text)


# --- calls -----------------------------------------------------------------------------------------


def call(name: str, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, **fields}}


def test_calls_keep_their_ids_get_missing_ones_and_repeat_none() -> None:
    got = parts(
        message(call("f", id="a", args={}), call("f", args={"x": 1})),
        message(call("f", id="a", args={}), call("f", id="a", args={"other": 2}), finish="OTHER"),
    )
    assert [(part.id, part.arguments) for part in got if isinstance(part, ToolCall)] == [
        ("a", "{}"),
        ("call_1", '{"x": 1}'),
        ("call_2", '{"other": 2}'),
    ]


def test_names_come_back_as_the_client_knows_them() -> None:
    got = parts(message(call("default_api.mcp_get"), finish="STOP"), reader=decoder("mcp/get"))
    assert [part.name for part in got if isinstance(part, ToolCall)] == ["mcp/get"]


def test_placeholders_never_reach_the_client() -> None:
    got = parts(message(call("f", args={"_placeholder": True, "a": {"_placeholder": True}}), finish="STOP"))
    assert [part.arguments for part in got if isinstance(part, ToolCall)] == ['{"a":{}}']


def test_a_free_text_tool_gets_its_text() -> None:
    messages = [message(call("patch", args={"input": "*** Begin"}), finish="STOP")]
    got = parts(*messages, reader=decoder(custom=("patch",)))
    assert got == (ToolCall("call_1", "patch", "*** Begin", "custom"),)


# --- other parts -----------------------------------------------------------------------------------


def test_code_that_was_run_is_shown_and_links_are_kept() -> None:
    got = parts(
        message({"text": "See:"}),
        message({"executableCode": {"language": "PYTHON", "code": "print(1)\n"}}),
        message({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}),
        message({"fileData": {"mimeType": "image/png", "fileUri": "https://h/x"}}, finish="STOP"),
    )
    assert text_of(got) == "See:\n```python\nprint(1)\n```\n\n```\n1\n```\n"
    assert got[-1] == Media("image/png", Url("https://h/x"))


def test_drafts_of_pictures_are_left_out() -> None:
    draft = {"thought": True, "inlineData": {"mimeType": "image/png", "data": "QQ=="}}
    assert parts(message(draft, {"text": "a"}, finish="STOP")) == (Text("a"),)


def test_what_a_search_found_closes_the_answer() -> None:
    found = message({"text": "It was Spain."}, finish="STOP")
    found["response"]["candidates"][0]["groundingMetadata"] = {
        "webSearchQueries": ["who won"],
        "groundingChunks": [
            {"web": {"uri": "https://a/1", "title": "A"}},
            {"web": {"uri": "https://a/1", "title": "A"}},
            {"web": {"uri": "https://b/2", "domain": "b.example"}},
            {},
        ],
        "groundingSupports": [{"segment": {"endIndex": 3}}],
    }
    assert parts(found)[-1] == Search(
        ("who won",), (Source("https://a/1", "A"), Source("https://b/2", "b.example"))
    )


def test_the_pages_that_were_read_are_told_with_how_that_went() -> None:
    found = message({"text": "It says so."}, finish="STOP")
    found["response"]["candidates"][0]["urlContextMetadata"] = {
        "urlMetadata": [
            {"retrievedUrl": "https://a/1", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
            {"retrievedUrl": "https://a/2", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
        ]
    }
    assert parts(found)[-1] == Search(
        pages=(Retrieved("https://a/1"), Retrieved("https://a/2", "URL_RETRIEVAL_STATUS_ERROR"))
    )


def test_usage_is_told_early_and_in_the_end() -> None:
    reader = decoder()
    first = reader.feed(sse(message({"text": "a"}, usageMetadata={"promptTokenCount": 5})))
    assert first[0] == UsageSeen(Usage(5, 0))
    again = reader.feed(sse(message({"text": "b"}, usageMetadata={"promptTokenCount": 5})))
    assert not any(isinstance(event, UsageSeen) for event in again)
    reader.feed(sse(message(finish="STOP", usageMetadata={"candidatesTokenCount": 3})))
    assert reader.finish()[-2] == UsageSeen(Usage(5, 3))


# --- endings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("STOP", FinishReason.STOP),
        ("OTHER", FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("SAFETY", FinishReason.CONTENT_FILTER),
        ("NEVER_SEEN", FinishReason.OTHER),
    ],
)
def test_an_answer_ends_for_a_reason(wire: str, reason: FinishReason) -> None:
    got = answer(message({"text": "a"}, finish=wire)).finish
    assert got.reason is reason
    assert ("SAFETY" in got.message) == (wire == "SAFETY")


def test_a_blocked_prompt_ends_by_the_filter() -> None:
    got = answer({"response": {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}})
    assert got.parts == ()
    assert got.finish.reason is FinishReason.CONTENT_FILTER
    assert "PROHIBITED_CONTENT" in got.finish.message


def test_an_answer_that_does_not_tell_its_tokens_is_guessed() -> None:
    request = ChatRequest("m", (Turn.of(Role.USER, "x" * 350),))
    asked = Encoded(b"", ToolNames([]), request=request)
    reader = Decoder("gemini-3-pro-high", asked, lambda: "id", lambda: NOW)
    got = answer(message({"text": "y" * 35}), message({"text": "y" * 35}, finish="STOP"), reader=reader)
    assert got.usage == Usage(100, 20)


def test_another_family_that_answers_in_silence_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    count = {"promptTokenCount": 1}
    answer(message({"text": "a"}, finish="STOP", usageMetadata=count, modelVersion="gemini-3-pro"))
    assert not caplog.text
    answer(message({"text": "a"}, finish="STOP", usageMetadata=count, modelVersion="gemini-3-flash"))
    assert "gemini-3-pro-high was asked and gemini-3-flash has answered" in caplog.text


def test_other_without_content_is_no_answer() -> None:
    """With content it is how some calls and answers end."""
    assert failed(message(finish="OTHER")).failure.cause is Cause.EMPTY
    assert parts(message(call("f"), finish="OTHER")) == (ToolCall("call_1", "f", "{}"),)


def test_an_empty_answer_ends_with_nothing() -> None:
    assert answer(message({"text": ""}, finish="STOP")).parts == ()


def failed(*messages: dict[str, Any]) -> GatewayError:
    reader = decoder()
    reader.feed(sse(*messages))
    with pytest.raises(GatewayError) as caught:
        reader.finish()
    return caught.value


def test_without_a_finish_reason_the_answer_was_cut() -> None:
    assert failed(message({"text": "a"})).failure.cause is Cause.CUT
    assert failed().failure.cause is Cause.CUT


def test_a_broken_call_is_worth_another_try() -> None:
    caught = failed(message(finish="MALFORMED_FUNCTION_CALL")).failure
    assert (caught.cause, caught.scope) == (Cause.EMPTY, Scope.ENDPOINT)


def test_an_error_in_the_stream_fails_after_what_came_before() -> None:
    error = {"error": {"code": 503, "message": "The model is overloaded", "status": "UNAVAILABLE"}}
    reader = decoder()
    batch = reader.feed(sse(message({"text": "a"}), error, message({"text": "ignored"})))
    assert batch == [PartOpened(Text("")), PartDelta("a")]
    assert reader.failure is not None
    assert reader.failure.kind is Kind.CAPACITY
    with pytest.raises(GatewayError):
        reader.finish()


OLD = "This version of Antigravity is no longer supported. Please update to continue."


def test_an_answer_that_only_refuses_our_version_is_an_error() -> None:
    assert failed(message({"text": OLD}, finish="STOP")).failure.cause is Cause.OUTDATED


@pytest.mark.parametrize("at", [1, 5, 30, 60])
def test_the_refusal_of_our_version_may_come_in_pieces(at: int) -> None:
    pieces = message({"text": OLD[:at]}), message({"text": OLD[at:]}, finish="STOP")
    assert failed(*pieces).failure.cause is Cause.OUTDATED


@pytest.mark.parametrize("text", ["T", "This", "This version is fine.", "Your version of Antigravity is"])
def test_an_answer_that_only_begins_like_it_is_given_whole(text: str) -> None:
    assert parts(message({"text": text}, finish="STOP")) == (Text(text),)
    assert parts(message({"text": text, "thoughtSignature": "s"}, finish="STOP")) == (
        Text(text, signature="s"),
    )
    signed = message({"text": text}), message({"text": "", "thoughtSignature": "s"}, finish="STOP")
    assert parts(*signed) == (Text(text, signature="s"),)


def test_an_answer_that_goes_on_after_that_sentence_is_one() -> None:
    long = OLD + " And more of it." * 30
    assert text_of(parts(message({"text": OLD}), message({"text": long}, finish="STOP"))) == OLD + long
    assert parts(message({"text": OLD}), message(call("f"), finish="STOP"))[0] == Text(OLD)
    assert parts(message({"text": OLD}), message({"thought": True, "text": "x"}, finish="STOP")) == (
        Text(OLD),
        Thought("x"),
    )
    quoted = "You said: " + OLD
    assert parts(message({"text": quoted}, finish="STOP")) == (Text(quoted),)


def test_parts_are_closed_before_the_next() -> None:
    reader = decoder()
    events = reader.feed(sse(message({"thought": True, "text": "a"}, {"text": "b"}, call("f"))))
    assert [type(event) for event in events] == [
        PartOpened,
        PartDelta,
        PartClosed,
        PartOpened,
        PartDelta,
        PartClosed,
        PartOpened,
        PartDelta,
        PartClosed,
    ]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(FULL) | st.just({}) | st.just({"response": None}), max_size=12),
    st.binary(max_size=20),
)
def test_any_order_of_messages_is_well_formed(messages: list[dict[str, Any]], noise: bytes) -> None:
    reader, guard = decoder("mcp/get"), StreamGuard()
    for read in (sse(*messages), b"data: " + noise.replace(b"\n", b"") + b"\n\n"):
        batch = reader.feed(read)
        assert guard.pass_on(batch) == batch
    if reader.complete:
        batch = reader.finish()
        assert guard.pass_on(batch) == batch
        assert guard.ended
