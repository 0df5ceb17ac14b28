"""The rows of a picker: ranking by typed letters (pure), and the list that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.fuzzy import FuzzySearch
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.clean import clean_line
from tui.widgets.lines import PLAIN, Span, crop_line, line_of
from tui.widgets.selection import paint

_MOST_ALIGNMENTS = 2_000
"""Textual's matcher tries every alignment of the letters; beyond this many, only whole words count."""


@dataclass(frozen=True, slots=True)
class PickerColumn:
    """A column of facts: its head, and whether it is set right (numbers)."""

    head: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class PickerRow:
    """One choice. `columns` are facts beside the title, `hint` is a sentence shown while the bar is on it.

    Its texts may come from outside: each is cleaned, on one line, before anything measures or marks it.
    """

    id: str
    title: str
    columns: tuple[str, ...] = ()
    hint: str = ""

    def __post_init__(self) -> None:
        cleaned = (clean_line(self.title), tuple(map(clean_line, self.columns)), clean_line(self.hint))
        for name, value in zip(("title", "columns", "hint"), cleaned, strict=True):
            object.__setattr__(self, name, value)  # frozen from here on


@dataclass(frozen=True, slots=True)
class Found:
    """A row that matches, with the letters of its title that do."""

    row: PickerRow
    letters: tuple[int, ...] = ()


@lru_cache(maxsize=1)
def _search() -> FuzzySearch:
    return FuzzySearch(cache_size=1)


def _match(word: str, title: str) -> tuple[float, tuple[int, ...]]:
    """Score and letters of `word` in `title`, both in lower case; 0 when it does not occur."""
    if word not in title and prod(title.count(letter) or 1 for letter in word) > _MOST_ALIGNMENTS:
        return 0.0, ()
    score, letters = _search().match(word, title)
    return score, tuple(letters)


def ranked(words: str, rows: Sequence[PickerRow]) -> list[Found]:
    """Rows that hold every word, best first; without words all of them in their order.

    Letters of a word may lie apart in a title ("gmp" finds "gemini-pro"); in columns and hints a word must
    occur as it is, and counts less.
    """
    wanted = words.lower().split()
    if not wanted:
        return [Found(row) for row in rows]
    found: list[tuple[float, int, Found]] = []
    for place, row in enumerate(rows):
        title, facts = row.title[:100].lower(), " ".join((*row.columns, row.hint)).lower()
        total, letters = 0.0, set[int]()
        for word in wanted:
            score, where = _match(word[:24], title)
            if not score and word in facts:
                score = 0.5
            if not score:
                break
            total += score
            letters.update(where)
        else:
            found.append((-total, place, Found(row, tuple(sorted(letters)))))
    return [each for _, _, each in sorted(found, key=lambda entry: entry[:2])]


