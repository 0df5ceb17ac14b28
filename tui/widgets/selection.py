"""Rows to Strips: the widget's style beneath, highlights and the cursor on top; and rows back to text.

Pure. Painting and hit-testing differ: only the Strips that Textual asks where a click fell carry offsets,
because writing them into every painted row would cost more than painting it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from tui.widgets.lines import Line

Highlight = tuple[int, int, Style]
"""Characters from, to (exclusive) of a row, and the style on top of them."""


def highlighted(segments: Sequence[Segment], marks: Iterable[Highlight]) -> list[Segment]:
    """`segments` with styles laid over ranges of characters."""
    out = list(segments)
    for start, end, style in marks:
        cut: list[Segment] = []
        at = 0
        for segment in out:
            text, size = segment.text, len(segment.text)
            first, last = max(0, start - at), min(size, end - at)
            if first >= last:
                cut.append(segment)
            else:
                if first:
                    cut.append(Segment(text[:first], segment.style))
                cut.append(Segment(text[first:last], (segment.style or Style()) + style))
                if last < size:
                    cut.append(Segment(text[last:], segment.style))
            at += size
        out = cut
    return out


def paint(
    line: Line, width: int, pad: int, base: Style, marks: Sequence[Highlight] = (), bar: Style | None = None
) -> Strip:
    """A row as a Strip of exactly `width` cells, `pad` cells in from the left.

    `bar` draws the cursor's `▌` over the first cell of the margin.
    """
    segments: Sequence[Segment] = line.segments
    if marks:
        segments = highlighted(segments, marks)
    out = [Segment(" " * pad, base)] if pad else []
    used = pad + line.width
    if bar is not None:
        head = segments[0] if segments else Segment(" ", None)
        out.append(Segment("▌", base + bar))
        rest = [Segment(head.text[1:], head.style), *segments[1:]]
        used = max(used, pad + 1)
    else:
        rest = segments
    for text, style, _ in rest:
        if text:
            out.append(Segment(text, base + style if style else base))
    if used < width:
        out.append(Segment(" " * (width - used), base))
        return Strip(out, width)
    return Strip(out, used) if used == width else Strip(out, used).crop(0, width)


def hit_strip(strip: Strip, pad: int, row: int, text: str) -> Strip:
    """`strip` with the offsets that Textual's text selection reads: character and row of each cell."""
    out: list[Segment] = []
    at = -pad
    for segment in strip:
        if at < 0:
            # One segment a cell, each meaning "before the first character".
            out.extend(Segment(" ", Style(meta={"offset": (0, row)})) for _ in range(cell_len(segment.text)))
            at += len(segment.text)
            continue
        start = min(at, len(text))
        style = (segment.style or Style()) + Style(meta={"offset": (start, row)})
        if at >= len(text):
            out.extend(Segment(" ", style) for _ in range(cell_len(segment.text)))
        else:
            out.append(Segment(segment.text, style))
        at += len(segment.text)
    return Strip(out, strip.cell_length)


def selection_mark(selection: Selection, row: int, text: str, margin: int, style: Style) -> Highlight | None:
    """What of a row is selected. Whole rows are marked from their text on, not in the margin."""
    span = selection.get_span(row)
    if span is None:
        return None
    start, end = span
    end = len(text) if end == -1 else min(end, len(text))
    start = min(max(start, margin), len(text))
    return (start, end, style) if start < end else None


def selected_text(selection: Selection, line_at: Callable[[int], Line], total: int, margin: int) -> str:
    """The selected text without margins and fill. Rows that wrapping broke are joined again."""
    first, from_x = selection.start.transpose if selection.start is not None else (0, 0)
    last, to_x = selection.end.transpose if selection.end is not None else (total - 1, None)
    out: list[str] = []
    for row in range(max(0, first), min(last, total - 1) + 1):
        line = line_at(row)
        text = line.text
        end = to_x if row == last and to_x is not None else len(text)
        part = text[max(margin, from_x if row == first else 0) : end]
        if out and line.glue is not None:
            out[-1] = out[-1].rstrip() + line.glue + part.lstrip()
        else:
            out.append(part)
    return "\n".join(part.rstrip() for part in out)
