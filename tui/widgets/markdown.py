"""Markdown blocks as rows: headings, lists, quotes, tables, code, inline styles.

Pure: text and a width in, Lines out. markdown-it parses; nothing is interpreted beyond CommonMark, tables
and strikethrough. HTML is shown as text. The caller cleans the text first (`clean_text`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.style import Style

from tui.widgets.code import code_lines
from tui.widgets.lines import BLANK, PLAIN, Line, Span, line_of, wrap_spans
from tui.widgets.palette import Palette
from tui.widgets.table import table_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_URL = re.compile(r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}]")
_BULLETS = ("•", "◦", "▪")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """Built once: a parser costs 0.4 ms and holds no state between calls."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown_lines(text: str, width: int, palette: Palette) -> list[Line]:
    """Rows of at most `width` cells. Empty text gives no rows; no blank rows at the ends."""
    width = max(8, width)
    rows = _blocks(_parser().parse(text), width, palette, 0)
    if not any(map(_says_something, (row.text for row in rows))) and _says_something(text):
        # The parser leaves out what is nested more than 20 deep; losing text would be worse than ugliness.
        return wrap_spans([Span(text.strip("\n"), PLAIN)], width)
    return rows


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


def inline_spans(tokens: Sequence[Token], palette: Palette, base: Style = PLAIN) -> list[Span]:
    """The children of an inline token as spans; a hard break is a span of `\\n`."""
    spans: list[Span] = []
    stack = [base]
    hrefs: list[tuple[str, int]] = []
    for token in tokens:
        style = stack[-1]
        match token.type:
            case "text":
                if hrefs:
                    spans.append(Span(token.content, style))
                else:
                    spans.extend(_with_urls(token.content, style, palette))
            case "code_inline":
                spans.append(Span(token.content, style + palette.inline_code))
            case "softbreak":
                spans.append(Span(" ", style))
            case "hardbreak":
                spans.append(Span("\n", style))
            case "strong_open":
                stack.append(style + palette.strong)
            case "em_open":
                stack.append(style + palette.emphasis)
            case "s_open":
                stack.append(style + palette.strike)
            case "link_open":
                href = str(token.attrGet("href") or "")
                hrefs.append((href, len(spans)))
                stack.append(style + link_style(href, palette))
            case "strong_close" | "em_close" | "s_close":
                stack.pop()
            case "link_close":
                stack.pop()
                href, start = hrefs.pop()
                label = "".join(span.text for span in spans[start:])
                if (where := _where(href)) and where not in label:
                    spans.append(Span(f" ({where})", base + palette.muted))
            case "image":
                spans.append(Span(f"[image: {token.content or 'untitled'}]", style + palette.muted))
            case _:
                spans.append(Span(token.content, style + palette.muted))
    return spans


def link_style(href: str, palette: Palette) -> Style:
    """Underlined; an OSC 8 link only for http, https and mailto, without anything a terminal could obey."""
    if urlsplit(href).scheme in ("http", "https", "mailto") and href.isascii() and href.isprintable():
        return palette.link + Style(link=href)
    return palette.link


