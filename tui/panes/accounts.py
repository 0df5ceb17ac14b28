"""The accounts tab: who may answer, what is left of them, and when it comes back.

Quotas are asked for when the tab is shown, on `r`, and when a request ends while it is on screen; never
while it is hidden or nobody asks for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Static

from core.domain.accounts import AccountState, AccountView, QuotaWindow, Realm
from core.domain.failure import GatewayError
from core.domain.quota import QuotaLevel, percent, quota_cells, quota_level
from tui import format as say
from tui import turns
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.widgets.plain import PlainText, frame
from tui.widgets.row_list import Cell, Column, Row, RowList, Tone

if TYPE_CHECKING:
    from core.services import Services

BAR = 8
FROM_WIDTH = 60
"""Columns of a table that has room for the first bar."""
REMOVE = 1
"""The place of the answer that removes; the harmless one stands first."""
QUOTA_AGE = 60.0
"""Seconds after which showing the tab asks for the quotas anew."""
TONES: dict[QuotaLevel, Tone] = {"good": "good", "mid": "warning", "low": "error"}
EMPTY = (
    "No accounts yet. Press [b $accent]l[/] to sign in with a browser, or [b $accent]a[/] to add one with a "
    "refresh token; until then the sandbox answers, on this machine."
)
STATES: dict[AccountState, tuple[str, Tone]] = {
    AccountState.READY: ("● ready", "good"),
    AccountState.NEEDS_LOGIN: ("○ sign in again", "error"),
    AccountState.VERIFY: ("○ confirm it", "warning"),
    AccountState.ENDED: ("✗ ended", "error"),
}


def state_cell(view: AccountView, now: float) -> Cell:
    """What the account is doing, by glyph, word and colour."""
    if not view.enabled:
        return Cell("– off", "muted")
    if view.state is AccountState.READY and (seconds := rests_for(view, now)):
        return Cell(f"◐ rests {say.span(seconds)}", "warning")
    return Cell(*STATES[view.state])


def rests_for(view: AccountView, now: float) -> float:
    """Seconds that the whole account rests; 0: it does not."""
    return max(
        (rest.until - now for rest in view.cooldowns if not rest.model and rest.until > now), default=0.0
    )


def quota_cell(window: QuotaWindow | None) -> Cell:
    if window is None or window.fraction is None:
        return Cell("–", "muted")
    left = window.fraction
    return Cell(f"{quota_cells(left, BAR)} {percent(left).strip()}", TONES[quota_level(left)])


def window_names(accounts: list[AccountView]) -> list[str]:
    """The quota windows, what is scarcest first; as many of them get a column as there is room for."""
    least: dict[str, float] = {}
    for view in accounts:
        for window in view.quotas:
            left = 1.0 if window.fraction is None else window.fraction
            least[window.name] = min(left, least.get(window.name, 1.0))
    return sorted(least, key=lambda name: (least[name], name))


class AccountsPane(Pane):
    """State, quota bars with reset times, add, remove, switch off and on."""

    DEFAULT_CSS = """
    AccountsPane {
        #accounts-list { height: 1fr; min-height: 6; }
        #hint { height: 1fr; content-align: center middle; display: none; }
        #notices { height: auto; color: $warning; padding: 0 1; display: none; }
        #facts { height: auto; max-height: 11; padding: 0 1; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "login", "Sign in", id="accounts.login", tooltip="Sign in with a browser"),
        Binding("a", "add", "Add", id="accounts.add", tooltip="Add an account with a refresh token"),
        Binding("i", "import", "Import", id="accounts.import", tooltip="Import another program's accounts"),
        Binding("r", "refresh", "Refresh quota", id="accounts.refresh", tooltip="Ask what is left"),
        Binding(
            "x,space", "switch", "Off or on", id="accounts.toggle", tooltip="Switch the account off or on"
        ),
        Binding("D", "remove", "Remove", id="accounts.remove", tooltip="Remove the account; asks first"),
    ]
    help_data = HelpData(
        "Accounts",
        "Each row is an account with what is left of its quotas. l signs one in with a browser, a adds "
        "one by its refresh token, i imports those of another "
        "program, x switches one off and on, D removes it, r asks the upstream what is left. An account "
        "that must sign in again is kept.",
    )
    keys = var(
        (
            FooterKey("l", "sign in", 86, "accounts.login"),
            FooterKey("a", "add", 85, "accounts.add"),
            FooterKey("r", "refresh quota", 65, "accounts.refresh"),
            FooterKey("x", "off/on", 75, "accounts.toggle"),
            FooterKey("D", "remove", 55, "accounts.remove"),
            FooterKey("i", "import", 50, "accounts.import"),
        )
    )

    table = getters.query_one("#accounts-list", RowList)
    details = getters.query_one("#details", PlainText)
    notices = getters.query_one("#notices", PlainText)
    hint = getters.query_one("#hint", Static)

    def __init__(self, id: str = "accounts") -> None:
        super().__init__(id=id)
        self._accounts: dict[str, AccountView] = {}
        self._names: list[str] = []
        self._asking = False
        self._asked_at = float("-inf")
        self._then_show = ""

    def compose(self) -> ComposeResult:
        yield PlainText(id="notices")
        yield RowList((), id="accounts-list", classes="framed")
        yield Static(EMPTY, id="hint", classes="empty")
        with Vertical(id="facts", classes="framed"):
            yield PlainText(id="details")

    def on_mount(self) -> None:
        self.table.border_title = "accounts"

    def first_focus(self) -> Widget | None:
        return self.table

    def ready(self, services: Services) -> None:
        self.arrive()

    def activated(self) -> None:
        self.arrive()

    def heard(self, message: Heard) -> None:
        if self.is_active and (message.gap or "account.changed" in message.topics()):
            self.load()
        # Not for every one of a busy gateway's requests.
        old = self.now() - self._asked_at > QUOTA_AGE
        if self.is_active and old and "request.finished" in message.topics():
            self.arrive()

    # Loading ----------------------------------------------------------------------------------------

    @work(group="accounts-load", exclusive=True, exit_on_error=False)
    async def load(self) -> None:
        """Read the accounts as the gateway knows them."""
        if self.services is not None:
            self._show(await self.services.accounts.list())

    @work(group="accounts-arrive", exclusive=True, exit_on_error=False)
    async def arrive(self) -> None:
        """The tab has come on screen, or somebody used up some of what it shows: read the accounts, and ask
        for quotas that are old. What a quota's own answer changes must never ask again."""
        if self.services is None:
            return
        self._show(await self.services.accounts.list())
        notices = await self.services.accounts.notices()
        self.notices.put("\n".join(f"! {notice}" for notice in notices))
        self.notices.display = bool(notices)
        now = self.now()
        old = any(
            view.enabled
            and view.state is AccountState.READY
            and (view.quotas_at is None or now - view.quotas_at > QUOTA_AGE)
            for view in self._accounts.values()
        )
        if self.is_active and old and now - self._asked_at > QUOTA_AGE:
            self.ask_quota()

    def _show(self, accounts: list[AccountView]) -> None:
        self._accounts = {view.id: view for view in accounts}
        self._names = window_names(accounts)
        quota = tuple(
            Column(name, BAR + 5, from_width=FROM_WIDTH + (BAR + 7) * place)
            for place, name in enumerate(self._names)
        )
        self.table.columns = (Column("account"), Column("state", 16), *quota, Column("calls", 5, "right", 92))
        now = self.now()
        self.table.show([self._row(view, now) for view in accounts])
        self.table.display, self.hint.display = bool(accounts), not accounts
        ready = sum(
            view.enabled and view.state is AccountState.READY and not rests_for(view, now)
            for view in accounts
        )
        asked = [view.quotas_at for view in accounts if view.quotas_at]
        checked = f" · checked {say.ago(min(asked), now)}" if asked else ""
        frame(self.table, subtitle=f"{ready} of {len(accounts)} ready{checked}")
        if self._then_show in self._accounts:
            self.table.put_cursor(self._then_show)
            self._then_show = ""
        self._show_details(self.table.cursor_id)

    def _row(self, view: AccountView, now: float) -> Row:
        windows = {window.name: window for window in view.quotas}
        name = view.email + (
            "  sandbox" if view.realm is Realm.SANDBOX and not view.email.endswith(".test") else ""
        )
        return Row(
            view.id,
            (
                Cell(name, "plain" if view.enabled else "muted"),
                state_cell(view, now),
                *(quota_cell(windows.get(window)) for window in self._names),
                Cell(str(view.in_flight), "accent" if view.in_flight else "muted"),
            ),
        )

    def _show_details(self, account_id: str) -> None:
        view = self._accounts.get(account_id)
        facts = self.query_one("#facts", Vertical)
        facts.display = view is not None
        if view is None:
            return
        frame(facts, view.email)
        self.details.put("\n".join(self._detail_lines(view, self.now())))

    def _detail_lines(self, view: AccountView, now: float) -> list[str]:
        facts = [view.provider, view.tier or "plan unknown", f"project {view.project or 'none yet'}"]
        facts += [f"added {say.when(view.added_at, now)}", f"last used {say.ago(view.last_used_at, now)}"]
        lines = [" · ".join(facts)]
        if view.realm is Realm.SANDBOX:
            lines.append("Simulated: it belongs to the sandbox and is gone when the program ends.")
        if view.state_note:
            lines.append(view.state_note)
        if view.state is AccountState.NEEDS_LOGIN:
            lines.append("Press l to sign in again; everything else of it is kept.")
        for window in view.quotas:
            left = "unknown" if window.fraction is None else f"{percent(window.fraction).strip()} left"
            reset = (
                f", resets in {say.span(window.reset_at - now)}"
                if window.reset_at and window.reset_at > now
                else ""
            )
            lines.append(f"{window.name}: {left}{reset}")
        for rest in view.cooldowns:
            if rest.until > now:
                lines.append(
                    f"rests {say.span(rest.until - now)} for {rest.model or 'everything'}: {rest.cause}"
                )
        if view.last_error:
            lines.append(f"last error: {view.last_error}")
        return lines

    @on(RowList.Moved, "#accounts-list")
    def moved(self, message: RowList.Moved) -> None:
        self._show_details(message.id)

    # Actions ----------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        self.ask_quota()

    @work(group="accounts-quota", exit_on_error=False)
    async def ask_quota(self) -> None:
        """Ask every account what is left; one question at a time."""
        if self.services is None or self._asking:
            return
        self._asking, self._asked_at = True, self.now()
        try:
            self._show(await self.services.accounts.refresh_quota())
        except GatewayError as error:
            self.flash(turns.error_text(error.failure), "error")
        finally:
            self._asking = False

    @work(group="accounts-change", exclusive=True, exit_on_error=False)
    async def action_switch(self) -> None:
        view = self._accounts.get(self.table.cursor_id)
        if view is None or self.services is None:
            return
        try:
            # Who has just verified an account has it tried again; off is one step further.
            wanted = not view.enabled or view.state is AccountState.VERIFY
            changed = await self.services.accounts.enable(view.id, wanted)
        except GatewayError as error:
            self.flash(turns.error_text(error.failure), "error")
            return
        self.flash(f"{changed.email} is {'on' if changed.enabled else 'off'}.")
        self.load()

    @on(RowList.Chosen, "#accounts-list")
    def chosen(self, message: RowList.Chosen) -> None:
        if self._accounts[message.id].state is AccountState.NEEDS_LOGIN:
            self.action_login()

    @work(group="accounts-change", exclusive=True, exit_on_error=False)
    async def action_login(self) -> None:
        """Sign in with a browser: again, where the account under the bar asks for it, else a further one."""
        from tui.screens.login import LoginScreen

        view = self._accounts.get(self.table.cursor_id)
        if self.services is None:
            return
        again = view is not None and view.state is AccountState.NEEDS_LOGIN
        screen = LoginScreen(
            self.services.accounts, view.email if view is not None and again else "", self.now
        )
        if account := await self.program.push_screen_wait(screen):
            self._arrived(account, f"Signed in as {account.email}.")

    @work(group="accounts-change", exclusive=True, exit_on_error=False)
    async def action_add(self) -> None:
        from tui.screens.add_account import AddAccountScreen

        if self.services is None:
            return
        if added := await self.program.push_screen_wait(AddAccountScreen(self.services.accounts)):
            self._arrived(added, f"Added {added.email}.")

    def _arrived(self, account: AccountView, news: str) -> None:
        """Say so, and put the bar on the account that has come, once the list shows it."""
        self.flash(news, "good")
        self._then_show = account.id
        self.load()

    @work(group="accounts-change", exclusive=True, exit_on_error=False)
    async def action_import(self) -> None:
        from tui.screens.import_accounts import ImportAccountsScreen

        if self.services is None:
            return
        report = await self.program.push_screen_wait(ImportAccountsScreen(self.services.accounts))
        if report is not None:
            replaced = f", {len(report.replaced)} replaced" if report.replaced else ""
            self.flash(f"{len(report.added)} added{replaced}; r tries them.", "good")
            self.load()

    @work(group="accounts-change", exclusive=True, exit_on_error=False)
    async def action_remove(self) -> None:
        from tui.screens.confirm import ChoiceScreen

        view = self._accounts.get(self.table.cursor_id)
        if view is None or self.services is None:
            return
        answers = ("Keep it", "Remove it: its refresh token is deleted from this machine")
        question = ChoiceScreen(f"Remove {view.email}?", "", answers, leave="esc keep", grave=True)
        if await self.program.push_screen_wait(question) == REMOVE:
            await self.services.accounts.remove(view.id)
            self.flash(f"Removed {view.email}.")
            self.load()
