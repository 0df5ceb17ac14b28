"""Server-sent events: whatever the reads look like, the payloads are the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.sse import EventTooLargeError, SseParser, frame


def parse(*reads: bytes, limit: int = 1 << 20) -> list[bytes]:
    parser = SseParser(limit)
    payloads = [payload for read in reads for payload in parser.feed(read)]
    return payloads + parser.finish()


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        (b'data: {"a":1}\n\n', [b'{"a":1}']),
        (b'data:{"a":1}\n\n', [b'{"a":1}']),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
        (b"data: 1\n\ndata: 2\r\n\r\n", [b"1", b"2"]),
        (b"data: 1\n\r\ndata: 2\r\n\n", [b"1", b"2"]),
        (b"data: 1\n\ndata: 2\n\ndata: 3\n\n", [b"1", b"2", b"3"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\ndata\ndata: b\n\n", [b"a\n\nb"]),
        (b": keep-alive\n\ndata: 1\n\n: bye\n", [b"1"]),
        (b"event: ping\nid: 7\nretry: 10\ndata: 1\n\n", [b"1"]),
        (b"event: ping\n\ndata: 1\n\n", [b"1"]),
        (b"\n\n\ndata: 1\n\n\n\ndata: 2\n\n\n", [b"1", b"2"]),
        (b"data: 1\n\ndata: [DONE]\n\n", [b"1", b"[DONE]"]),
        (b"data: no newline at the end", [b"no newline at the end"]),
        (b"data: no blank line\n", [b"no blank line"]),
        (b"\xef\xbb\xbfdata: after a byte order mark\n\n", [b"after a byte order mark"]),
        (b"database: not data\n\n", []),
        (b"data: \n\n", [b""]),
        (b"", []),
    ],
)
def test_a_stream_has_its_payloads_wherever_it_is_cut(stream: bytes, payloads: list[bytes]) -> None:
    assert parse(stream) == payloads
    assert parse(*[stream[at : at + 1] for at in range(len(stream))]) == payloads
    for at in range(len(stream)):
        assert parse(stream[:at], stream[at:]) == payloads


_line = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12).map(str.encode)
_noise = st.sampled_from([b": c", b"event: x", b"id: 1", b"data", b"", b"junk"])
_event = st.lists(st.one_of(_line.map(lambda line: b"data: " + line), _noise), max_size=4)
_ends = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def _stream(draw: st.DrawFn) -> bytes:
    lines = [line for event in draw(st.lists(_event, max_size=5)) for line in [*event, b""]]
    return b"".join(line + draw(_ends) for line in lines) + draw(st.sampled_from([b"", b"data: open"]))


@given(_stream(), st.lists(st.integers(0, 200), max_size=8))
def test_any_cut_gives_the_payloads_of_the_whole(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reads = [stream[start:end] for start, end in pairwise(edges)]
    assert parse(*reads) == parse(*[stream[at : at + 1] for at in range(len(stream))])


@given(st.lists(_line, max_size=6), st.one_of(st.none(), st.just("message_start")))
def test_what_is_framed_is_parsed_back(payloads: list[bytes], event: str | None) -> None:
    assert parse(b"".join(frame(payload, event) for payload in payloads)) == payloads


def test_a_payload_with_line_feeds_survives_framing() -> None:
    assert frame(b"a\n\nb") == b"data: a\ndata: \ndata: b\n\n"
    assert parse(frame(b"a\n\nb", "note")) == [b"a\n\nb"]


def test_a_named_event_says_its_name_first() -> None:
    assert frame(b"{}", "message_stop") == b"event: message_stop\ndata: {}\n\n"


@pytest.mark.parametrize("step", [1, 7, 64, 4096])
def test_an_event_at_the_limit_passes_and_one_byte_more_does_not(step: int) -> None:
    def cut(size: int) -> list[bytes]:
        stream = b"data: " + b"x" * size + b"\n\n"
        return [stream[at : at + step] for at in range(0, len(stream), step)]

    assert parse(*cut(100), limit=100) == [b"x" * 100]
    with pytest.raises(EventTooLargeError, match="larger than 100 bytes"):
        parse(*cut(101 + step), limit=100)


def test_many_short_data_lines_count_as_one_event() -> None:
    with pytest.raises(EventTooLargeError):
        parse(*[b"data: 1234567890\n"] * 12, limit=100)


def test_events_that_are_small_one_by_one_pass_a_read_larger_than_the_limit() -> None:
    assert parse(b"data: 1234567890\n\n" * 50, limit=100) == [b"1234567890"] * 50


def test_a_read_that_ends_inside_an_event_keeps_the_rest_for_the_next() -> None:
    parser = SseParser()
    assert parser.feed(b"data: 1\n\ndata: 2\n") == [b"1"]
    assert parser.feed(b"\ndata: 3") == [b"2"]
    assert parser.feed(b"3\n\n") == [b"33"]
    assert parser.finish() == []
