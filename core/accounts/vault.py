"""The accounts file: what of an account must survive, and how it survives.

Versioned JSON with mode 0600, replaced atomically; beside it a twin and the two generations before, each
a file of its own. Every change reads the file again under a lock that all processes share, so that two
writers end in some serial order and a delete wins over a save from stale memory. Knows nothing of tokens
in memory, cooldowns or upstreams.
"""

from __future__ import annotations

import contextlib
import logging
import stat
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from core.domain.accounts import Account, Realm
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Clock
from core.domain.secret import Secret
from core.storage.files import (
    FileLock,
    disk_work,
    ensure_dir,
    quarantine,
    read_bytes,
    sweep_temporaries,
    write_atomic,
)

_log = logging.getLogger("agtui.accounts")

VERSION = 1
COPIES = 3  # .1 is the twin of the file, .2 and .3 are the generations before
_TOMBSTONES = 1000


class Document(Struct, frozen=True):
    """The file. `generation` counts writes; `removed` are the ids of deleted accounts, newest last."""

    version: int = VERSION
    generation: int = 0
    acknowledged: str = ""
    accounts: tuple[Account, ...] = ()
    removed: tuple[str, ...] = ()

    def get(self, account_id: str) -> Account | None:
        return next((account for account in self.accounts if account.id == account_id), None)


class _Version(Struct):
    version: int