def _where(href: str) -> str:
    """What a link's label must not hide: the host it leads to, or the whole of a strange one."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return href[:60]
    return (parts.hostname or href[:60]) if parts.scheme in ("http", "https") else href[:60]


def _with_urls(text: str, style: Style, palette: Palette) -> list[Span]:
    if "://" not in text:
        return [Span(text, style)]
    spans: list[Span] = []
    at = 0
    for match in _URL.finditer(text):
        spans.append(Span(text[at : match.start()], style))
        spans.append(Span(match.group(), style + link_style(match.group(), palette)))
        at = match.end()
    spans.append(Span(text[at:], style))
    return spans


def _end_of(tokens: Sequence[Token], start: int) -> int:
    """Index of the token that closes `tokens[start]`."""
    level = tokens[start].level
    index = start + 1
    while tokens[index].level != level or tokens[index].nesting != -1:
        index += 1
    return index


def _blocks(
    tokens: Sequence[Token], width: int, palette: Palette, depth: int, base: Style = PLAIN
) -> list[Line]:
    lines: list[Line] = []
    index = 0
    tight = False
    while index < len(tokens):
        token = tokens[index]
        end = _end_of(tokens, index) if token.nesting == 1 else index
        inner = tokens[index + 1 : end]
        hidden = token.type == "paragraph_open" and token.hidden
        if lines and not hidden and not (tight and token.type in ("bullet_list_open", "ordered_list_open")):
            lines.append(BLANK)
        tight = hidden
        match token.type:
            case "paragraph_open":
                lines.extend(wrap_spans(_inline(inner, palette, base), width))
            case "heading_open":
                style = palette.heading if token.tag in ("h1", "h2") else palette.strong
                lines.extend(wrap_spans(_inline(inner, palette, style), width))
            case "fence" | "code_block":
                lines.extend(code_lines(token.content, token.info, width, palette))
            case "bullet_list_open" | "ordered_list_open":
                lines.extend(_items(token, inner, width, palette, depth, base))
            case "blockquote_open":
                bar = (Span("▎ ", palette.quote),)
                lines.extend(_under(_blocks(inner, width - 2, palette, depth, palette.quote), bar, bar))
            case "table_open":
                lines.extend(_table(inner, width, palette))
            case "hr":
                lines.append(line_of(Span("─" * width, palette.rule)))
            case _:
                lines.extend(wrap_spans([Span(token.content.strip("\n"), palette.muted)], width))
        index = end + 1
    return lines


def _inline(tokens: Sequence[Token], palette: Palette, base: Style) -> list[Span]:
    return [span for token in tokens for span in inline_spans(token.children or (), palette, base)]


def _items(
    opener: Token, tokens: Sequence[Token], width: int, palette: Palette, depth: int, base: Style
) -> list[Line]:
    number = int(opener.attrGet("start") or 1)
    ordered = opener.type == "ordered_list_open"
    count = sum(token.type == "list_item_open" and token.level == opener.level + 1 for token in tokens)
    size = len(str(number + count - 1)) + 2 if ordered else 2
    lines: list[Line] = []
    index = 0
    while index < len(tokens):
        end = _end_of(tokens, index)
        mark = f"{number}. ".rjust(size) if ordered else _BULLETS[min(depth, 2)] + " "
        body = tokens[index + 1 : end]
        loose = any(token.type == "paragraph_open" and not token.hidden for token in body[:1])
        if lines and loose:
            lines.append(BLANK)
        rows = _blocks(body, max(8, width - size), palette, depth + 1, base) or [BLANK]
        lines.extend(_under(rows, (Span(mark, palette.bullet),), (Span(" " * size, PLAIN),)))
        number += 1
        index = end + 1
    return lines


def _under(lines: Sequence[Line], first: Sequence[Span], rest: Sequence[Span]) -> list[Line]:
    """Each row with a margin before it: `first` on the first row, `rest` on the others."""
    heads = (line_of(*first), line_of(*rest))
    out: list[Line] = []
    for number, line in enumerate(lines):
        head = heads[1 if number else 0]
        out.append(Line(head.segments + line.segments, head.width + line.width, line.glue))
    return out


def _table(tokens: Sequence[Token], width: int, palette: Palette) -> list[Line]:
    rows: list[list[list[Span]]] = []
    aligns: list[str] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            head = token.type == "th_open"
            if head:
                aligns.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
            base = palette.table_head if head else PLAIN
            rows[-1].append(inline_spans(tokens[index + 1].children or (), palette, base))
    return table_lines(rows, aligns, width, palette)


def text_width(spans: Sequence[Span]) -> int:
    """Cells that the spans take on one row."""
    return sum(cell_len(span.text) for span in spans)
