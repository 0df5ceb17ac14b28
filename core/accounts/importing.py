"""Importing accounts from files, and exporting them: what it would do, and doing it.

Asks nobody upstream: imported tokens are stored as they are and proven at their first use.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from core.domain.accounts import (
    Account,
    AccountState,
    ExportReport,
    ImportReport,
    ImportRow,
    ImportStep,
    OAuth,
    Realm,
)
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock, Provider, Publish
from core.domain.secret import Secret
from core.storage.files import create_atomic, disk_work

from .exports import encode_export
from .import_files import Reading, read_path, shown
from .imports import Found
from .packed import placeholder
from .pool import AccountPool
from .roster import Roster

CHANGES = (ImportStep.ADD, ImportStep.REPLACE)


class Planned(Struct, frozen=True):
    """A row, and what is needed to do it: the entry, its realm, and the account it replaces."""

    row: ImportRow
    found: Found | None = None
    realm: Realm = Realm.REAL
    known: Account | None = None


def plan(
    reading: Reading,
    known: Sequence[Account],
    providers: Sequence[str],
    realm_of: Callable[[str], Realm],
) -> list[Planned]:
    """What importing `reading` would do beside the accounts that are `known`: a row for each entry.

    Entries of one e-mail are one account: the first that is in use counts, else the first.
    """
    emails = {found.refresh_token: found.email for found in reading.found if found.email}
    named = [_named(found, emails) for found in reading.found]
    chosen: dict[tuple[str, Realm, str], Found] = {}
    for found in sorted(named, key=lambda found: found.disabled):
        if found.refresh_token:
            chosen.setdefault(_identity(found, realm_of), found)
    here = _Here(known)
    planned: list[Planned] = []
    for found in named:
        identity = _identity(found, realm_of)
        same = here.find(found, identity) if found.refresh_token else None
        step = _step(found, same, chosen.get(identity) is found, providers)
        note = found.note
        if found.provider not in providers:
            note = "; ".join(filter(None, (note, f"there is no provider {shown(found.provider)}")))
        name = same.email if same is not None else found.email
        enabled = same.enabled if same is not None else not found.disabled
        row = ImportRow(name, found.file, found.source, step, note, enabled)
        planned.append(Planned(row, found, identity[1], same))
    for trouble in reading.troubles:
        planned.append(Planned(ImportRow("", trouble.file, "", ImportStep.UNREADABLE, trouble.why, False)))
    return planned


def _step(found: Found, same: Account | None, first: bool, providers: Sequence[str]) -> ImportStep:
    if not found.refresh_token or found.provider not in providers:
        return ImportStep.NO_TOKEN
    if not first:
        return ImportStep.TWICE
    if same is None:
        return ImportStep.ADD
    if _token(same) == found.refresh_token:
        return ImportStep.SAME
    return ImportStep.ENDED if same.state is AccountState.ENDED else ImportStep.REPLACE


class _Here:
    """The accounts that are known, by token and by e-mail."""

    def __init__(self, known: Sequence[Account]) -> None:
        self._by_token = {(each.provider, each.realm, _token(each)): each for each in known}
        self._by_email = {(each.provider, each.realm, each.email.casefold()): each for each in known}

    def find(self, found: Found, identity: tuple[str, Realm, str]) -> Account | None:
        same = self._by_token.get((found.provider, identity[1], found.refresh_token))
        return same if same is not None else self._by_email.get(identity)


def _identity(found: Found, realm_of: Callable[[str], Realm]) -> tuple[str, Realm, str]:
    """What makes two entries the same account: provider, realm and e-mail."""
    return found.provider, realm_of(found.refresh_token.reveal()), found.email.casefold()


def _token(account: Account) -> Secret | None:
    return account.credential.refresh_token if isinstance(account.credential, OAuth) else None


def _named(found: Found, emails: Mapping[Secret, str]) -> Found:
    """An entry without an e-mail gets the one that came with its token elsewhere, else a name that is
    always the same for the same token."""
    if found.email or not found.refresh_token:
        return found
    email = emails.get(found.refresh_token) or placeholder(found.refresh_token)
    return msgspec.structs.replace(found, email=email)


class Importing:
    """`permitted(realm, provider)` raises when an account of that kind may not be added yet; `storing`
    is held while accounts are stored, by whoever stores them."""

    def __init__(
        self,
        roster: Roster,
        pool: AccountPool,
        providers: Mapping[str, Provider],
        clock: Clock,
        publish: Publish,
        realm_of: Callable[[str], Realm],
        permitted: Callable[[Realm, str], Awaitable[None]],
        storing: asyncio.Lock,
    ) -> None:
        self._roster = roster
        self._pool = pool
        self._providers = providers
        self._clock = clock
        self._publish = publish
        self._realm_of = realm_of
        self._permitted = permitted
        self._storing = storing

    async def preview(self, path: str) -> tuple[ImportRow, ...]:
        reading = await asyncio.to_thread(read_path, _absolute(path))
        return tuple(planned.row for planned in self._plan(reading))

    async def run(self, path: str, emails: tuple[str, ...], replace: bool) -> ImportReport:
        """Raises GatewayError: bad_request when one of `emails` is not in the files, before anything is
        stored; forbidden with code ACKNOWLEDGEMENT_REQUIRED; what reading raises."""
        reading = await asyncio.to_thread(read_path, _absolute(path))
        async with self._storing:
            wanted = _only(self._plan(reading), emails)
            steps = CHANGES if replace else (ImportStep.ADD,)
            doing = [planned for planned in wanted if planned.row.step in steps]
            for realm, provider in {(each.realm, each.found.provider) for each in doing if each.found}:
                await self._permitted(realm, provider)
            accounts = [self._account(planned) for planned in doing]
            stored = await self._roster.put_all(accounts)
        done: dict[ImportStep, list[str]] = {step: [] for step in CHANGES}
        skipped = [planned.row for planned in wanted if planned.row.step not in steps]
        for planned, account in zip(doing, accounts, strict=True):
            if account.id in stored:
                done[planned.row.step].append(account.email)
                self._pool.reset(account.id)
            else:
                skipped.append(planned.row)  # removed while we read
        if stored:
            self._publish("account.changed", account="", why="imported")
        return ImportReport(tuple(done[ImportStep.ADD]), tuple(done[ImportStep.REPLACE]), tuple(skipped))

    async def export(self, path: str) -> ExportReport:
        """Raises GatewayError: bad_request when there is nothing to write or something is at `path`."""
        target = _absolute(path)
        accounts = [account for account in self._roster.all() if account.realm is Realm.REAL]
        carried = [account for account in accounts if isinstance(account.credential, OAuth)]
        if not carried:
            raise _bad("There is no account with a refresh token of your own to export.")
        content = encode_export(carried, self._clock.now())
        with disk_work(f"Writing {shown(str(target))}"):
            written = await asyncio.to_thread(create_atomic, target, content)
        if not written:
            raise _bad(f"{shown(str(target))} is there already; it was left as it is. Name another file.")
        return ExportReport(
            str(target),
            tuple(account.email for account in carried),
            tuple(account.email for account in accounts if account not in carried),
        )

    def _plan(self, reading: Reading) -> list[Planned]:
        return plan(reading, self._roster.all(), tuple(self._providers), self._realm_of)

    def _account(self, planned: Planned) -> Account:
        """The account to store: a replaced one keeps its identity, and what the file doesn't say."""
        found, known = planned.found, planned.known
        assert found is not None
        credential = OAuth(found.refresh_token, found.client)
        if known is not None:
            return msgspec.structs.replace(
                known,
                credential=credential,
                state=AccountState.READY,
                state_note="",
                project=found.project or known.project,
                managed_project=found.managed_project or known.managed_project,
            )
        return Account(
            id=uuid.uuid4().hex,
            provider=found.provider,
            email=planned.row.email,
            credential=credential,
            device=self._providers[found.provider].sign_in.new_device(),
            realm=planned.realm,
            enabled=not found.disabled,
            project=found.project,
            managed_project=found.managed_project,
            added_at=self._clock.now(),
        )


def _only(planned: list[Planned], emails: tuple[str, ...]) -> list[Planned]:
    if not emails:
        return planned
    names = {email.strip().casefold() for email in emails}
    missing = names - {each.row.email.casefold() for each in planned}
    if missing:
        raise _bad(
            f"The files hold no account {', '.join(sorted(map(shown, missing)))}. Nothing was imported."
        )
    return [each for each in planned if each.row.email.casefold() in names]


def _absolute(path: str) -> Path:
    chosen = Path(path)
    if not path or "\0" in path or not chosen.is_absolute():
        raise _bad("An absolute path of a file or directory is expected.")
    return chosen


def _bad(words: str) -> GatewayError:
    return GatewayError.of(Kind.BAD_REQUEST, words, params={"param": "path"})
