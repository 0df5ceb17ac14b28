"""Named client keys: the file of their digests, making and revoking one, and finding the one presented.

The text of a key is given back once, by `create`, and kept nowhere. What a holder may do with it, and how
often, is `limits`' business.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from core import redact
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.keys import LOCAL, ClientKey, KeyState
from core.domain.ports import Clock
from core.domain.secret import Secret
from core.storage.files import (
    PRIVATE_FILE,
    disk_work,
    ensure_dir,
    quarantine,
    read_bytes,
    sweep_temporaries,
    write_atomic,
)

PREFIX: Final = "sk-agtui-"
VERSION: Final = 1
MOST: Final = 1000
MOST_REVOKED: Final = 100
"""Revoked keys that are remembered, so that a list can say what became of them."""
MOST_MODELS: Final = 100
LONGEST_MODEL: Final = 256
MOST_RPM: Final = 100_000
MOST_TOKENS: Final = 10**15

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    keys: tuple[ClientKey, ...] = ()


class _Version(Struct):
    version: int


class ClientKeys:
    """The client keys of one state directory, over a file with mode 0600.

    Only the owner of the directory makes one; `create` and `revoke` block on disk and may be called from
    any thread.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        """Reads nothing yet; `open` does."""
        self._file, self._clock = file, clock
        self._turn = threading.Lock()
        self._by_name: dict[str, ClientKey] = {}
        self._by_digest: dict[bytes, ClientKey] = {}
        self._masked: set[str] = set()
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices)

    def open(self) -> ClientKeys:
        """Read the file, if there is one (blocking). An unreadable one is kept aside: then no client's key
        works. Raises GatewayError for the file of a later version."""
        with disk_work(f"Reading {self._file}"):
            sweep_temporaries(self._file)
            content = read_bytes(self._file)
            if content is None:
                return self
            keys = _decode(content, self._file)
            if keys is None:
                aside = quarantine(self._file, self._clock)
                self._notices.append(
                    f"The file of client keys could not be read and is kept as {aside}. The keys in it are "
                    "refused: make them anew with `agtui keys create`."
                )
                return self
            self._file.chmod(PRIVATE_FILE)
        self._take(keys)
        return self

    def find(self, presented: str, digest: bytes) -> str | None:
        """The name of the working key that was presented, whose SHA-256 is `digest`.

        Looking a digest up tells nothing by its time: whoever could learn a digest has no text for it.
        """
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(digest, bytes.fromhex(key.sha256)):
            return None
        if key.state(self._clock.now()) is not KeyState.ACTIVE:
            return None
        if key.sha256 not in self._masked:
            self._mask(key, presented)
        return key.name

    def get(self, name: str) -> ClientKey | None:
        """The key called `name`, if it works."""
        key = self._by_name.get(name)
        return key if key is not None and key.state(self._clock.now()) is KeyState.ACTIVE else None

    def list(self) -> list[ClientKey]:
        """All of them, expired and revoked ones too, by name."""
        return sorted(self._by_name.values(), key=lambda key: key.name.lower())

    def create(
        self,
        name: str,
        models: tuple[str, ...] = (),
        rpm: int = 0,
        tokens_per_day: int = 0,
        expires_at: float | None = None,
    ) -> str:
        """Make a key; its text, which can't be had again (blocking). See ClientKey for the rules.

        Raises GatewayError(bad_request) for rules that make no sense and for a name that a working key has.
        """
        text, now = new_key(), self._clock.now()
        digest = hashlib.sha256(text.encode()).hexdigest()
        key = ClientKey(name, digest, text[-4:], now, models, rpm, tokens_per_day, expires_at)
        wrong = _fault(key)
        if not wrong and expires_at is not None and expires_at <= now:
            wrong = "A key has to expire in the future."
        with self._turn:
            if self.get(name) is not None:
                wrong = f"There is a key `{name}` already. Revoke it first, or choose another name."
            kept = {**self._by_name, name: key}
            if len(kept) - len(_revoked(kept.values())) > MOST:
                wrong = f"There are {MOST:,} client keys, the most there may be. Revoke those of no more use."
            if wrong:
                raise GatewayError.of(Kind.BAD_REQUEST, wrong)
            self._save(kept)
        self._mask(key, text)
        return text

    def revoke(self, name: str) -> ClientKey:
        """Make a key useless for ever, at once (blocking). One that is revoked already stays so.

        Raises GatewayError(not_found) for a name that no key has.
        """
        with self._turn:
            key = self._by_name.get(name)
            if key is None:
                raise GatewayError.of(
                    Kind.NOT_FOUND, f"There is no client key `{name:.80}`. `agtui keys list` shows them."
                )
            if key.revoked_at is None:
                key = structs.replace(key, revoked_at=self._clock.now())
                self._save({**self._by_name, name: key})
            return key

    def _save(self, keys: dict[str, ClientKey]) -> None:
        for old in _revoked(keys.values())[MOST_REVOKED:]:
            del keys[old.name]
        document = _Document(VERSION, tuple(keys.values()))
        ensure_dir(self._file.parent)
        with disk_work(f"Writing {self._file}"):
            write_atomic(self._file, msgspec.json.format(msgspec.json.encode(document), indent=2))
        self._take(document.keys)

    def _take(self, keys: Iterable[ClientKey]) -> None:
        """Each table is replaced whole: who looks meanwhile sees the old one or the new one."""
        self._by_name = {key.name: key for key in keys}
        self._by_digest = {
            bytes.fromhex(key.sha256): key for key in self._by_name.values() if key.revoked_at is None
        }

    def _mask(self, key: ClientKey, text: str) -> None:
        """Nothing in this process shows the text from here on, however it is encoded."""
        redact.register(Secret(text))
        self._masked.add(key.sha256)


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _revoked(keys: Iterable[ClientKey]) -> list[ClientKey]:
    """The revoked ones, newest first."""
    return sorted((key for key in keys if key.revoked_at is not None), key=lambda key: -(key.revoked_at or 0))


