"""Importing accounts: a path, what its files hold and would change, then doing it.

The path is read by the process that owns the accounts. No token is ever shown.
"""

from __future__ import annotations

import os
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core.domain.accounts import ImportReport, ImportRow, ImportStep
from core.domain.failure import GatewayError
from core.services import Accounts
from tui import format as say
from tui import turns
from tui.dialog import Dialog
from tui.screens.add_account import NOTICE
from tui.widgets.plain import PlainText
from tui.widgets.row_list import Cell, Column, Row, RowList, Tone
from tui.workers import TellsFailures

ASK = (
    "The file or directory of another program: Antigravity Tools, antigravity-claude-proxy, "
    "opencode-antigravity-auth or CLIProxyAPI, or an export of agtui."
)
COLUMNS = (Column("account"), Column("what", 18), Column("from", 25, from_width=76))
TONES: dict[ImportStep, Tone] = {
    ImportStep.ADD: "good",
    ImportStep.REPLACE: "warning",
    ImportStep.UNREADABLE: "error",
}


def summary(rows: tuple[ImportRow, ...], replace: bool) -> str:
    """What enter would do, in words."""
    add = sum(row.step is ImportStep.ADD for row in rows)
    other = sum(row.step is ImportStep.REPLACE for row in rows)
    parts = [f"{add} to add"]
    if other:
        parts.append(f"{other} to replace" if replace else f"{other} with another token (r takes it)")
    if rest := len(rows) - add - other:
        parts.append(f"{rest} left alone")
    return " · ".join(parts) + (". Enter imports." if add or (other and replace) else ".")


class ImportAccountsScreen(TellsFailures, Dialog[ImportReport | None]):
    """Returns what was done, or None."""

    DEFAULT_CSS = """
    ImportAccountsScreen {
        #say { margin-bottom: 1; }
        #rows { height: auto; margin-top: 1; display: none; }
        #sum { height: auto; margin-top: 1; display: none; }
        #note { height: auto; color: $muted; display: none; }
        #error { color: $error; height: auto; margin-top: 1; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="import.leave", tooltip="Import nothing"),
        Binding("r", "replace", "Replace", id="import.replace", tooltip="Take other tokens, or keep ours"),
    ]

    field = getters.query_one(Input)
    rows = getters.query_one("#rows", RowList)
    error = getters.query_one("#error", PlainText)

    def __init__(self, accounts: Accounts) -> None:
        super().__init__()
        self._accounts = accounts
        self._path = ""
        self._found: tuple[ImportRow, ...] = ()
        self._replace = False
        self._noticing = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with Vertical(classes="dialog-head"):
                yield Static("Import accounts", classes="dialog-title")
                yield Static("esc", classes="dialog-esc")
            yield Static(ASK, id="say")
            yield Input(id="path", compact=True, placeholder="~/…")
            yield RowList(COLUMNS, id="rows")
            yield PlainText(id="note")
            yield PlainText(id="sum")
            yield PlainText(id="error")

    def on_mount(self) -> None:
        self.field.cursor_blink = False
        self.field.focus()

    @on(Input.Changed)
    def typed(self) -> None:
        """Another path: what was shown belongs to the one before."""
        if not self._noticing:
            self._show(())

    @on(Input.Submitted)
    def submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        if self._noticing:
            self.acknowledge(text)
        elif text:
            self._path = os.path.abspath(os.path.expanduser(text))
            self.look()

    @work(exclusive=True, exit_on_error=False)
    async def look(self) -> None:
        """Read what is at the path, and show it."""
        self._say_error("")
        try:
            self._show(await self._accounts.import_preview(self._path))
        except GatewayError as error:
            self._say_error(turns.error_text(error.failure))
            return
        self.rows.focus()

    @on(RowList.Chosen, "#rows")
    def chosen(self) -> None:
        if any(
            row.step is ImportStep.ADD or (self._replace and row.step is ImportStep.REPLACE)
            for row in self._found
        ):
            self.take()
        else:
            self._say_error("There is nothing to import here.")

    @work(exclusive=True, exit_on_error=False)
    async def take(self) -> None:
        await self._import()

    @work(exclusive=True, exit_on_error=False)
    async def acknowledge(self, text: str) -> None:
        if text.lower() != "yes":
            self._say_error("Type yes to go on, or press esc.")
            return
        try:
            await self._accounts.acknowledge()
        except GatewayError as error:
            self._say_error(turns.error_text(error.failure))
            return
        await self._import()

    async def _import(self) -> None:
        self._say_error("")
        try:
            report = await self._accounts.import_accounts(self._path, replace=self._replace)
        except GatewayError as error:
            if error.failure.params.get("code") == "ACKNOWLEDGEMENT_REQUIRED":
                self._ask_notice()
            else:
                self._say_error(turns.error_text(error.failure))
            return
        self.dismiss(report)

    def _ask_notice(self) -> None:
        self._noticing = True
        self._show(())
        self.query_one("#say", Static).update(NOTICE)
        self.field.value, self.field.placeholder = "", "yes"
        self.field.focus()

    def _show(self, found: tuple[ImportRow, ...]) -> None:
        self._found = found
        self.rows.show([self._row(place, row) for place, row in enumerate(found)])
        for part in (self.rows, self.query_one("#sum"), self.query_one("#note")):
            part.display = bool(found)
        self.rows.styles.height = min(len(found) + 1, max(4, self.size.height - 17))
        self.query_one("#sum", PlainText).put(summary(found, self._replace))
        self._note(self.rows.cursor_id)

    def _row(self, place: int, row: ImportRow) -> Row:
        taken = row.step is ImportStep.REPLACE and self._replace
        return Row(
            str(place),
            (
                Cell(say.one_line(row.email or row.file), "plain" if row.email else "muted"),
                Cell(str(row.step), "good" if taken else TONES.get(row.step, "muted")),
                Cell(say.one_line(row.source), "muted"),
            ),
        )

    @on(RowList.Moved, "#rows")
    def moved(self, message: RowList.Moved) -> None:
        self._note(message.id)

    def _note(self, place: str) -> None:
        """The file of the row under the bar, and what is to be said of it."""
        row = self._found[int(place)] if place and int(place) < len(self._found) else None
        off = "will be switched off" if row and row.step is ImportStep.ADD and not row.enabled else ""
        facts = (row.file, row.note, off) if row else ()
        self.query_one("#note", PlainText).put(" · ".join(say.one_line(fact) for fact in facts if fact))

    def _say_error(self, text: str) -> None:
        self.error.put(text)
        self.error.display = bool(text)

    def action_replace(self) -> None:
        if self._found:
            self._replace = not self._replace
            self._show(self._found)

    def action_leave(self) -> None:
        self.dismiss(None)
