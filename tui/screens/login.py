"""Signing in with a browser: the link, a field for the address that the browser ends at, and how it goes.

The sign-in itself runs in the gateway; this screen shows it, and ends it when the person leaves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, cast

from textual import events, getters, on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Input, Static

from core.domain.accounts import AccountView, Login, LoginState
from core.domain.failure import GatewayError
from core.domain.streams import closing
from core.services import Accounts
from tui import turns
from tui.dialog import Dialog
from tui.screens.add_account import NOTICE
from tui.widgets.clean import clean_line
from tui.widgets.plain import PlainText
from tui.widgets.qr_code import QrCode
from tui.workers import TellsFailures

OPEN = "Open this link in a browser, here or on any machine, and agree."
PASTE = "Where it ends at a page that says “cannot connect” (normal over SSH), paste that page's address:"
AGAIN = "Press enter to start again, or esc to leave."
COPY = "^Y copies the link"
AROUND = 14
"""Rows that all but the link takes, an error of two rows included."""
BESIDE = 58
"""Columns that the text needs beside a QR code."""


def readable(url: str) -> str:
    """The same link, shorter: a query may hold these two characters as they are (RFC 3986 3.4)."""
    return url.replace("%3A", ":").replace("%2F", "/")


def time_left(seconds: float) -> str:
    """`4:05`"""
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    return f"{minutes:.0f}:{seconds:02.0f}"


class LoginScreen(TellsFailures, Dialog[AccountView | None]):
    """Returns the account, or None. `hint` is the e-mail of an account to sign in again."""

    DEFAULT_CSS = """
    LoginScreen {
        #columns { height: auto; }
        #text { width: 1fr; height: auto; }
        #link-box { height: auto; margin: 1 0; scrollbar-size-vertical: 1; }
        #link { color: $accent; }
        #how { color: $muted; }
        #paste { margin-bottom: 1; }
        #error { color: $error; height: auto; }
        #qr { display: none; margin-right: 3; }
    }
    LoginScreen.-noticing #link-box, LoginScreen.-noticing #how, LoginScreen.-noticing #progress,
    LoginScreen.-refused #say, LoginScreen.-refused #link-box, LoginScreen.-refused #how {
        display: none;
    }
    /* It still hears enter, and is not there to be written in. */
    LoginScreen.-refused #paste { height: 0; margin: 0; }
    LoginScreen.-refused #error { margin-bottom: 1; }
    LoginScreen.-noticing #say { margin-bottom: 1; }
    LoginScreen.-qr #text { width: 58; padding-top: 1; }
    LoginScreen.-qr #qr { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="login.leave", tooltip="End the sign-in"),
        Binding("ctrl+y", "copy_link", "Copy the link", id="login.copy", priority=True),
    ]

    field = getters.query_one(Input)
    say = getters.query_one("#say", Static)
    progress = getters.query_one("#progress", PlainText)
    error = getters.query_one("#error", PlainText)
    qr = getters.query_one(QrCode)

    def __init__(self, accounts: Accounts, hint: str = "", now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._accounts = accounts
        self._hint = hint
        self._now = now
        self._login: Login | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"), Horizontal(id="columns"):
            yield QrCode(id="qr")
            with Vertical(id="text"):
                with Vertical(classes="dialog-head"):
                    title = f"Sign in again as {clean_line(self._hint)}" if self._hint else "Sign in"
                    yield PlainText(title, classes="dialog-title")
                    yield Static("esc", classes="dialog-esc")
                yield Static(OPEN, id="say")
                with VerticalScroll(id="link-box", can_focus=False):
                    yield Static(id="link")
                yield Static(PASTE, id="how")
                yield Input(id="paste", compact=True, placeholder="http://localhost:…/oauth-callback?code=…")
                yield PlainText(id="error")
                yield PlainText(id="progress")

    def on_mount(self) -> None:
        self.field.cursor_blink = False
        self.field.focus()
        self.set_interval(1.0, self._say_progress)
        self.begin()

    @on(events.Resize)
    def fit(self) -> None:
        """A QR code only where all of it has room beside the text."""
        needs, room = self.qr.needs, self.size
        self.query_one("#link-box").styles.max_height = max(3, room.height - AROUND)
        fits = bool(needs.height) and room.height > needs.height and room.width >= needs.width + BESIDE + 6
        self.set_class(fits and not self.has_class("-noticing"), "-qr")

    # The sign-in ------------------------------------------------------------------------------------

    @work(group="login", exclusive=True, exit_on_error=False)
    async def begin(self) -> None:
        """Start it and show what becomes of it."""
        self._fail("")
        self.remove_class("-refused")
        try:
            self._begun(await self._accounts.login_start(hint=self._hint))
            assert self._login is not None
            async with closing(self._accounts.login_watch(self._login.id)) as states:
                async for login in states:
                    self._show(login)
        except GatewayError as error:
            if error.failure.params.get("code") == "ACKNOWLEDGEMENT_REQUIRED":
                self._notice(True)
            else:
                self._login = None
                self.add_class("-refused")
                self._fail(turns.error_text(error.failure))

    def _begun(self, login: Login) -> None:
        link = clean_line(readable(login.url))
        self.query_one("#link", Static).update(Content.styled(link, Style(link=link)))
        self.qr.encode(link)
        self.fit()
        self._show(login)

    def _show(self, login: Login) -> None:
        self._login = login
        if login.state is LoginState.DONE:
            self.dismiss(login.account)
            return
        self.field.disabled = login.state is LoginState.EXCHANGING
        if not self.field.disabled:
            self.field.focus()
        if login.error:
            self._fail(login.error)
        self._say_progress()

    def _say_progress(self) -> None:
        login = self._login
        if login is None or login.state.over:
            self.progress.put(AGAIN if login is not None or self._failed else "")
        elif login.state is LoginState.EXCHANGING:
            self.progress.put("A code has come. Signing in …")
        else:
            left = time_left(login.expires_at - self._now())
            self.progress.put(f"Waiting for the browser · {left} left · {COPY}")

    @property
    def _failed(self) -> bool:
        return bool(self.error.display)

    def _fail(self, text: str) -> None:
        self.error.put(text)
        self.error.display = bool(text)
        self._say_progress()

    # The person -------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        if self.has_class("-noticing"):
            self.acknowledge(text)
        elif self._login is None or self._login.state.over:
            self.field.value = ""
            self.begin()
        elif text:
            self.paste(text, self._login.id)

    @work(group="paste", exclusive=True, exit_on_error=False)
    async def paste(self, text: str, login_id: str) -> None:
        self._fail("")
        try:
            await self._accounts.login_paste(login_id, text)
        except GatewayError as error:
            self._fail(turns.error_text(error.failure))

    @work(group="paste", exclusive=True, exit_on_error=False)
    async def acknowledge(self, text: str) -> None:
        if text.lower() != "yes":
            self._fail("Type yes to go on, or press esc.")
            return
        try:
            await self._accounts.acknowledge()
        except GatewayError as error:
            self._fail(turns.error_text(error.failure))
            return
        self._notice(False)
        self.begin()

    def _notice(self, wanted: bool) -> None:
        """Ask for the one acknowledgement, or have it behind us."""
        self.set_class(wanted, "-noticing")
        self.say.update(NOTICE if wanted else OPEN)
        self.field.value = ""
        self.field.placeholder = "yes" if wanted else "http://localhost:…/oauth-callback?code=…"

    def action_copy_link(self) -> None:
        if self._login is not None:
            cast("App[Any]", self.app).copy_to_clipboard(readable(self._login.url))  # pyright: ignore[reportUnknownMemberType]

    async def action_leave(self) -> None:
        login = self._login
        if login is not None and not login.state.over:
            with suppress(GatewayError):
                await self._accounts.login_cancel(login.id)
        self.dismiss(None)
