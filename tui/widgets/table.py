"""Tables sized to their content: one rule under the head, two spaces between columns, no frame.

Pure. A table wider than the room shrinks its widest columns and wraps their cells.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from tui.widgets.lines import PLAIN, Line, Span, line_of, wrap_spans
from tui.widgets.palette import Palette

Cell = Sequence[Span]

_GAP = 2
_LEAST = 4


def column_widths(wanted: Sequence[int], room: int) -> list[int]:
    """Widths that fit into `room` cells: the widest columns give way first, none goes below 4 cells."""
    widths = list(wanted)
    while sum(widths) > room and max(widths, default=0) > _LEAST:
        widest = max(widths)
        second = max((width for width in widths if width < widest), default=_LEAST)
        wide = [index for index, width in enumerate(widths) if width == widest]
        excess = sum(widths) - room
        step = min(widest - max(second, _LEAST), -(-excess // len(wide)))
        for index in wide:
            widths[index] -= max(1, step)
    return widths


def table_lines(
    rows: Sequence[Sequence[Cell]], aligns: Sequence[str], width: int, palette: Palette
) -> list[Line]:
    """Rows of a table whose first row is its head.

    `aligns` holds "", "left", "right" or "center" for each column.
    """
    if not rows:
        return []
    count = max(len(row) for row in rows)
    wanted = [max(1, *(_width(row[column]) for row in rows if column < len(row))) for column in range(count)]
    widths = column_widths(wanted, width - _GAP * (count - 1))
    lines: list[Line] = []
    for number, row in enumerate(rows):
        lines.extend(_row(row, widths, aligns))
        if number == 0:
            rule: list[Span] = []
            for column, size in enumerate(widths):
                rule.append(Span(" " * (_GAP if column else 0), PLAIN))
                rule.append(Span("─" * size, palette.rule))
            lines.append(line_of(*rule))
    return lines


def _width(cell: Cell) -> int:
    return sum(cell_len(span.text) for span in cell)


def _row(row: Sequence[Cell], widths: Sequence[int], aligns: Sequence[str]) -> list[Line]:
    cells = [wrap_spans(row[column] if column < len(row) else (), size) for column, size in enumerate(widths)]
    lines: list[Line] = []
    for level in range(max(len(cell) for cell in cells)):
        spans: list[Span] = []
        for column, cell in enumerate(cells):
            line = cell[level] if level < len(cell) else Line((), 0)
            spare = widths[column] - line.width
            align = aligns[column] if column < len(aligns) else ""
            before = spare if align == "right" else spare // 2 if align == "center" else 0
            spans.append(Span(" " * ((_GAP if column else 0) + before), PLAIN))
            spans.extend(Span(segment.text, segment.style or PLAIN) for segment in line.segments)
            if column < len(cells) - 1:
                spans.append(Span(" " * (spare - before), PLAIN))
        lines.append(line_of(*spans))
    return lines
