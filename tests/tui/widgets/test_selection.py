"""Highlights on rows, and rows as Strips."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from tui.widgets.lines import PLAIN, Line, Span, line_of
from tui.widgets.selection import highlighted, paint

BOLD = Style(bold=True)
BASE = Style(color="white", bgcolor="black")


@given(st.lists(st.text("abc", min_size=1, max_size=5), max_size=5), st.integers(0, 20), st.integers(0, 20))
def test_a_highlight_changes_styles_and_no_letters(texts: list[str], start: int, end: int) -> None:
    whole = "".join(texts)
    got = highlighted([Segment(text, PLAIN) for text in texts], [(start, end, BOLD)])
    assert "".join(segment.text for segment in got) == whole
    bold = "".join(segment.text for segment in got if segment.style and segment.style.bold)
    assert bold == whole[start:end]


def test_a_strip_is_exactly_as_wide_as_the_view() -> None:
    line = line_of(Span("  世界", PLAIN))
    assert [paint(line, width, 0, BASE).cell_length for width in (3, 5, 6, 20)] == [3, 5, 6, 20]
    assert paint(Line((), 0), 4, 2, BASE).text == "    "


def test_the_cursor_stands_in_the_margin_and_covers_no_text() -> None:
    assert paint(line_of(Span("  text", PLAIN)), 8, 0, BASE, bar=BOLD).text == "▌ text  "
    assert paint(Line((), 0), 4, 0, BASE, bar=BOLD).text == "▌   "
