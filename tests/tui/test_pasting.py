"""Pastes: what comes between the terminal's marks is text, whatever it holds and however it is cut."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.pasting import ABANDONED, END, LONGEST, QUIET, START, Paste, PasteReader


class Reading:
    """A reader with a clock of its own: typed bytes joined, pasted texts in order."""

    def __init__(self) -> None:
        self.reader = PasteReader()
        self.now = 100.0
        self.typed = b""
        self.pasted: list[str] = []

    def feed(self, *chunks: bytes, after: float = 0.001) -> Reading:
        for chunk in chunks:
            self.now += after
            self._take(self.reader.feed(chunk, self.now))
        return self

    def rest(self, seconds: float = QUIET * 1.5) -> Reading:
        self.now += seconds
        self._take(self.reader.tick(self.now))
        return self

    def _take(self, parts: list[bytes | Paste]) -> None:
        for part in parts:
            if isinstance(part, Paste):
                self.pasted.append(part.text)
            else:
                self.typed += part

    @property
    def keys(self) -> bytes:
        """What was typed, without the marks, which the parser of keys gets to see."""
        return self.typed.replace(START, b"").replace(END, b"")


def test_typed_bytes_pass_at_once_and_untouched() -> None:
    for chunk in (b"a", b"\x1b", b"\x1b[A", b"\x1b[20", b"\x1b[<0;5;5M", "ä".encode()):
        assert PasteReader().feed(chunk, 0.0) == [chunk]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"plain", "plain"),
        (b"one\rtwo\r\nthree\nfour\tfive", "one\ntwo\nthree\nfour\tfive"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"bell\x07 quit\x11 stop\x03 null\x00 \x7f\x08", "bell quit stop null "),
        (b"\x1b[200~nested", "nested"),
        (b"\x1b[Mabc and on", "abc and on"),
        (b"ends in an escape \x1b", "ends in an escape "),
        ("äö€😀".encode(), "äö€😀"),
        (b"not utf-8: \xff.", "not utf-8: \ufffd."),
        (b"", ""),
    ],
)
def test_a_paste_is_text_without_what_a_terminal_or_program_obeys(sent: bytes, text: str) -> None:
    reading = Reading().feed(START + sent + END).rest()
    assert (reading.pasted, reading.keys) == ([text], b"")


def test_an_end_mark_inside_the_pasted_text_does_not_end_it() -> None:
    sent = START + b"rm -rf" + END + b"\x11\r" + b"more" + END
    assert Reading().feed(sent).rest().pasted == ["rm -rf\nmore"]
    byte_by_byte = Reading().feed(*(sent[n : n + 1] for n in range(len(sent)))).rest()
    assert (byte_by_byte.pasted, byte_by_byte.keys) == (["rm -rf\nmore"], b"")


def test_what_is_typed_after_a_paste_is_typed() -> None:
    assert Reading().feed(START + b"text" + END + b"\r").rest().keys == b"\r"
    reading = Reading().feed(b"a" + START + b"text" + END).rest().feed(b"b\x1b[A")
    assert (reading.keys, reading.pasted) == (b"ab\x1b[A", ["text"])


def test_two_pastes_one_after_the_other_are_two() -> None:
    reading = Reading().feed(START + b"one" + END).rest().feed(START + b"two" + END).rest()
    assert reading.pasted == ["one", "two"]


def test_a_person_who_keeps_a_key_down_is_heard_in_the_end() -> None:
    reading = Reading().feed(START + b"text" + END)
    for _ in range(int(LONGEST / (QUIET / 2)) + 3):
        reading.feed(b"x", after=QUIET / 2).rest(0.0)
    assert reading.pasted == ["text"]
    assert set(reading.keys) == {ord("x")}


def test_a_paste_that_never_ends_is_given_up_after_a_while() -> None:
    reading = Reading().feed(START + b"lost").rest(ABANDONED / 2)
    assert reading.pasted == []
    assert reading.rest(ABANDONED).pasted == ["lost"]
    assert reading.feed(b"x").keys == b"x"


@given(st.binary(max_size=120), st.binary(max_size=8), st.integers(1, 9))
def test_a_paste_is_the_same_however_it_is_cut(body: bytes, typed: bytes, size: int) -> None:
    sent = START + body + END + typed
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    whole, cut = Reading().feed(sent).rest(), Reading().feed(*pieces).rest()
    assert (whole.pasted, whole.keys) == (cut.pasted, cut.keys)
    assert not any(ord(char) < 32 and char not in "\n\t" for text in whole.pasted for char in text)


def test_a_megabyte_in_small_reads_is_no_work() -> None:
    body = b"a line of text that somebody copied \x1b[1mbold\x1b[0m\n" * 20_000
    sent = START + body + END
    pieces = [sent[start : start + 4096] for start in range(0, len(sent), 4096)]
    began = time.perf_counter()
    assert len(Reading().feed(*pieces, after=1e-6).rest().pasted) == 1
    assert time.perf_counter() - began < 2.0
