"""A search of the web as one value, and what it found as Markdown (seed 001, `google_search`). Pure.

Knows nothing of how one searches. Source of the form: seed 001, "Example Response".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from .content import Retrieved, Search, Source
from .events import Started, Usage

_LABEL: Final = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "\n": " ", "\r": " "})
_TARGET: Final = str.maketrans(
    {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\n": "", "\r": ""}
)


class WebAnswer(Struct, frozen=True):
    """What `Generation.search` gives: the answer in `text`, and in `found` what it rests on."""

    query: str
    text: str
    found: Search
    started: Started
    usage: Usage = Usage()

    @property
    def markdown(self) -> str:
        return search_markdown(self.text, self.found)


def search_markdown(text: str, found: Search) -> str:
    """The whole result: the answer below `## Search Results`, then the sections that have something."""
    return f"## Search Results\n\n{text.strip()}{sources_markdown(found)}\n"


def sources_markdown(found: Search) -> str:
    """Sources, pages and queries, each section after an empty line. Empty if there are none."""
    sections: list[str] = []
    if found.sources:
        titles: dict[str, str] = {}
        for source in found.sources:
            titles.setdefault(source.uri, source.title or _host(source.uri))
        listed = [f"- [{title.translate(_LABEL)}]({uri.translate(_TARGET)})" for uri, title in titles.items()]
        sections.append(_section("Sources", listed))
    if found.pages:
        read = [
            f"- ✗ {page.url} ({page.trouble})" if page.trouble else f"- ✓ {page.url}" for page in found.pages
        ]
        sections.append(_section("URLs Retrieved", read))
    if found.queries:
        queries = [f'- "{" ".join(query.split())}"' for query in found.queries]
        sections.append(_section("Search Queries Used", queries))
    return "".join(f"\n\n{section}" for section in sections)


def merged(found: Iterable[Search]) -> Search:
    """Several searches as one, in order, each query, source and page once."""
    queries: dict[str, None] = {}
    sources: dict[str, Source] = {}
    pages: dict[str, Retrieved] = {}
    for one in found:
        queries |= dict.fromkeys(one.queries)
        for source in one.sources:
            sources.setdefault(source.uri, source)
        pages |= {page.url: page for page in one.pages}
    return Search(tuple(queries), tuple(sources.values()), tuple(pages.values()))


def _section(heading: str, lines: Iterable[str]) -> str:
    return f"### {heading}\n" + "\n".join(lines)


def _host(uri: str) -> str:
    """The host of an address, for a page without a title."""
    return uri.partition("://")[2].partition("/")[0] or uri
