"""Tokens that end while four processes are busy: each account is asked for a new one once."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from core.accounts.catalogue import Catalogues
from core.accounts.cooldowns import Cooldowns
from core.accounts.pool import AccountPool
from core.accounts.roster import Roster
from core.accounts.tokens import Tokens
from core.accounts.vault import Vault
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.secret import Secret
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.settings import AntigravitySettings
from core.transport.route import Transports

from .conftest import keep_accounts
from .figures import REFRESH_ACCOUNTS, REFRESH_PROCESSES, REFRESH_REQUESTS, REFRESHES
from .upstream import Upstream

HOUR = 3600.0


class Ahead(SystemClock):
    """The machine's clock, set forward when the hour is over."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> float:
        return super().now() + self.by

    def monotonic(self) -> float:
        return super().monotonic() + self.by


@pytest.mark.timeout(90)
async def test_tokens_that_end_under_load_are_refreshed_once_an_account(tmp_path: Path) -> None:
    assert await refreshes(tmp_path) == [REFRESHES * REFRESH_ACCOUNTS] * 2


async def refreshes(home: Path) -> list[int]:
    """Calls for a token at the first start of the processes, and when what they got has ended."""
    keep_accounts(home, REFRESH_ACCOUNTS)
    upstream = Upstream(token_s=0.05)
    address = await upstream.start()
    context = multiprocessing.get_context("spawn")
    begin, ready, again = (context.Barrier(REFRESH_PROCESSES + 1) for _ in range(3))
    children = [
        context.Process(target=busy_process, args=(home, address, begin, ready, again))
        for _ in range(REFRESH_PROCESSES)
    ]
    for child in children:
        child.start()
    await asyncio.to_thread(begin.wait, 60)
    await asyncio.to_thread(ready.wait, 60)
    first = upstream.refreshed
    await asyncio.to_thread(again.wait, 60)
    for child in children:
        await asyncio.to_thread(child.join)
    await upstream.stop()
    assert [child.exitcode for child in children] == [0] * REFRESH_PROCESSES
    return [first, upstream.refreshed - first]


def busy_process(home: Path, address: str, begin: Any, ready: Any, again: Any) -> None:
    """Its share of the requests at once, and the same when the tokens have ended."""
    asyncio.run(_busy(home, address, begin, ready, again))


async def _busy(home: Path, address: str, begin: Any, ready: Any, again: Any) -> None:
    paths, clock = Paths.at(home), Ahead()
    settings = AntigravitySettings(
        client_id="client-of-the-bar",
        client_secret=Secret("secret-of-the-bar"),
        endpoints=(address,),
        token_url=f"{address}/token",
    )
    transport = Transports()
    providers = {"antigravity": AntigravityProvider(lambda: settings, transport, clock)}
    roster = Roster(Vault(paths.accounts_file, clock))
    roster.load()
    tokens = Tokens(roster, providers, clock, paths.locks, paths.access_tokens)
    pool = AccountPool(
        roster, tokens, Cooldowns(clock), Catalogues(clock), providers, clock, lambda topic, **facts: None
    )
    share = REFRESH_REQUESTS // REFRESH_PROCESSES
    for barrier in (begin, again):
        await asyncio.to_thread(barrier.wait, 60)
        grants = await asyncio.gather(
            *(pool.grant(f"a{number % REFRESH_ACCOUNTS}") for number in range(share))
        )
        assert len({grant.token.reveal() for grant in grants}) == REFRESH_ACCOUNTS
        await pool.settle()
        if barrier is begin:
            await asyncio.to_thread(ready.wait, 60)
            clock.by += HOUR
    await pool.aclose()
    await roster.aclose()
    await transport.aclose()
