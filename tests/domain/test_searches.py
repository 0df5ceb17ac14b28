from __future__ import annotations

from core.domain.content import Retrieved, Search, Source
from core.domain.searches import merged, search_markdown, sources_markdown

FOUND = Search(
    ("regatta 2031 winner",),
    (Source("https://example.org/r", "Harbour News"), Source("https://example.net/b")),
    (
        Retrieved("https://example.org/a"),
        Retrieved("https://example.org/gone", "URL_RETRIEVAL_STATUS_ERROR"),
    ),
)


def test_the_markdown_of_a_search_has_the_form_that_is_agreed() -> None:
    assert search_markdown("The Albatross won.\n", FOUND) == (
        "## Search Results\n\n"
        "The Albatross won.\n\n"
        "### Sources\n"
        "- [Harbour News](https://example.org/r)\n"
        "- [example.net](https://example.net/b)\n\n"
        "### URLs Retrieved\n"
        "- ✓ https://example.org/a\n"
        "- ✗ https://example.org/gone (URL_RETRIEVAL_STATUS_ERROR)\n\n"
        "### Search Queries Used\n"
        '- "regatta 2031 winner"\n'
    )


def test_sections_without_content_are_left_out() -> None:
    assert sources_markdown(Search()) == ""
    assert search_markdown("Nothing was found.", Search()) == "## Search Results\n\nNothing was found.\n"


def test_a_title_can_break_neither_its_link_nor_the_list() -> None:
    evil = Source("https://e.test/a(1) b", "A](https://evil.test)\n- [x\\")
    assert sources_markdown(Search((), (evil,))) == (
        "\n\n### Sources\n- [A\\](https://evil.test) - \\[x\\\\](https://e.test/a%281%29%20b)"
    )


def test_several_searches_are_one_with_everything_once_and_what_came_first_in_front() -> None:
    one = Search(("a", "b"), (Source("https://1", "first title"),))
    other = Search(("b", "c"), (Source("https://2"), Source("https://1", "later title")), FOUND.pages[:1])
    assert merged([one, other]) == Search(
        ("a", "b", "c"), (Source("https://1", "first title"), Source("https://2")), FOUND.pages[:1]
    )
