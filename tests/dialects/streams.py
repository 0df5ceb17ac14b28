"""Streams of events that every protocol has to write: those of golden files, and any others."""

from __future__ import annotations

from hypothesis import strategies as st

from core.domain.content import (
    Base64Text,
    Citation,
    Media,
    Opaque,
    Part,
    Refusal,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
    Url,
)
from core.domain.events import (
    Batch,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, Kind
from core.domain.ports import Reply

STARTED = Started("gemini-x", "ada@test")
USAGE = UsageSeen(Usage(1200, 120, 1000, 0, 40))


def whole(part: Part) -> Batch:
    return [PartOpened(part), PartClosed()]


SAID: Batch = [PartOpened(Text("")), PartDelta("Fo"), PartDelta('ur "é"\n'), PartClosed()]
STREAMS: dict[str, Batch] = {
    "text": [STARTED, *SAID, USAGE, Finished()],
    "thought": [
        STARTED,
        PartOpened(Thought("")),
        PartDelta("Let me see"),
        PartClosed("sig-of-thought"),
        PartOpened(Text("Four")),
        PartClosed(),
        Finished(FinishReason.LENGTH),
    ],
    "tools": [
        STARTED,
        PartOpened(Text("I look")),
        PartClosed(),
        PartOpened(ToolCall("call_1", "get_weather", signature="sig1")),
        PartDelta('{"city":'),
        PartDelta('"Paris"}'),
        PartClosed(),
        PartOpened(ToolCall("call_2", "get_time")),
        PartDelta("{}"),
        PartClosed("late"),
        PartOpened(ToolCall("call_3", "patch", "*** Begin", "custom")),
        PartDelta(" Patch"),
        PartClosed(),
        Finished(),
    ],
    "picture": [STARTED, *whole(Media("image/png", Base64Text("iVBORw0="))), Finished()],
    "refusal": [STARTED, *whole(Refusal("I can't")), Finished(FinishReason.CONTENT_FILTER)],
    "search": [
        STARTED,
        PartOpened(Text("It rains", (Citation(0, 8, Source("https://e.test/a", "A")),))),
        PartClosed(),
        *whole(Search(("rain",), (Source("https://e.test/b", "B"),))),
        Finished(),
    ],
    "failed": [
        STARTED,
        PartOpened(Text("Once")),
        Failed(Failure(Kind.UPSTREAM, "The answer broke off.", detail="secret detail")),
    ],
    "empty": [STARTED, Finished()],
}  # fmt: skip


PARTS = st.one_of(
    st.builds(Text, st.text(max_size=5)),
    st.builds(Thought, st.text(max_size=5)),
    st.builds(ToolCall, st.text(min_size=1, max_size=3), st.just("f"), st.text(max_size=5)),
    st.builds(ToolCall, st.just("c"), st.just("g"), st.text(max_size=5), st.just("custom")),
    st.builds(ToolCall, st.just("c"), st.just("g"), st.text(max_size=5), st.just("builtin")),
    st.builds(Refusal, st.text(max_size=5)),
    st.just(Media("image/png", Base64Text("AAAA"))),
    st.just(Media("image/png", Url("https://e.test"))),
    st.just(Media("image/png", b"raw")),
    st.just(Search((), (Source("u"),))),
    st.just(Opaque("gemini", "{}")),
)
DELTAS = st.builds(PartDelta, st.text(max_size=5), st.sampled_from(["", "", "sig"]))


@st.composite
def answers(draw: st.DrawFn) -> list[StreamEvent]:
    events: list[StreamEvent] = [STARTED]
    for part in draw(st.lists(PARTS, max_size=4)):
        events.append(PartOpened(part))
        if isinstance(part, Text | Thought | ToolCall):
            events += draw(st.lists(DELTAS, max_size=3))
        events.append(PartClosed(draw(st.sampled_from(["", "end"]))))
        if draw(st.booleans()):
            events.append(USAGE)
    events.append(
        draw(
            st.sampled_from([Finished(), Finished(FinishReason.LENGTH), Failed(Failure(Kind.INTERNAL, "x"))])
        )
    )
    return events


EVENTS = st.one_of(
    st.just(STARTED),
    st.builds(PartOpened, PARTS),
    DELTAS,
    st.just(PartClosed()),
    st.just(USAGE),
    st.just(Finished()),
)


def bit_by_bit(speaking: Reply, events: list[StreamEvent], data: st.DataObject) -> bytes:
    """What a reply writes when the events come in batches of any size."""
    written, rest = b"", list(events)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        written += speaking.frames(rest[:size])
        rest = rest[size:]
    return written
