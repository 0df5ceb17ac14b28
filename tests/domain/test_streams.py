"""Exactly one ending and well-nested parts, whatever arrives; unary is the collected stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.content import Text, Thought, ToolCall
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
from core.domain.failure import Cause, Failure, GatewayError, Kind
from core.domain.streams import ENDINGS, StreamGuard, collect, guard

BOOM = Failure(Kind.UPSTREAM, "The line broke.")

events = st.one_of(
    st.just(PartOpened(Text(""))),
    st.just(PartOpened(Thought(""))),
    st.just(PartOpened(ToolCall("c1", "f"))),
    st.builds(PartDelta, text=st.text(max_size=3)),
    st.just(PartClosed()),
    st.just(UsageSeen(Usage(1, 2))),
    st.just(Finished()),
    st.just(Failed(BOOM)),
)


async def stream(*batches: Batch, error: Failure | None = None) -> AsyncIterator[Batch]:
    for batch in batches:
        yield batch
    if error is not None:
        raise GatewayError(error)


def check_grammar(seen: list[StreamEvent]) -> None:
    is_open = False
    for place, event in enumerate(seen):
        match event:
            case PartOpened():
                assert not is_open
                is_open = True
            case PartDelta():
                assert is_open
            case PartClosed():
                assert is_open
                is_open = False
            case Finished() | Failed():
                assert not is_open
                assert place == len(seen) - 1
            case _:
                pass
    assert sum(isinstance(event, ENDINGS) for event in seen) == 1


@given(st.lists(st.lists(events, max_size=6), max_size=6), st.booleans())
async def test_any_stream_comes_out_well_nested_with_one_ending(batches: list[Batch], breaks: bool) -> None:
    broken = stream(*batches, error=BOOM if breaks else None)
    check_grammar([event async for batch in guard(broken) for event in batch])


async def test_a_sound_batch_passes_untouched() -> None:
    batch: Batch = [PartOpened(Text("a")), PartClosed(), Finished()]
    assert StreamGuard().pass_on(list(batch)) == batch
    open_batch: Batch = [PartOpened(Text("a")), PartDelta("b")]
    assert StreamGuard().pass_on(open_batch) is open_batch


async def test_a_stream_that_just_stops_says_so() -> None:
    seen = [event async for batch in guard(stream([PartOpened(Text("half"))])) for event in batch]
    assert isinstance(seen[-1], Failed)
    assert seen[-1].failure.cause is Cause.CUT


async def test_closing_the_guard_closes_the_upstream() -> None:
    closed: list[bool] = []

    async def endless() -> AsyncIterator[Batch]:
        try:
            while True:
                yield [PartOpened(Text("x")), PartClosed()]
        finally:
            closed.append(True)

    watched = guard(endless())
    await anext(watched)
    await watched.aclose()  # type: ignore[attr-defined]
    assert closed == [True]


async def test_an_answer_holds_parts_usage_and_signature() -> None:
    answer = await collect(
        stream(
            [Started("m", account="ada"), PartOpened(Thought("why"))],
            [PartDelta(signature="sig"), PartClosed(), PartOpened(Text("He")), PartDelta("llo")],
            [
                PartClosed(),
                PartOpened(ToolCall("c1", "f")),
                PartDelta('{"a"'),
                PartDelta(":1}"),
                PartClosed(),
            ],
            [UsageSeen(Usage(3, 4)), UsageSeen(Usage(3, 5)), Finished(FinishReason.LENGTH)],
        )
    )
    assert answer.parts == (Thought("why", "sig"), Text("Hello"), ToolCall("c1", "f", '{"a":1}'))
    assert (answer.usage.output, answer.finish.reason) == (5, FinishReason.LENGTH)
    assert answer.started.account == "ada"


async def test_a_failed_stream_raises_its_failure() -> None:
    with pytest.raises(GatewayError) as caught:
        await collect(guard(stream([PartOpened(Text("x"))], error=BOOM)))
    assert caught.value.failure is BOOM
