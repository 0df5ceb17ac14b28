"""Source code as styled rows. Pygments is imported when the first fence is shown, never before.

Pure. Token kinds map to five palette styles, so that code follows the theme and 16 colours suffice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style

from tui.widgets.lines import PLAIN, Line, Span, line_of, take_cells
from tui.widgets.palette import Palette

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_HIGHLIGHT = 60_000
"""Characters. Longer code is shown without colours: lexing is about 1 ms a kilobyte."""

_KINDS = (
    ("Token.Keyword", "code_keyword"),
    ("Token.Operator.Word", "code_keyword"),
    ("Token.Literal.String", "code_string"),
    ("Token.Literal.Number", "code_number"),
    ("Token.Literal", "code_number"),
    ("Token.Comment", "code_comment"),
    ("Token.Name.Function", "code_name"),
    ("Token.Name.Class", "code_name"),
    ("Token.Name.Builtin", "code_name"),
    ("Token.Name.Decorator", "code_name"),
    ("Token.Name.Tag", "code_keyword"),
    ("Token.Name.Attribute", "code_name"),
    ("Token.Generic.Inserted", "code_string"),
    ("Token.Generic.Deleted", "code_keyword"),
    ("Token.Generic.Heading", "code_name"),
)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _field_of(kind: str) -> str:
    for prefix, name in _KINDS:
        if kind.startswith(prefix):
            return name
    return ""


def highlight(code: str, language: str, palette: Palette) -> list[list[Span]]:
    """Rows of spans, one a line of `code`. An unknown or missing language gives plain rows."""
    lexer = _lexer(language.lower()) if language and len(code) <= MAX_HIGHLIGHT else None
    if lexer is None:
        return [[Span(row, PLAIN)] for row in code.split("\n")]
    rows: list[list[Span]] = [[]]
    for kind, text in lexer.get_tokens(code):
        name = _field_of(str(kind))
        style: Style = getattr(palette, name) if name else PLAIN
        for number, part in enumerate(text.split("\n")):
            if number:
                rows.append([])
            if part:
                rows[-1].append(Span(part, style))
    return rows


def code_lines(code: str, language: str, width: int, palette: Palette) -> list[Line]:
    """A tinted block `width` cells wide; the language stands dim at the right end of the first row.

    Where the theme has no tint (16 colours), a thin bar at the left says what belongs to the block.
    """
    tint = palette.code
    label = language.split()[0][:20] if language.strip() else ""
    margin = Span(" ", tint) if tint.bgcolor else Span("▏", palette.rule)
    room = max(1, width - 2)
    rows: list[Line] = []
    for spans in highlight(code.rstrip("\n"), label, palette):
        rows.extend(_cut(spans, room, tint, margin))
    if label:
        shown = Span(label + " ", tint + palette.code_label)
        if rows[0].width + len(label) + 3 > width:
            rows.insert(0, line_of(margin))
        gap = width - rows[0].width - len(shown.text)
        rows[0] = line_of(*_spans(rows[0]), Span(" " * gap, tint), shown)
    return [_fill(row, width, tint) for row in rows]


def _spans(line: Line) -> list[Span]:
    return [Span(segment.text, segment.style or PLAIN) for segment in line.segments]


def _cut(spans: list[Span], room: int, tint: Style, margin: Span) -> list[Line]:
    """One row of code in as many rows as it needs, cut anywhere: code keeps its spaces."""
    lines: list[Line] = []
    row: list[Span] = [margin]
    left = room
    for text, style in spans:
        while text:
            head = take_cells(text, left)
            if not head and left == room:
                head = text[0]
            if head:
                row.append(Span(head, tint + style))
                line = line_of(*row)
                left = room + 1 - line.width
                text = text[len(head) :]
            if text:
                lines.append(line_of(*row, glue="" if lines else None))
                row, left = [margin], room
    lines.append(line_of(*row, glue="" if lines else None))
    return lines


def _fill(line: Line, width: int, tint: Style) -> Line:
    if line.width >= width:
        return line
    return line_of(*_spans(line), Span(" " * (width - line.width), tint), glue=line.glue)
