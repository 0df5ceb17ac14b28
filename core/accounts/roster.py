"""The accounts in memory: those of the vault and those of the sandbox, by id.

A change shows at once and reaches the disk in order, off the loop. Sandbox accounts never reach it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from core import redact
from core.domain.accounts import Account, ApiKey, OAuth, Realm, ServiceAccount
from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret

from .vault import Document, Vault

_log = logging.getLogger("agtui.accounts")
Result = TypeVar("Result")


class Roster:
    """Who is known. One thread writes, so that what was said last is what stays."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._accounts: dict[str, Account] = {}
        self._acknowledged = ""
        self._edits = 0
        self._writer: ThreadPoolExecutor | None = None
        self._last: Future[object] | None = None

    @property
    def acknowledged(self) -> str:
        return self._acknowledged

    @property
    def notices(self) -> tuple[str, ...]:
        return self._vault.notices

    def load(self) -> None:
        """Read the vault (blocking); for the start of the program."""
        self._adopt(self._vault.read())

    async def reload(self) -> None:
        """Read the vault again: another process may have written it."""
        while True:
            edits = self._edits
            document = await self._on_disk(self._vault.read)
            if edits == self._edits:
                # Nothing was changed in memory while the file was read.
                return self._adopt(document)

    def all(self) -> list[Account]:
        """In the order in which they were added."""
        return list(self._accounts.values())

    def find(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def is_real(self, account_id: str) -> bool:
        """Whether an account is known and its traces may reach the disk."""
        account = self._accounts.get(account_id)
        return account is not None and account.realm is Realm.REAL

    def get(self, account_id: str) -> Account:
        """Raises GatewayError(not_found)."""
        account = self._accounts.get(account_id)
        if account is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"No account has the id {account_id}.")
        return account

    async def put(self, account: Account) -> None:
        """Add or replace, and wait until it is on disk. Raises GatewayError when it was removed meanwhile."""
        _never_show((account,))
        if account.realm is Realm.REAL and not await self._on_disk(lambda: self._vault.put(account)):
            raise GatewayError.of(Kind.NOT_FOUND, "That account was removed meanwhile.")
        self._accounts[account.id] = account

    async def put_all(self, accounts: Sequence[Account]) -> frozenset[str]:
        """The same for many in one write; the ids of those that were not removed meanwhile."""
        _never_show(accounts)
        real = [account for account in accounts if account.realm is Realm.REAL]
        stored = await self._on_disk(lambda: self._vault.put_all(real)) if real else frozenset[str]()
        for account in accounts:
            if account.realm is not Realm.REAL or account.id in stored:
                self._accounts[account.id] = account
        return stored | {account.id for account in accounts if account.realm is not Realm.REAL}

    def change(self, account_id: str, edit: Callable[[Account], Account]) -> Account | None:
        """Change an account at once, the disk follows; None when it is gone. `edit` may run twice."""
        account = self._accounts.get(account_id)
        if account is None:
            return None
        self._accounts[account_id] = edited = edit(account)
        if edited.credential is not account.credential:
            _never_show((edited,))
        if edited.realm is Realm.REAL:
            self._edits += 1
            self._submit(lambda: self._vault.change(account_id, edit))
        return edited

    async def remove(self, account_id: str) -> Account | None:
        """Forget an account, on disk too; None when there is none."""
        account = self._accounts.get(account_id)
        if account is None:
            return None
        if account.realm is Realm.REAL:
            await self._on_disk(lambda: self._vault.remove(account_id))
        self._accounts.pop(account_id, None)
        return account

    async def acknowledge(self, day: str) -> str:
        self._acknowledged = await self._on_disk(lambda: self._vault.acknowledge(day))
        return self._acknowledged

    async def settle(self) -> None:
        """Wait until every change is on disk."""
        if self._last is not None:
            await asyncio.wrap_future(self._last)

    async def aclose(self) -> None:
        await self.settle()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown(wait=True)

    def _adopt(self, document: Document) -> None:
        sandbox = {known.id: known for known in self.all() if known.realm is Realm.SANDBOX}
        _never_show(document.accounts)
        self._acknowledged = document.acknowledged
        self._accounts = {account.id: account for account in document.accounts} | sandbox

    async def _on_disk(self, work: Callable[[], Result]) -> Result:
        return await asyncio.wrap_future(self._start(work))

    def _submit(self, work: Callable[[], object]) -> None:
        def careful() -> object:
            try:
                return work()
            except GatewayError as error:
                # Memory goes on with the change.
                _log.error("an account's change was not kept: %s", error.failure.public_message)
                return None

        self._last = self._start(careful)

    def _start(self, work: Callable[[], Result]) -> Future[Result]:
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="agtui-vault")
        return self._writer.submit(work)


def _never_show(accounts: Sequence[Account]) -> None:
    """Have credentials masked wherever they may turn up; the sandbox's are public."""
    redact.register(*(secret for account in accounts for secret in _secrets(account)))


def _secrets(account: Account) -> tuple[Secret, ...]:
    match account.credential:
        case OAuth(refresh_token=secret) | ApiKey(key=secret) | ServiceAccount(json=secret):
            return (secret,) if account.realm is Realm.REAL else ()
        case _:
            return ()
