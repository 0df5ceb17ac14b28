"""What a stranger's text may do to a terminal: nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.clean import clean_line, clean_text

ATTACKS = [
    ("\x1b]52;c;ZXZpbA==\x07text", "text"),
    ("\x1b]0;title\x1b\\text", "text"),
    ("\x1b]8;;http://evil\x1b\\label\x1b]8;;\x1b\\", "label"),
    ("a\x1b[31mred\x1b[0mb", "aredb"),
    ("a\x1b[2Jb\x1b[Hc", "abc"),
    ("a\x9b31mb", "ab"),
    ("a\x9d52;c;eA==\x9cb", "ab"),
    ("\x1bP+q544e\x1b\\x", "x"),
    ("\x1b_Gi=1;AAAA\x1b\\x", "x"),
    ("\x1b[?1049hx\x1bcx", "xx"),
    ("\x1b]52;c;never ended", ""),
    ("\x1b\x1b]0;x\x07[31mz", "[31mz"),
    ("abc\u202edcba", "abcdcba"),
    ("\u2066x\u2069", "x"),
    ("a\x00b\x07c\x08d\x7fe", "abcde"),
    ("tag\U000e0041\U000e007f", "tag"),
    ("bad \ud800 surrogate", "bad \ufffd surrogate"),
    ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    ("a\u2028b", "a\nb"),
]


@pytest.mark.parametrize(("text", "clean"), ATTACKS)
def test_nothing_that_a_terminal_obeys_is_left(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(
    st.text(alphabet=st.sampled_from("\x1b[]PX^_\\\x07\x9b\x9d\x90\x9c;0189mhHJKc?abc\n \t\u202e\u2066é世"))
)
def test_whatever_is_put_together_only_printable_text_and_newlines_remain(text: str) -> None:
    clean = clean_text(text)
    kinds = {unicodedata.category(char) for char in clean if char != "\n"}
    assert not kinds & {"Cc", "Cs", "Cf"}
    assert clean_text(clean) == clean


@given(
    st.text(
        alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf", "Cs"])
    )
)
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert clean_text(text) == text


def test_emoji_of_several_parts_stay_together() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f"
    assert clean_text(family) == family


def test_tabs_reach_the_next_column_of_four_unless_they_are_kept() -> None:
    assert clean_text("a\tb\n\tc") == "a   b\n    c"
    assert clean_text("a\tb", tab=0) == "a\tb"


def test_a_cleaned_line_is_one_row() -> None:
    assert clean_line("one\ntwo\u2029three\x1b[2K") == "one two three"
