"""Markdown as rows of cells."""

from __future__ import annotations

from rich.style import Style

from tui.widgets.markdown import link_style, markdown_lines
from tui.widgets.palette import Palette
from tui.widgets.table import column_widths

PALETTE = Palette(code=Style(bgcolor="#222222"))


def rows(text: str, width: int = 40) -> list[str]:
    return [line.text.rstrip() for line in markdown_lines(text, width, PALETTE)]


def style_of(text: str, words: str) -> Style:
    for line in markdown_lines(text, 60, PALETTE):
        for segment in line.segments:
            if words in segment.text:
                return segment.style or Style()
    raise AssertionError(f"{words!r} is not shown")


def test_lists_nest_and_their_rows_hang_under_the_text() -> None:
    assert rows("9. nine\n10. ten is long enough to wrap\n    - inner\n    - more", 24) == [
        " 9. nine",
        "10. ten is long enough",
        "    to wrap",
        "    ◦ inner",
        "    ◦ more",
    ]


def test_a_table_is_as_wide_as_its_content_and_numbers_stand_right() -> None:
    assert rows("| name | ms |\n|---|--:|\n| a | 7 |\n| long name | 120 |") == [
        "name        ms",
        "─────────  ───",
        "a            7",
        "long name  120",
    ]


def test_a_table_too_wide_wraps_its_widest_column() -> None:
    got = rows("| a | b |\n|---|---|\n| x | one two three four five |", 16)
    assert got[2:] == ["x  one two three", "   four five"]
    assert column_widths([3, 50, 20], 40) == [3, 18, 18]


def test_code_keeps_its_spaces_and_names_its_language_at_the_right_end() -> None:
    got = [line.text for line in markdown_lines("```python\ndef f():\n    return 1\n```", 30, PALETTE)]
    assert got == [" def f():" + " " * 14 + "python ", "     return 1" + " " * 17]
    assert all(line.width == 30 for line in markdown_lines("```\nx\n```", 30, PALETTE))


def test_code_is_coloured_by_kind_on_the_tint() -> None:
    keyword = style_of("```python\ndef f(): pass\n```", "def")
    assert (keyword.color, keyword.bgcolor) == (PALETTE.code_keyword.color, PALETTE.code.bgcolor)


def test_an_unknown_language_is_shown_plain() -> None:
    assert rows("```nosuchlanguage\nx = 1\n```")[0].split() == ["x", "=", "1", "nosuchlanguage"]


def test_a_link_shows_where_it_leads_unless_its_label_does() -> None:
    assert rows("[bank.com](http://evil.example/x)") == ["bank.com (evil.example)"]
    assert rows("[see evil.example](http://evil.example/x)") == ["see evil.example"]
    assert rows("https://a.example/b.") == ["https://a.example/b."]


def test_only_web_and_mail_links_become_terminal_links() -> None:
    assert link_style("https://a.example", PALETTE).link == "https://a.example"
    assert link_style("javascript:alert(1)", PALETTE).link is None
    assert link_style("https://a.example/\x1b]0;x\x07", PALETTE).link is None
    assert link_style("file:///etc/passwd", PALETTE).link is None


def test_console_markup_and_html_are_text() -> None:
    assert rows("[bold]x[/] <b>y</b>") == ["[bold]x[/] <b>y</b>"]


def test_quotes_stand_behind_a_bar() -> None:
    assert rows("> one\n>\n> two") == ["▎ one", "▎", "▎ two"]


def test_what_is_nested_too_deep_is_shown_as_it_was_written() -> None:
    assert "x" in "".join(rows(">" * 2000 + " x"))
    assert "x" in "".join(rows("- " * 500 + "x"))
