"""Adding an account: the notice, once acknowledged, then a refresh token.

An error stands beside the field and what was typed stays. The token is never shown.
"""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core.domain.accounts import AccountView
from core.domain.failure import GatewayError
from core.services import Accounts
from tui import turns
from tui.dialog import Dialog
from tui.widgets.plain import PlainText
from tui.workers import TellsFailures

NOTICE = (
    "[b]Before you add an Antigravity account.[/b] Google's terms do not foresee that other programs use "
    "these sign-ins, and Google has suspended accounts for it. Where an official API serves you, use that "
    "first.\n\n"
    "Type [b $accent]yes[/] to say that you have read this; it is asked once and the date is kept."
)
ASK = "Paste the account's refresh token. It is tried at once and stored in a file that only you can read."
SIMULATED = "1//sandbox-"
SANDBOX = "To try this without an account, type [b $accent]1//sandbox-grace[/]."


class AddAccountScreen(TellsFailures, Dialog[AccountView | None]):
    """Returns the account, or None."""

    DEFAULT_CSS = """
    AddAccountScreen #say { margin-bottom: 1; }
    AddAccountScreen #error { color: $error; height: auto; margin-top: 1; }
    AddAccountScreen #tip { color: $muted; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="add.leave", tooltip="Add nothing")
    ]

    field = getters.query_one(Input)
    error = getters.query_one("#error", PlainText)

    def __init__(self, accounts: Accounts) -> None:
        super().__init__()
        self._accounts = accounts
        self._acknowledged: bool | None = None  # not known yet

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with Vertical(classes="dialog-head"):
                yield Static("Add an account", classes="dialog-title")
                yield Static("esc", classes="dialog-esc")
            yield Static(id="say")
            yield Input(id="token", compact=True)
            yield PlainText(id="error")
            yield Static(SANDBOX, id="tip")

    def on_mount(self) -> None:
        self.field.cursor_blink = False
        self.field.focus()
        self.go_on("")

    def _ask(self, acknowledged: bool) -> None:
        self._acknowledged = acknowledged
        self.query_one("#say", Static).update(ASK if acknowledged else NOTICE)
        self.field.password = acknowledged
        self.field.placeholder = "1//…" if acknowledged else "yes"
        self.field.value = ""

    @on(Input.Changed)
    def hide_tokens(self, message: Input.Changed) -> None:
        """What looks like a token is not shown, at whatever step it is pasted."""
        self.field.password = bool(self._acknowledged) or message.value.startswith("1//")

    @on(Input.Submitted)
    def submitted(self, message: Input.Submitted) -> None:
        self.go_on(message.value.strip())

    @work(exclusive=True, exit_on_error=False)
    async def go_on(self, text: str) -> None:
        """One step further with what was typed; what fails stands below the field."""
        try:
            if self._acknowledged is None:
                typed = self.field.value
                self._ask(bool(await self._accounts.acknowledged()))
                self.field.value = self.field.value or typed
                self.error.put("")
            if text:
                await self._step(text)
        except GatewayError as error:
            self.error.put(turns.error_text(error.failure))

    async def _step(self, text: str) -> None:
        if self._acknowledged or text.startswith(SIMULATED):
            await self._add(text)
        elif text.lower() == "yes":
            await self._accounts.acknowledge()
            self.error.put("")
            self._ask(True)
        else:
            self.error.put("Type yes to go on, or press esc.")

    async def _add(self, token: str) -> None:
        self.error.put("Trying it…")
        self.field.disabled = True
        try:
            self.dismiss(await self._accounts.add_token(token))
        finally:
            self.field.disabled = False
            self.field.focus()

    def action_leave(self) -> None:
        self.dismiss(None)
