"""History, accounts and logs as a person uses them."""

from __future__ import annotations

from typing import NoReturn

import msgspec
import pytest

from core.domain.accounts import AccountState, Cooldown, QuotaWindow
from core.domain.failure import Cause, Failure, GatewayError, Kind
from core.domain.state import LogLine
from tests.tui.fake_services import NOW, FakeAccounts, FakeLibrary, FakeServices, account
from tests.tui.pilot import row
from tui.app import AgtuiApp
from tui.panes import accounts
from tui.panes.accounts import AccountsPane
from tui.panes.chat import ChatPane
from tui.panes.generate import GeneratePane
from tui.panes.history import HistoryPane
from tui.panes.logs import LogsPane

from .conftest import Program, on_screen, settled, until


async def test_history_lists_both_filters_and_previews(program: Program) -> None:
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        assert [row.cells[1].text for row in pane.items.rows] == [
            "chat",
            "pic",
            "pic",
            "pic",
            "chat",
            "chat",
            "chat",
        ]
        assert pane.preview.current == "preview-chat"
        await pilot.press("j")
        await until(pilot, lambda: pane.preview.current == "preview-picture")
        await pilot.press("slash", *"sse", "enter")
        await until(pilot, lambda: len(pane.items.rows) == 1)
        assert pane.items.border_subtitle == "1 found"
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(pane.items.rows) == 7)
        await pilot.press("f")
        await until(pilot, lambda: len(pane.items.rows) == 4)


async def test_history_opens_a_chat_and_a_picture_where_they_belong(program: Program) -> None:
    async with program("history") as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: bool(pilot.app.query(ChatPane)))
        chat = pilot.app.query_one(ChatPane)
        await until(pilot, lambda: len(chat.transcript.turns) == 2)
        await pilot.press("alt+3")
        await settled(pilot)
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: bool(pilot.app.query(GeneratePane)))
        generate = pilot.app.query_one(GeneratePane)
        await until(pilot, lambda: generate.picture.path is not None)
        assert generate.picture.path
        assert generate.picture.path.name == "lighthouse-1.png"


async def test_history_deletes_and_brings_back(program: Program, services: FakeServices) -> None:
    async with program("history") as pilot:
        await settled(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "chat0" in services.trash)
        await settled(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "chat0" in services.chats_by_id)


@pytest.mark.parametrize("tab", ["history", "accounts"])
async def test_what_cannot_be_read_is_not_called_empty(
    program: Program, monkeypatch: pytest.MonkeyPatch, tab: str
) -> None:
    async def gone(*_: object) -> NoReturn:
        raise GatewayError(Failure(Kind.UNAVAILABLE, "The gateway is gone."))

    monkeypatch.setattr(FakeLibrary, "history", gone)
    monkeypatch.setattr(FakeAccounts, "list", gone)
    async with program(tab) as pilot:
        await until(pilot, lambda: on_screen(pilot, "The gateway is gone."))
        assert not on_screen(pilot, "Nothing here yet")
        assert not on_screen(pilot, "No accounts yet")


async def test_a_long_path_shows_both_its_ends(program: Program, services: FakeServices) -> None:
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        key = next(key for key, item in pane._found.items() if item.path)
        pane._found[key] = msgspec.structs.replace(
            pane._found[key], path="library/" + "deep/" * 40 + "lighthouse-1.png"
        )
        await pilot.press("j")
        await settled(pilot)
        subtitle = str(pane.picture.border_subtitle)
        assert subtitle.startswith("library/deep")
        assert subtitle.endswith("lighthouse-1.png")


async def test_a_deletion_that_is_undone_says_so(program: Program, services: FakeServices) -> None:
    async with program("history") as pilot:
        await settled(pilot)
        await pilot.press("d")
        await until(pilot, lambda: on_screen(pilot, "u brings it back"))
        await pilot.press("u")
        await until(pilot, lambda: on_screen(pilot, "It is back."))


async def test_a_file_that_was_kept_aside_is_named_in_the_accounts_tab(
    program: Program, services: FakeServices
) -> None:
    services.account_notices = ["The accounts file could not be read. It is kept as accounts.json.bad-1."]
    async with program("accounts", (80, 24)) as pilot:
        await until(pilot, lambda: on_screen(pilot, "! The accounts file", "accounts.json.bad-1"))


@pytest.mark.parametrize(("width", "bars"), [(80, 2), (100, 3), (160, 6)])
async def test_as_many_quotas_are_shown_as_there_is_room_for(
    program: Program, services: FakeServices, width: int, bars: int
) -> None:
    windows = tuple(QuotaWindow(f"family-{number}", 0.5, NOW + 60) for number in range(6))
    services.pool = [account("ada", quotas=windows)]
    async with program("accounts", (width, 48)) as pilot:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, AgtuiApp)
        await until(pilot, lambda: any(row(app, n).count("━━━━···· 50%") == bars for n in range(6)))


async def test_accounts_show_state_bars_and_resets(program: Program, services: FakeServices) -> None:
    services.pool.append(account("grace", state=AccountState.NEEDS_LOGIN, quotas=()))
    async with program("accounts") as pilot:
        pane = pilot.app.query_one(AccountsPane)
        await settled(pilot)
        ada, _, grace = pane.table.rows
        assert ada.cells[1].text == "● ready"
        assert ada.cells[2].text == "━······· 7%"
        assert ada.cells[2].tone == "error"
        assert grace.cells[1].text == "○ sign in again"
        assert "gemini-pro: 81% left, resets in 2 h 11 m" in str(pane.details.render())
        assert pane.table.border_subtitle == "2 of 3 ready · checked 12 s ago"