class Vault:
    """The accounts file of one state directory. Methods block on disk and may be called from any thread."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._lock_file = file.with_name(f"{file.name}.lock")
        self._turn = threading.Lock()
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What the person should know of this file; repeated at each start until the copies that were
        kept aside are gone."""
        aside = sorted(self._file.parent.glob(f"{self._file.name}.bad-*"))
        told = "\n".join(self._notices)
        old = [
            f"An accounts file that could not be read is kept as {path}. Delete it when you need it no more."
            for path in aside
            if str(path) not in told
        ]
        return (*self._notices, *old)

    def read(self) -> Document:
        """The file as it is. A broken or missing one is replaced by the newest copy that is good.

        Raises GatewayError, as every method, when a newer program wrote the file or the disk refuses.
        """
        with self._exclusive():
            return self._load()

    def put(self, account: Account) -> bool:
        """Add `account` or replace the one with its id; False when that id was removed."""
        return bool(self.put_all((account,)))

    def put_all(self, accounts: Sequence[Account]) -> frozenset[str]:
        """The same for many in one write, all or none; the ids that were not removed meanwhile."""
        if any(account.realm is not Realm.REAL for account in accounts):
            raise ValueError("the vault keeps real accounts only")
        stored: frozenset[str] = frozenset()

        def change(document: Document) -> Document | None:
            nonlocal stored
            removed = set(document.removed)
            fresh = {account.id: account for account in accounts if account.id not in removed}
            stored = frozenset(fresh)
            if not fresh:
                return None
            kept = [fresh.pop(known.id, known) for known in document.accounts]
            return msgspec.structs.replace(document, accounts=(*kept, *fresh.values()))

        self._update(change)
        return stored

    def change(self, account_id: str, edit: Callable[[Account], Account]) -> Account | None:
        """Replace an account by `edit` of what the file holds; None when it is not there (any more)."""

        def change(document: Document) -> Document | None:
            if document.get(account_id) is None:
                return None
            edited = (edit(known) if known.id == account_id else known for known in document.accounts)
            return msgspec.structs.replace(document, accounts=tuple(edited))

        document = self._update(change)
        return document.get(account_id) if document is not None else None

    def remove(self, account_id: str) -> bool:
        """Forget an account, in the copies too; False when it is not there."""

        def change(document: Document) -> Document | None:
            return _without(document, account_id) if document.get(account_id) is not None else None

        with self._exclusive():
            if self._apply(change) is None:
                return False
            for copy in self._copies():
                document = self._good(copy)
                if document is not None and document.get(account_id) is not None:
                    write_atomic(copy, _encode(_without(document, account_id)))
            return True

    def acknowledge(self, day: str) -> str:
        """Keep the day of the acknowledgement; an earlier one stays."""

        def change(document: Document) -> Document | None:
            return None if document.acknowledged else msgspec.structs.replace(document, acknowledged=day)

        with self._exclusive():
            return (self._apply(change) or self._load()).acknowledged

    # --- under the lock ------------------------------------------------------------------------

    @contextlib.contextmanager
    def _exclusive(self) -> Generator[None]:
        with self._turn:
            ensure_dir(self._file.parent)
            with disk_work(f"Reading or writing {self._file}"), FileLock(self._lock_file, self._clock):
                yield

    def _update(self, change: Callable[[Document], Document | None]) -> Document | None:
        with self._exclusive():
            return self._apply(change)

    def _apply(self, change: Callable[[Document], Document | None]) -> Document | None:
        before = self._load()
        after = change(before)
        if after is None:
            return None
        after = msgspec.structs.replace(after, version=VERSION, generation=before.generation + 1)
        content = _encode(after)
        self._keep(content)
        write_atomic(self._file, content)
        return after

    def _load(self) -> Document:
        sweep_temporaries(self._file)
        content = read_bytes(self._file)
        if content is None:
            return self._restore(None)
        self._close_to_others()
        document = _decode(content, self._file)
        return document if document is not None else self._restore(quarantine(self._file, self._clock))

    def _restore(self, aside: Path | None) -> Document:
        """Go on with the newest good copy, and say so. `aside` is where the broken file went."""
        good = [(copy, document) for copy in self._copies() if (document := self._good(copy)) is not None]
        newest = max(good, key=lambda found: found[1].generation, default=None)
        if newest is None:
            if aside is not None:
                self._say(
                    f"The accounts file could not be read and no copy of it is good. It is kept as {aside}; "
                    "add your accounts again."
                )
            return Document()
        copy, document = newest
        count = len(document.accounts)
        what = f"could not be read and is kept as {aside}" if aside is not None else "was missing"
        doubt = "" if copy == self._copies()[0] else " What was changed last may be lost."
        self._say(
            f"The accounts file {what}. Its copy {copy.name} was taken instead, with "
            f"{count} account{'' if count == 1 else 's'}.{doubt}"
        )
        write_atomic(self._file, _encode(document))
        return document

    def _good(self, copy: Path) -> Document | None:
        content = read_bytes(copy)
        return _decode(content, copy) if content is not None else None

    def _copies(self) -> list[Path]:
        return [self._file.with_name(f"{self._file.name}.{number}") for number in range(1, COPIES + 1)]

    def _keep(self, content: bytes) -> None:
        """Move every copy one place back and write the twin. The file itself is there all the time."""
        copies = self._copies()
        for newer, place in zip(reversed(copies[:-1]), reversed(copies[1:]), strict=True):
            if newer.exists():
                newer.replace(place)
        write_atomic(copies[0], content)

    def _close_to_others(self) -> None:
        mode = stat.S_IMODE(self._file.stat().st_mode)
        if mode & 0o077:
            self._file.chmod(0o600)
            self._say(
                f"The accounts file was open to other users (mode {mode:04o}); it is private now. If "
                "others use this machine, sign in again to get fresh tokens."
            )

    def _say(self, notice: str) -> None:
        self._notices.append(notice)
        _log.warning("%s", notice)


def _without(document: Document, account_id: str) -> Document:
    return msgspec.structs.replace(
        document,
        accounts=tuple(known for known in document.accounts if known.id != account_id),
        removed=(*document.removed, account_id)[-_TOMBSTONES:],
    )


def _encode(document: Document) -> bytes:
    """Credentials become text here and in an export only: `Secret` has no encoder anywhere else."""
    return msgspec.json.format(msgspec.json.encode(document, enc_hook=_reveal), indent=2)


def _decode(content: bytes, file: Path) -> Document | None:
    """None when the bytes make no sense as an accounts file."""
    try:
        version = msgspec.json.decode(content, type=_Version).version
        if version <= VERSION:
            return msgspec.json.decode(content, type=Document, dec_hook=_wrap)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The parser's words may quote a credential.
        return None
    raise GatewayError.of(
        Kind.UNAVAILABLE,
        f"{file} was written by a newer agtui (version {version}). Update agtui; the file was left as it is.",
        cause=Cause.CONFIG,
    )


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"{type(value).__name__} has no place in the accounts file")


def _wrap(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("a text is expected")
