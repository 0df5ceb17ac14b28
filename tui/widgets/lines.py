"""Rows of styled text before they become Strips: spans, wrapping, joining.

Pure. A `Line` is much smaller than a Textual Strip (which carries six caches), so whole conversations
are kept as Lines and only the visible rows become Strips.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

PLAIN = Style()


class Span(NamedTuple):
    """A run of text in one style. The style is partial: the widget's own style lies under it."""

    text: str
    style: Style


class Line(NamedTuple):
    """One row. `glue` is what stood between it and the row above where wrapping broke them (a space or
    nothing), so that copying can join them again; None starts a row of its own."""

    segments: tuple[Segment, ...]
    width: int
    glue: str | None = None

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


BLANK = Line((), 0)

_WORDS = re.compile(r" +|[^ ]+")


def line_of(*spans: Span, glue: str | None = None) -> Line:
    """A row from spans; empty ones are left out."""
    kept = tuple(Segment(text, style) for text, style in spans if text)
    return Line(kept, sum(cell_len(segment.text) for segment in kept), glue)


def take_cells(text: str, width: int) -> str:
    """The longest beginning of `text` that fits into `width` cells; a wide character is never halved."""
    if text.isascii():
        return text[:width]
    used = 0
    for index, char in enumerate(text):
        used += cell_len(char)
        if used > width:
            return text[:index]
    return text


def crop_line(line: Line, width: int, mark: Span | None = None) -> Line:
    """`line` cut to `width` cells; `mark` (one cell, for example an ellipsis) shows that something went."""
    if line.width <= width:
        return line
    room = width - (cell_len(mark.text) if mark else 0)
    kept: list[Segment] = []
    used = 0
    for segment in line.segments:
        size = cell_len(segment.text)
        if used + size <= room:
            kept.append(segment)
            used += size
            continue
        if head := take_cells(segment.text, room - used):
            kept.append(Segment(head, segment.style))
            used += cell_len(head)
        break
    if mark:
        kept.append(Segment(mark.text, mark.style))
        used += cell_len(mark.text)
    return Line(tuple(kept), used, line.glue)


def _pieces(spans: Iterable[Span]) -> Iterable[tuple[list[Span], int]]:
    """Words and runs of spaces across span borders, with their widths; a `\\n` stands alone as ([], -1)."""
    word: list[Span] = []
    width = 0
    for text, style in spans:
        for number, part in enumerate(text.split("\n")):
            if number:
                if word:
                    yield word, width
                    word, width = [], 0
                yield [], -1
            for match in _WORDS.finditer(part):
                piece = match.group()
                if piece[0] == " ":
                    if word:
                        yield word, width
                        word, width = [], 0
                    yield [Span(piece, style)], 0
                else:
                    word.append(Span(piece, style))
                    width += len(piece) if piece.isascii() else cell_len(piece)
    if word:
        yield word, width


def wrap_spans(
    spans: Iterable[Span], width: int, first: Sequence[Span] = (), rest: Sequence[Span] = ()
) -> list[Line]:
    """Wrap at words into rows of at most `width` cells, each starting with `first` or (later rows) `rest`.

    A word longer than a row is cut. `\\n` breaks a row. Always returns at least one row.
    """
    lines: list[Line] = []
    margins = (tuple(Segment(*span) for span in first), tuple(Segment(*span) for span in rest))
    insets = tuple(sum(cell_len(segment.text) for segment in margin) for margin in margins)
    row: list[Segment] = []
    used = 0
    space: Span | None = None
    glue: str | None = None

    def close(next_glue: str | None) -> None:
        nonlocal row, used, space, glue
        which = 1 if lines else 0
        lines.append(Line((*margins[which], *_merged(row)), insets[which] + used, glue))
        row, used, space, glue = [], 0, None, next_glue

    for piece, size in _pieces(spans):
        if size < 0:
            close(None)
            continue
        if size == 0:
            space = piece[0]
            continue
        room = max(1, width - insets[1 if lines else 0])
        gap = min(len(space.text), room - 1) if space and (row or glue is None) else 0
        if row and used + gap + size > room:
            close(" " if space else "")
            room = max(1, width - insets[1])
            gap = 0
        if gap and space:
            row.append(Segment(space.text[:gap], space.style))
            used += gap
        space = None
        if used + size <= room:
            row.extend(Segment(*span) for span in piece)
            used += size
            continue
        for text, style in piece:
            while text:
                if used >= room:
                    close("")
                    room = max(1, width - insets[1])
                head = take_cells(text, room - used)
                if not head and used:
                    close("")
                    room = max(1, width - insets[1])
                    continue
                head = head or text[0]
                row.append(Segment(head, style))
                used += cell_len(head)
                text = text[len(head) :]
    close(None)
    return lines


def _merged(row: list[Segment]) -> list[Segment]:
    """Neighbours in the same style as one segment: fewer to paint, fewer bytes to send."""
    out: list[Segment] = []
    for segment in row:
        if out and out[-1].style == segment.style:
            out[-1] = Segment(out[-1].text + segment.text, segment.style)
        else:
            out.append(segment)
    return out
