"""Accounts in memory and on disk: what was said last is what stays."""

from __future__ import annotations

import asyncio
import threading

import pytest
from msgspec.structs import replace

from core.accounts.vault import Document

from .world import World


async def test_a_change_made_while_the_vault_is_read_again_is_not_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = await world.add("ada")
    read, has_read, go_on = world.vault.read, threading.Event(), threading.Event()

    def slowly() -> Document:
        document = read()
        has_read.set()
        go_on.wait(5)
        return document

    monkeypatch.setattr(world.vault, "read", slowly)
    reloading = asyncio.create_task(world.roster.reload())
    await asyncio.to_thread(has_read.wait, 5)
    world.roster.change(account, lambda one: replace(one, enabled=False))
    go_on.set()
    await reloading
    assert not world.roster.get(account).enabled
