"""One turn of a conversation as rows, with an index of its blocks.

Pure: a TurnView, a width and a palette in, a TurnLayout out. Every row starts with a margin of two cells
(the marker `❯` or spaces), so text begins in the third column; it is at most 110 cells wide. Text is
cleaned here, once, before anything lays it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tui.widgets.clean import clean_line, clean_text
from tui.widgets.lines import BLANK, PLAIN, Line, Span, crop_line, line_of, wrap_spans
from tui.widgets.markdown import markdown_lines
from tui.widgets.palette import Palette
from tui.widgets.pixels import row_segments
from tui.widgets.split import split_blocks
from tui.widgets.turn import ImageView, ToolView, TurnView

MARGIN = 2
TEXT_WIDTH = 110
"""Cells of text on a row at most: longer rows are hard to read."""

BlockKind = Literal["text", "code", "thoughts", "tool", "image", "error"]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows `start` to `end` (exclusive) of a turn.

    `source` is what copying it gives; `part` names what folds, or is empty.
    """

    kind: BlockKind
    start: int
    end: int
    source: str
    part: str = ""


@dataclass(slots=True)
class TurnLayout:
    """A turn's rows, one blank row at the end, and its blocks in order."""

    lines: list[Line] = field(default_factory=list[Line])
    blocks: list[Block] = field(default_factory=list[Block])

    def add(self, kind: BlockKind, rows: Sequence[Line], source: str, margin: Span, part: str = "") -> None:
        """Append a block, one blank row after the one before it. `margin` stands before its first row."""
        if self.lines:
            self.lines.append(BLANK)
        start = len(self.lines)
        self.lines.extend(with_margin(rows, margin))
        self.blocks.append(Block(kind, start, len(self.lines), source, part))


NO_MARGIN = Span(" " * MARGIN, PLAIN)


def text_width(width: int) -> int:
    """Cells for text in a view of `width` cells: two of margin, one of air at the right."""
    return max(8, min(TEXT_WIDTH, width - MARGIN - 1))


def with_margin(rows: Sequence[Line], first: Span = NO_MARGIN) -> list[Line]:
    """Rows with their two-cell margin. Empty rows stay empty."""
    out: list[Line] = []
    for number, row in enumerate(rows):
        head = NO_MARGIN if number else first
        if row.segments or head is not NO_MARGIN:
            row = Line((*line_of(head).segments, *row.segments), row.width + MARGIN, row.glue)
        out.append(row)
    return out


def turn_layout(
    turn: TurnView, width: int, palette: Palette, unfolded: frozenset[str] = frozenset()
) -> TurnLayout:
    """Lay out a whole turn for a view of `width` cells. `unfolded` names the parts that are shown in full."""
    layout = TurnLayout()
    room = text_width(width)
    if turn.role == "you":
        add_question(layout, turn.text, room, palette)
    elif turn.role in ("note", "error"):
        add_notice(layout, turn, room, palette)
    else:
        if turn.thoughts:
            add_thoughts(layout, turn.thoughts, turn.thought_seconds, room, palette, "thoughts" in unfolded)
        for block in split_blocks(turn.text):
            add_text(layout, block, room, palette)
    add_parts(layout, turn, room, palette, unfolded)
    add_ending(layout, turn, room, palette)
    return layout


def add_question(layout: TurnLayout, text: str, room: int, palette: Palette) -> None:
    """What the user wrote, literally (never Markdown), as a tinted block behind the marker."""
    tint = palette.user
    rows = wrap_spans([Span(clean_text(text).strip("\n"), tint)], room)
    filled: list[Line] = []
    for number, row in enumerate(rows):
        head = Span("❯ ", tint + palette.marker) if number == 0 else Span(" " * MARGIN, tint)
        fill = Span(" " * (room + 1 - row.width), tint)
        spans = [Span(segment.text, segment.style or tint) for segment in row.segments]
        filled.append(line_of(head, *spans, fill, glue=row.glue))
    layout.blocks.append(Block("text", 0, len(filled), text))
    layout.lines.extend(filled)


def add_notice(layout: TurnLayout, turn: TurnView, room: int, palette: Palette) -> None:
    """A note of the program's own, or an error that belongs to no answer."""
    failed = turn.role == "error"
    style = palette.error if failed else palette.note
    rows = wrap_spans([Span(clean_text(turn.text).strip("\n"), style)], room)
    layout.add("error" if failed else "text", rows, turn.text, Span("✗ " if failed else "· ", style))


def add_thoughts(
    layout: TurnLayout,
    thoughts: str,
    seconds: float,
    room: int,
    palette: Palette,
    unfolded: bool,
    live: bool = False,
) -> None:
    """The model's thoughts: one dim row, or all of them behind a bar when unfolded."""
    style = palette.thought
    took = f" for {seconds_text(seconds)}" if seconds else ""
    title = f"{'▾' if unfolded else '▸'} {'thinking' if live else 'thought'}{took}"
    shown = clean_text(thoughts).strip()
    if unfolded:
        bar = Span("▎ ", palette.quote)
        rows = wrap_spans([Span(shown, style)], room, (bar,), (bar,))
        layout.add("thoughts", [line_of(Span(title, palette.muted)), *rows], thoughts, NO_MARGIN, "thoughts")
        return
    glimpse = (shown.rsplit("\n", 1)[-1] if live else shown.split("\n", 1)[0]).strip("*# ")
    row = line_of(Span(title, palette.muted), Span(f" · {glimpse}" if glimpse else "", style))
    layout.add("thoughts", [crop_line(row, room, Span("…", style))], thoughts, NO_MARGIN, "thoughts")


