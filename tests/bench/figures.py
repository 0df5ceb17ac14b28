"""The table of figures: what was measured, beside what it should be. Printed once, at the end of the run."""

from __future__ import annotations

import os

from msgspec import Struct


class Figure(Struct, frozen=True):
    """One row. `good` is None where there is nothing to compare with."""

    name: str
    measured: str
    target: str
    good: bool | None


class Figures:
    """Rows in the order of measuring, and what could not be measured."""

    def __init__(self) -> None:
        self.rows: list[Figure] = []
        self.notes: list[str] = []

    def add(self, name: str, measured: str, target: str = "", good: bool | None = None) -> None:
        self.rows.append(Figure(name, measured, target, good))

    def note(self, text: str) -> None:
        """Something the reader has to know; said once."""
        if text not in self.notes:
            self.notes.append(text)

    def lines(self) -> list[str]:
        """The table as text."""
        if not self.rows and not self.notes:
            return []
        name = max((len(row.name) for row in self.rows), default=0)
        measured = max((len(row.measured) for row in self.rows), default=0)
        marks = {True: "ok", False: "MISSED", None: ""}
        table = [
            f"{row.name:{name}}  {row.measured:{measured}}  {row.target:24}  {marks[row.good]}".rstrip()
            for row in self.rows
        ]
        load = os.getloadavg()
        return [*table, *(f"- {note}" for note in self.notes), f"- load average at the end: {load[0]:.1f}"]
