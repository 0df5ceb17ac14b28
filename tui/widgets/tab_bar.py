"""The row of tabs, and the thin rule below it.

How tabs are laid out is a pure function of the width; the widget draws it and says what was clicked.
Which tab is shown is the shell's business: the bar is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive, var
from textual.widget import Widget

from tui.tabs import TabSpec

NAME = " agtui "
GAPS = ((3, 2), (3, 2), (2, 1))
"""Columns between tabs that are tried: with long titles, with short ones, with numbers alone."""
TAIL = 2
"""Columns that stay empty after the last tab."""


class Cell(NamedTuple):
    """One tab in the row: its columns are `start` (inclusive) to `end` (exclusive)."""

    tab: str
    number: str
    title: str
    badge: str
    start: int
    end: int


def lay_out(
    specs: Sequence[TabSpec], width: int, badges: Mapping[str, str], *, named: bool = True
) -> tuple[bool, list[Cell]]:
    """Place the tabs in `width` columns: whether the program's name leads, and the cells.

    Long titles with wide gaps if there is room, then short ones, then numbers alone.
    """
    for name, pick in ((named, 0), (False, 0), (named, 1), (False, 1), (False, 2)):
        for gap in GAPS[pick]:
            cells = _place(specs, badges, pick, gap, len(NAME) + 1 if name else 1)
            if not cells or cells[-1].end + TAIL <= width:
                return name, cells
    return False, _place(specs, badges, 2, 1, 0)


def _place(
    specs: Sequence[TabSpec], badges: Mapping[str, str], pick: int, gap: int, start: int
) -> list[Cell]:
    cells: list[Cell] = []
    for number, spec in enumerate(specs, 1):
        title = (spec.title, spec.short, "")[pick]
        badge = badges.get(spec.id, "")
        parts = [part for part in (str(number), title, badge) if part]
        end = start + cell_len(" ".join(parts))
        cells.append(Cell(spec.id, str(number), title, badge, start, end))
        start = end + gap
    return cells


class TabBar(Widget):
    """One row of tabs with their numbers."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tab-bar--name",
        "tab-bar--number",
        "tab-bar--title",
        "tab-bar--active",
        "tab-bar--active-number",
        "tab-bar--badge",
    }

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        tab: str

    active: reactive[str] = reactive("")
    """The id of the tab that is shown."""
    badges: reactive[Mapping[str, str]] = reactive[Mapping[str, str]]({})
    """A short mark beside a tab's title, by tab id: how many wait, or a dot."""
    span: var[tuple[int, int]] = var((0, 0), init=False)
    """The columns of the active tab, for the rule below."""

    def __init__(self, specs: Sequence[TabSpec], id: str | None = None) -> None:
        super().__init__(id=id)
        self.specs = tuple(specs)

    def cells(self) -> list[Cell]:
        """The tabs as they stand in the row now."""
        return self._laid_out()[1]

    def _laid_out(self) -> tuple[bool, list[Cell]]:
        return lay_out(self.specs, self.size.width, self.badges)

    def render(self) -> Content:
        named, cells = self._laid_out()
        column = 0
        row: list[Content] = []
        if named:
            row.append(Content.styled(NAME, self.get_visual_style("tab-bar--name")))
            column = len(NAME)
        for cell in cells:
            row.append(Content(" " * (cell.start - column)))
            row.append(self._draw(cell))
            column = cell.end
        return Content.assemble(*row)

    def _draw(self, cell: Cell) -> Content:
        active = cell.tab == self.active
        number = self.get_visual_style("tab-bar--active-number" if active else "tab-bar--number")
        title = self.get_visual_style("tab-bar--active" if active else "tab-bar--title")
        parts = [Content.styled(cell.number, number)]
        if cell.title:
            parts.append(Content.styled(f" {cell.title}", title))
        if cell.badge:
            parts.append(Content.styled(f" {cell.badge}", self.get_visual_style("tab-bar--badge")))
        return Content.assemble(*parts)

    def on_resize(self) -> None:
        self._measure()

    def watch_active(self) -> None:
        self._measure()

    def watch_badges(self) -> None:
        self._measure()

    def _measure(self) -> None:
        found = [(cell.start, cell.end) for cell in self.cells() if cell.tab == self.active]
        self.span = found[0] if found else (0, 0)

    def on_click(self, event: events.Click) -> None:
        for cell in self.cells():
            if cell.start - 1 <= event.x <= cell.end:
                self.post_message(self.Chosen(cell.tab))
                return


class TabRule(Widget):
    """A thin line across the screen, strong below the active tab. Takes the place of an empty row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab-rule--active"}

    span: reactive[tuple[int, int]] = reactive((0, 0))
    """The columns that are strong: start (inclusive) and end (exclusive)."""

    def render(self) -> Content:
        start, end = self.span
        width = self.size.width
        strong = Content.styled("━" * (end - start), self.get_visual_style("tab-rule--active"))
        return Content.assemble("─" * start, strong, "─" * max(0, width - end))