def add_text(layout: TurnLayout, source: str, room: int, palette: Palette) -> None:
    """One Markdown block. A fence that stands alone is a code block, and copying it gives the bare code."""
    cleaned = clean_text(source)
    if rows := markdown_lines(cleaned, room, palette):
        code = fenced_code(cleaned)
        if code is None:
            layout.add("text", rows, source.strip("\n"), NO_MARGIN)
        else:
            layout.add("code", rows, code, NO_MARGIN)


def fenced_code(block: str) -> str | None:
    """The code of a block that is one fence and nothing else (closed or still open), else None."""
    head, _, rest = block.strip("\n").partition("\n")
    mark = head.lstrip()[:3]
    if mark not in ("```", "~~~"):
        return None
    body, _, last = rest.rpartition("\n")
    if last.strip().startswith(mark) and not last.strip().strip(mark[0]):
        return body
    return None if any(line.lstrip().startswith(mark) for line in rest.split("\n")) else rest


def add_parts(
    layout: TurnLayout, turn: TurnView, room: int, palette: Palette, unfolded: frozenset[str]
) -> None:
    """Tool calls and pictures, after the text."""
    for number, tool in enumerate(turn.tools):
        part = f"tool{number}"
        add_tool(layout, tool, room, palette, part, part in unfolded)
    for image in turn.images:
        add_image(layout, image, room, palette)


def add_tool(
    layout: TurnLayout, tool: ToolView, room: int, palette: Palette, part: str, unfolded: bool
) -> None:
    """A call on one row; arguments and result below it when unfolded."""
    style = palette.error if tool.failed else palette.tool
    title = [Span("◆ ", style), Span(clean_line(tool.name), style + palette.strong)]
    brief = clean_line(tool.arguments)
    result = clean_text(tool.result).strip()
    copied = "\n".join(text for text in (tool.arguments, tool.result) if text)
    if not unfolded:
        tail = f"  → {clean_line(result)}" if result else ""
        row = line_of(*title, Span(f" {brief}" if brief else "", palette.muted), Span(tail, palette.muted))
        layout.add("tool", [crop_line(row, room, Span("…", palette.muted))], copied, NO_MARGIN, part)
        return
    bar = Span("▎ ", palette.quote)
    rows = [line_of(*title)]
    for text in (clean_text(tool.arguments).strip(), result):
        if text:
            rows.extend(wrap_spans([Span(text, palette.muted)], room, (bar,), (bar,)))
    layout.add("tool", rows, copied, NO_MARGIN, part)


def add_image(layout: TurnLayout, image: ImageView, room: int, palette: Palette) -> None:
    """A picture as half-blocks where its pixels are known, with its label below; else the label alone."""
    rows: list[Line] = []
    if (grid := image.pixels) is not None:
        cols = min(grid.cols, room)
        rows = [Line(tuple(row_segments(grid, row, 0, cols)), cols) for row in range(grid.rows)]
    label = line_of(Span("▣ ", palette.tool), Span(clean_line(image.label), palette.muted))
    layout.add("image", [*rows, crop_line(label, room, Span("…", palette.muted))], image.label, NO_MARGIN)


def add_ending(layout: TurnLayout, turn: TurnView, room: int, palette: Palette) -> None:
    """What went wrong, the dim line that closes a turn, and the blank row after it."""
    if turn.error:
        rows = wrap_spans([Span(clean_text(turn.error).strip("\n"), palette.error)], room)
        layout.add("error", rows, turn.error, Span("✗ ", palette.error))
    spans: list[Span] = []
    if turn.state == "stopped":
        spans.append(Span("■ stopped", palette.warning))
    if turn.footer:
        spans.append(Span(("  " if spans else "") + clean_line(turn.footer), palette.muted))
    if spans:
        row = crop_line(line_of(*spans), room, Span("…", palette.muted))
        pad = Span(" " * (room + MARGIN - row.width), PLAIN)
        layout.lines.append(Line((*line_of(pad).segments, *row.segments), room + MARGIN))
    layout.lines.append(BLANK)


def seconds_text(seconds: float) -> str:
    """A duration as people say it: `0.4 s`, `12 s`, `2 m 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds < 1 else f"{seconds:.0f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} m {int(seconds) % 60:02d} s"


def status_line(glyph: str, text: str, hint: str, width: int, palette: Palette) -> Line:
    """The row below a running answer: spinner and figures at the left, how to stop at the right."""
    whole = text_width(width) + MARGIN
    left = line_of(NO_MARGIN, Span(glyph + " ", palette.marker), Span(clean_line(text), palette.muted))
    left = crop_line(left, whole - len(hint) - 2, Span("…", palette.muted))
    right = line_of(Span(" " * (whole - left.width - len(hint)), PLAIN), Span(hint, palette.muted))
    return Line((*left.segments, *right.segments), whole)


def estimated_height(turn: TurnView, width: int) -> int:
    """A guess at a turn's rows, for turns that have not been laid out yet."""
    room = text_width(width)
    return len(turn.text) // room + turn.text.count("\n") + 3 + 2 * (bool(turn.thoughts) + len(turn.tools))
