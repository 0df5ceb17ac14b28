"""A list of rows with columns: accounts, history, chats, jobs, records.

A ScrollView with Textual's line API: only the rows on screen are rendered, so 25,000 of them cost what 30 do.
It shows what it is given; sorting, filtering and fetching are the owner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.clean import clean_line

GAP = "  "
"""What stands between two columns."""

Tone = Literal["plain", "strong", "muted", "accent", "good", "warning", "error"]


class Cell(NamedTuple):
    """One field of a row. `tone` says what it means, the theme says how that looks."""

    text: str
    tone: Tone = "plain"


class Column(NamedTuple):
    """`width` in cells; 0 takes its share of what is left. Hidden in a list narrower than `from_width`."""

    title: str = ""
    width: int = 0
    align: Literal["left", "right"] = "left"
    from_width: int = 0


class Row(NamedTuple):
    """`id` is what messages name. A row without id is a heading: it can't be chosen."""

    id: str
    cells: tuple[Cell, ...]


class RowList(ScrollView, can_focus=True):
    """Rows, one of them under the cursor. Put facts of the whole list into its border titles."""

    DEFAULT_CSS = """
    RowList {
        background: transparent;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .row-list--strong { text-style: bold; }
        & > .row-list--muted { color: $muted; }
        & > .row-list--accent { color: $accent; }
        & > .row-list--good { color: $success; }
        & > .row-list--warning { color: $warning; }
        & > .row-list--error { color: $error; }
        & > .row-list--title { color: $faint; }
        & > .row-list--bar { color: $accent; text-style: bold; }
        & > .row-list--cursor { background: $select; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"row-list--{name}"
        for name in ("strong", "muted", "accent", "good", "warning", "error", "title", "bar", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", id="rows.next", show=False),
        Binding("up,k", "move(-1)", "Previous", id="rows.previous", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", id="rows.page_down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", id="rows.page_up", show=False),
        Binding("home,g", "edge(-1)", "First", id="rows.first", show=False),
        Binding("end,G", "edge(1)", "Last", id="rows.last", show=False),
        Binding("enter", "choose", "Open", id="rows.open", show=False, tooltip="Open what the bar is on"),
    ]

    @dataclass
    class Moved(Message):
        """The bar is on another row (`id`), or on none ("")."""

        rows: RowList
        id: str

        @property
        def control(self) -> RowList:
            return self.rows

    @dataclass
    class Chosen(Message):
        """Enter or a click on the row under the bar."""

        rows: RowList
        id: str

        @property
        def control(self) -> RowList:
            return self.rows

    titled: var[bool] = var(True)
    """Whether the column titles are shown above the rows (never while every title is empty)."""

    def __init__(
        self, columns: Sequence[Column], *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._cursor = -1

    # Attributes down --------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    @columns.setter
    def columns(self, columns: Sequence[Column]) -> None:
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self.refresh()

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._rows

    @property
    def cursor_id(self) -> str:
        """The id of the row under the bar; empty when there is none."""
        return self._rows[self._cursor].id if 0 <= self._cursor < len(self._rows) else ""

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows. The bar stays on its row if that is still there, else at its place."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        kept, place = self.cursor_id, self._cursor
        self._rows = rows
        self.virtual_size = Size(self.size.width, len(rows) + self._head)
        at = next((number for number, row in enumerate(rows) if row.id and row.id == kept), None)
        self._cursor = self._selectable(place if at is None else at)
        self.refresh()
        if self.cursor_id != kept:
            self.post_message(self.Moved(self, self.cursor_id))

    def put_cursor(self, row_id: str) -> None:
        """Put the bar on a row."""
        for number, row in enumerate(self._rows):
            if row.id == row_id:
                self._go(number)
                return

    # Painting ---------------------------------------------------------------------------------------

    @property
    def _head(self) -> int:
        return int(self.titled and any(column.title for column in self._columns))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if self._head and y == 0:
            title = self.get_component_rich_style("row-list--title")
            cells = tuple(Cell(column.title) for column in self._columns)
            return self._strip(cells, width, self.rich_style + title, " ")
        number = self.scroll_offset.y + y - self._head
        if not 0 <= number < len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[number]
        if number == self._cursor:
            cursor = self.get_component_rich_style("row-list--cursor")
            base = self.rich_style + Style(bgcolor=cursor.bgcolor) if self.has_focus else self.rich_style
            return self._strip(row.cells, width, base, "▌")
        return self._strip(row.cells, width, self.rich_style, " ")

    def _strip(self, cells: tuple[Cell, ...], width: int, base: Style, mark: str) -> Strip:
        bar = base + self._ink("bar") if mark.strip() else base
        segments = [Segment(mark, bar)]
        alone = len(cells) == 1 and len(self._columns) > 1
        layout = [(Column(), width - 1)] if alone else self._layout(width - 1)
        for (column, room), cell in zip(layout, cells, strict=False):
            if not room:
                continue
            if len(segments) > 1:
                segments.append(Segment(GAP, base))
            text = clean_line(cell.text)
            text = text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"
            pad = " " * max(room - cell_len(text), 0)
            body = pad + text if column.align == "right" else text + pad
            segments.append(Segment(body, base if cell.tone == "plain" else base + self._ink(cell.tone)))
        return Strip(segments).adjust_cell_length(width, base)

    def _ink(self, tone: str) -> Style:
        """A tone's colour and weight, without its background: the row has its own."""
        style = self.get_component_rich_style(f"row-list--{tone}")
        return Style(color=style.color, bold=style.bold)

    def _layout(self, width: int) -> list[tuple[Column, int]]:
        """Each column with its width in cells; 0: hidden. Gaps stand between the columns that are shown."""
        shown = [column for column in self._columns if width >= column.from_width]
        growing = [column for column in shown if not column.width]
        fixed = sum(column.width for column in shown) + len(GAP) * (len(shown) - 1)
        share = max((width - fixed) // len(growing), 4) if growing else 0
        return [(column, column.width or share if column in shown else 0) for column in self._columns]

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self._rows) + self._head)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    # Moving -----------------------------------------------------------------------------------------

    def _selectable(self, place: int, step: int = 1) -> int:
        """The nearest row that can be chosen, from `place` in the direction of `step`, else the other way."""
        if not self._rows:
            return -1
        place = min(max(place, 0), len(self._rows) - 1)
        for numbers in (
            range(place, len(self._rows) if step > 0 else -1, step),
            range(place, -1 if step > 0 else len(self._rows), -step),
        ):
            for number in numbers:
                if self._rows[number].id:
                    return number
        return -1

    def _go(self, place: int, step: int = 1) -> None:
        target = self._selectable(place, step)
        if target == self._cursor or target < 0:
            return
        self._cursor = target
        above = target - (1 if target and not self._rows[target - 1].id else 0)
        self.scroll_to_region(
            Region(0, above, self.size.width, target - above + 1 + self._head), animate=False, force=True
        )
        self.refresh()
        self.post_message(self.Moved(self, self.cursor_id))

    def action_move(self, step: int) -> None:
        self._go(self._cursor + step, step)

    def action_page(self, step: int) -> None:
        self._go(self._cursor + step * max(self.size.height - self._head - 1, 1), step)

    def action_edge(self, step: int) -> None:
        self._go(len(self._rows) - 1 if step > 0 else 0, -step)

    def action_choose(self) -> None:
        if self.cursor_id:
            self.post_message(self.Chosen(self, self.cursor_id))

    def on_click(self, event: events.Click) -> None:
        number = self.scroll_offset.y + event.y - self._head
        if event.y < self._head or not 0 <= number < len(self._rows) or not self._rows[number].id:
            return
        if number == self._cursor:
            self.action_choose()
        else:
            self._go(number)

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()