def column_sizes(rows: Sequence[Found], columns: Sequence[PickerColumn], width: int) -> tuple[int, list[int]]:
    """Cells for the title and for each column. Columns that leave the title less than half go, last first."""
    title = max((cell_len(found.row.title) for found in rows), default=0)
    sizes: list[int] = []
    for place, column in enumerate(columns):
        facts = (cell_len(found.row.columns[place]) for found in rows if place < len(found.row.columns))
        sizes.append(max(cell_len(column.head), *facts, 0))
    while sizes and width - sum(sizes) - 2 * len(sizes) < min(title, width // 2):
        sizes.pop()
    return min(title, max(1, width - sum(sizes) - 2 * len(sizes))), sizes


class PickerList(ScrollView):
    """Rows with a bar. It is moved by its owner, so the keyboard can stay in the input above it."""

    DEFAULT_CSS = """
    PickerList {
        background: $panel;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $panel;
        & > .picker--head { color: $foreground-disabled; }
        & > .picker--fact { color: $foreground-muted; }
        & > .picker--match { color: $accent; text-style: bold underline; }
        & > .picker--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
        }
        & > .picker--bar { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "picker--head",
        "picker--fact",
        "picker--match",
        "picker--cursor",
        "picker--bar",
    }

    @dataclass
    class Moved(Message):
        """The bar is on another row, or the rows are others."""

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        id: str

    def __init__(self, columns: Sequence[PickerColumn] = ()) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._found: list[Found] = []
        self._cursor = 0

    @property
    def cursor_row(self) -> PickerRow | None:
        return self._found[self._cursor].row if self._found else None

    @property
    def _head(self) -> int:
        return int(any(column.head for column in self._columns))

    def show(self, found: Sequence[Found]) -> None:
        """Show these rows, the bar on the first."""
        self._found, self._cursor = list(found), 0
        self.virtual_size = Size(self.size.width, len(found) + self._head)
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh(layout=True)
        self.post_message(self.Moved())

    def put_cursor(self, row_id: str) -> None:
        """Put the bar on a row, if it is there."""
        for place, found in enumerate(self._found):
            if found.row.id == row_id:
                self.move(place - self._cursor)

    def move(self, step: int) -> None:
        """Move the bar; a single step beyond an end goes to the other one."""
        if not self._found:
            return
        target = self._cursor + step
        if abs(step) == 1:
            target %= len(self._found)
        self._cursor = max(0, min(target, len(self._found) - 1))
        row, height = self._cursor + self._head, self.size.height
        top = round(self.scroll_y)
        if row < top + self._head:
            self.scroll_to(y=row - self._head, animate=False, force=True)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        title, sizes = column_sizes(self._found, self._columns, width - 2)
        head = self._ink("head")
        if y == 0 and self._head:
            heads = tuple(column.head for column in self._columns)
            return paint(
                line_of(Span("  ", PLAIN), *self._cells([Span("", PLAIN)], heads, title, sizes, width, head)),
                width,
                0,
                base,
            )
        place = y - self._head + round(self.scroll_y)
        if not 0 <= place < len(self._found):
            return Strip.blank(width, base)
        found = self._found[place]
        spans = _lit(found.row.title, found.letters, self._ink("match"))
        if place != self._cursor:
            cells = self._cells(spans, found.row.columns, title, sizes, width, self._ink("fact"))
            return paint(line_of(Span("  ", PLAIN), *cells), width, 0, base)
        cursor = self.get_component_rich_style("picker--cursor")
        cells = self._cells(spans, found.row.columns, title, sizes, width, PLAIN)
        under = base + Style(color=cursor.color, bgcolor=cursor.bgcolor)
        return paint(line_of(Span("▌ ", self._ink("bar")), *cells), width, 0, under)

    def _cells(
        self, title: list[Span], facts: Sequence[str], room: int, sizes: Sequence[int], width: int, ink: Style
    ) -> list[Span]:
        """The title cropped to `room`, then the columns at the right end of the row."""
        line = crop_line(line_of(*title), room, Span("…", ink))
        spans = [Span(segment.text, segment.style or PLAIN) for segment in line.segments]
        spare = width - 3 - line.width - sum(sizes) - 2 * len(sizes)
        spans.append(Span(" " * max(0, spare), PLAIN))
        for place, size in enumerate(sizes):
            fact = facts[place] if place < len(facts) else ""
            pad = " " * (size - cell_len(fact))
            spans.append(Span("  " + (pad + fact if self._columns[place].right else fact + pad), ink))
        return spans

    def _ink(self, name: str) -> Style:
        style = self.get_component_rich_style(f"picker--{name}")
        return Style(color=style.color, bold=style.bold, underline=style.underline)

    def on_click(self, event: events.Click) -> None:
        place = event.y - self._head + round(self.scroll_y)
        if event.y >= self._head and 0 <= place < len(self._found):
            self.post_message(self.Clicked(self._found[place].row.id))


def _lit(title: str, letters: Sequence[int], style: Style) -> list[Span]:
    lit = set(letters)
    return [Span(letter, style if place in lit else PLAIN) for place, letter in enumerate(title)]
