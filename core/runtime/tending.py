"""What keeps the sandbox's accounts in order while they are used.

A simulated account that wants to be verified comes back by itself, for nobody can verify it, and its
quota is asked after each request, for asking costs nothing here. Real accounts are never touched.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec

from core.accounts.roster import Roster
from core.accounts.service import AccountsService
from core.domain.accounts import Account, AccountState, Realm
from core.domain.failure import GatewayError
from core.domain.state import Event
from core.domain.streams import closing
from core.events import EventBus
from core.sandbox.paths import VERIFY_PATH


async def tend(bus: EventBus, roster: Roster, accounts: AccountsService, url: str, back_after: float) -> None:
    """Until cancelled. `url` is where the sandbox is; `back_after` seconds a verification takes."""
    async with asyncio.TaskGroup() as tasks, closing(bus.subscribe(0)) as happenings:
        async for batch in happenings:
            used: dict[str, None] = {}
            for event in batch:
                account = _sandboxed(roster, event)
                if account is None:
                    continue
                if event.topic == "request.finished":
                    used[account.id] = None
                elif event.facts.get("why") == AccountState.VERIFY.value:
                    _explain(bus, roster, account, url, back_after)
                    tasks.create_task(_bring_back(roster, accounts, account.id, back_after))
            for account_id in used:
                with suppress(GatewayError):
                    await accounts.refresh_quota(account_id)


def _sandboxed(roster: Roster, event: Event) -> Account | None:
    """The sandbox account that an event is about."""
    if event.topic not in ("request.finished", "account.changed"):
        return None
    account = roster.find(str(event.facts.get("account", "")))
    return account if account is not None and account.realm is Realm.SANDBOX else None


def _explain(bus: EventBus, roster: Roster, account: Account, url: str, back_after: float) -> None:
    note = (
        f"The sandbox plays an account that has to be verified. It comes back by itself after {back_after:g} "
        f"s; at once with: agtui accounts enable {account.email}. {url}{VERIFY_PATH}"
    )

    def explained(known: Account) -> Account:
        return msgspec.structs.replace(known, state_note=note)

    roster.change(account.id, explained)
    bus.publish("account.changed", account=account.id, why="note")


async def _bring_back(roster: Roster, accounts: AccountsService, account_id: str, after: float) -> None:
    await asyncio.sleep(after)
    account = roster.find(account_id)
    if account is not None and account.state is AccountState.VERIFY and account.enabled:
        with suppress(GatewayError):
            await accounts.enable(account_id, True)