def _fault(key: ClientKey) -> str:
    """What is wrong with a key's rules, in words for who makes one; empty: nothing."""
    if not _NAME.fullmatch(key.name):
        return (
            "A key's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a "
            "letter or digit."
        )
    if key.name == LOCAL:
        return f"`{LOCAL}` is the name of the gateway's own key. Choose another one."
    if len(key.models) > MOST_MODELS:
        return f"A key may name {MOST_MODELS} models at most; use patterns like `gemini-3-*`."
    for model in key.models:
        if not model or len(model) > LONGEST_MODEL or not model.isprintable() or model != model.strip():
            return (
                "A model is named by 1 to 256 characters, `*` standing for any text, without blanks around."
            )
    if not 0 <= key.rpm <= MOST_RPM:
        return f"Requests a minute go from 1 to {MOST_RPM:,} (0: no limit)."
    if not 0 <= key.tokens_per_day <= MOST_TOKENS:
        return f"Tokens a day go from 1 to {MOST_TOKENS:,} (0: no limit)."
    return ""


def _decode(content: bytes, file: Path) -> tuple[ClientKey, ...] | None:
    """The keys of a file; None when it is none of ours: half a rule is no rule."""
    try:
        version = msgspec.json.decode(content, type=_Version).version
        if version <= VERSION:
            keys = msgspec.json.decode(content, type=_Document).keys
            sound = all(_DIGEST.fullmatch(key.sha256) and not _fault(key) for key in keys)
            unique = len({key.name for key in keys}) == len({key.sha256 for key in keys}) == len(keys)
            return keys if sound and unique and version == VERSION else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    raise GatewayError.of(
        Kind.UNAVAILABLE,
        f"{file} was written by a newer agtui (version {version}). Update agtui; the file was left as it is.",
        cause=Cause.CONFIG,
    )
