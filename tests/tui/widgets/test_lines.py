"""Wrapping: no word lost, no row too wide, and copying gives the text back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tui.widgets.lines import PLAIN, Span, crop_line, line_of, take_cells, wrap_spans

BOLD = Style(bold=True)


def texts(width: int, *spans: Span) -> list[str]:
    return [line.text for line in wrap_spans(spans, width)]


def test_words_move_to_the_next_row_whole() -> None:
    assert texts(10, Span("one two three four", PLAIN)) == ["one two", "three four"]


def test_a_word_across_two_styles_is_not_torn() -> None:
    lines = wrap_spans([Span("aa bb", PLAIN), Span("cc dd", BOLD)], 6)
    assert [line.text for line in lines] == ["aa", "bbcc", "dd"]
    assert [segment.style for segment in lines[1].segments] == [PLAIN, BOLD]


def test_a_word_longer_than_a_row_is_cut_and_joined_again_without_a_space() -> None:
    lines = wrap_spans([Span("abcdefgh", PLAIN)], 3)
    assert [(line.text, line.glue) for line in lines] == [("abc", None), ("def", ""), ("gh", "")]


def test_rows_after_the_first_get_their_own_margin() -> None:
    lines = wrap_spans([Span("one two", PLAIN)], 6, [Span("- ", PLAIN)], [Span("  ", PLAIN)])
    assert [line.text for line in lines] == ["- one", "  two"]


def test_a_wide_character_is_never_halved() -> None:
    assert texts(5, Span("世界世界", PLAIN)) == ["世界", "世界"]
    assert take_cells("世界", 3) == "世"
    assert crop_line(line_of(Span("世界", PLAIN)), 3, Span("…", PLAIN)).text == "世…"


def test_indentation_at_the_start_of_a_row_is_kept() -> None:
    assert texts(20, Span("a\n    b", PLAIN)) == ["a", "    b"]


@given(st.text(alphabet="ab 世\n", max_size=80), st.integers(2, 30))
def test_no_row_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = wrap_spans([Span(text, PLAIN)], width)
    assert all(line.width == cell_len(line.text) <= width for line in lines)
    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