async def test_what_rests_or_is_not_quite_full_is_not_called_more_than_it_is(
    program: Program, services: FakeServices
) -> None:
    rest = Cooldown("acc_ada", "", NOW + 60, "denied")
    services.pool = [
        account("ada", quotas=(QuotaWindow("claude", 0.998, NOW + 7_860),)),
        account("norma", quotas=(), cooldowns=(rest,)),
    ]
    async with program("accounts") as pilot:
        pane = pilot.app.query_one(AccountsPane)
        await settled(pilot)
        assert "claude: 99% left" in str(pane.details.render())
        assert str(pane.table.border_subtitle).startswith("1 of 2 ready")


async def test_an_account_is_switched_off_and_on_and_removed_after_a_question(
    program: Program, services: FakeServices
) -> None:
    async with program("accounts") as pilot:
        pane = pilot.app.query_one(AccountsPane)
        await settled(pilot)
        await pilot.press("x")
        await until(pilot, lambda: not services.pool[0].enabled)
        await settled(pilot)
        assert pane.table.rows[0].cells[1].text == "– off"
        await pilot.press("D")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press("escape")
        await pilot.pause()
        assert len(services.pool) == 2
        await pilot.press("D")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press("enter")
        await pilot.pause()
        assert len(services.pool) == 2, "the harmless answer stands first"
        await pilot.press("D")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(services.pool) == 1)


async def test_a_token_is_tried_and_a_refusal_stands_beside_the_field(
    program: Program, services: FakeServices
) -> None:
    services.fail_next = Failure(Kind.BAD_REQUEST, "Google refused this token.", cause=Cause.INVALID_GRANT)
    async with program("accounts") as pilot:
        await settled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press(*"1//sandbox-grace", "enter")
        error = pilot.app.screen.query_one("#error")
        await until(pilot, lambda: "refused" in str(error.render()))  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: services.pool[-1].email == "grace@sandbox.test")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        table = pilot.app.query_one(AccountsPane).table
        await until(pilot, lambda: table.cursor_id == "acc_grace")


async def test_no_account_says_what_to_do(program: Program, services: FakeServices) -> None:
    services.pool.clear()
    async with program("accounts") as pilot:
        pane = pilot.app.query_one(AccountsPane)
        await settled(pilot)
        assert pane.hint.display
        assert "Press l to sign in with a browser, or a to add one" in str(pane.hint.render())


async def test_a_log_line_tells_what_was_tried_and_why(program: Program) -> None:
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40)
        await pilot.pause(0.2)
        await pilot.press("4")
        await pilot.pause(0.7)
        assert pane.level.value == "error"
        await pilot.press("1", "slash", *"POST", "enter")
        await pilot.pause(0.3)
        await pilot.press("G", "k", "enter")
        await until(pilot, lambda: pane.has_class("-detail"))
        facts = str(pane.facts.render())
        assert "1. ada@… at http://127.0.0.1:9 rate 429" in facts
        assert "– ada@sandbox.test gemini-3-pro-high: resting 41 s: rate" in facts
        await pilot.press("escape")
        assert not pane.has_class("-detail")


async def test_a_hidden_log_costs_nothing_and_catches_up(program: Program, services: FakeServices) -> None:
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40)
        await pilot.press("alt+4")
        await until(pilot, lambda: not any(w.group == "logs-tail" for w in pilot.app.workers))
        services.log_lines.append(LogLine(41, NOW, "info", "gateway", "while you were away"))
        await pilot.press("alt+5")
        await until(pilot, lambda: pane.log_view.source.last == 41)


async def test_quotas_are_asked_for_once_when_the_tab_comes_and_never_while_it_is_hidden(
    program: Program, services: FakeServices
) -> None:
    services.pool = [msgspec.structs.replace(view, quotas_at=NOW - 3600) for view in services.pool]
    services.pool.append(account("grace", state=AccountState.NEEDS_LOGIN, quotas=(), quotas_at=None))
    async with program("chat") as pilot:
        await settled(pilot)
        services.publish("account.changed", account="acc_ada")
        await pilot.pause(0.2)
        assert services.quota_calls == 0
        await pilot.press("alt+4")
        await until(pilot, lambda: services.quota_calls == 1)
        await pilot.pause(1.0)
        assert services.quota_calls == 1, "the answer's own event must not ask again"
        await pilot.press("r")
        await until(pilot, lambda: services.quota_calls == 2)


async def test_a_request_that_ends_while_the_tab_is_open_has_old_quotas_asked_for(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program("accounts") as pilot:
        await settled(pilot)
        asked = services.quota_calls
        services.publish("request.finished", account="acc_ada")
        await pilot.pause(0.3)
        assert services.quota_calls == asked, "they are fresh"
        services.pool = [msgspec.structs.replace(view, quotas_at=NOW - 3600) for view in services.pool]
        monkeypatch.setattr(accounts, "QUOTA_AGE", -1.0)
        services.publish("request.finished", account="acc_ada")
        await until(pilot, lambda: services.quota_calls == asked + 1)
        await pilot.pause(0.5)
        assert services.quota_calls == asked + 1, "the answer's own event must not ask again"


async def test_nothing_of_an_account_is_read_as_markup_or_obeyed(
    program: Program, services: FakeServices
) -> None:
    odd = "[/b]\x1b]52;c;cGF3bmVk\x07 broke"
    services.pool[0] = msgspec.structs.replace(services.pool[0], email=f"{odd}@x.test", last_error=odd)
    async with program("accounts") as pilot:
        await settled(pilot)
        shown = pilot.app.export_screenshot()
        assert "\x1b" not in shown
        assert "52;c" not in shown
        assert "[/b]" in shown.replace("&#160;", " ").replace("&#x27;", "'")
