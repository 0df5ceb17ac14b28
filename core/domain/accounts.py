"""Who may be used: accounts, their credentials, their quota, and why one rests."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from .secret import Secret


class Realm(StrEnum):
    """Where a credential is valid. A credential is bound to its realm and never leaves it."""

    REAL = "real"
    SANDBOX = "sandbox"


class AccountState(StrEnum):
    READY = "ready"
    NEEDS_LOGIN = "needs_login"  # the refresh token is refused: sign in again
    VERIFY = "verify"  # the upstream wants the person to confirm something
    ENDED = "ended"  # the upstream ended it (terms of service); never used again


class OAuth(Struct, frozen=True, tag="oauth"):
    """A refresh token and a fingerprint (12 hex of SHA-256) of the client id that issued it."""

    refresh_token: Secret
    client: str = ""


class ApiKey(Struct, frozen=True, tag="api_key"):
    key: Secret


class ServiceAccount(Struct, frozen=True, tag="service_account"):
    """A Google service-account key file, as JSON text."""

    json: Secret


class Command(Struct, frozen=True, tag="command"):
    """A local program that signs in by itself."""

    argv: tuple[str, ...]


Credential = OAuth | ApiKey | ServiceAccount | Command


class Device(Struct, frozen=True):
    """The one stable device identity of an account: made once, never rotated."""

    device_id: str
    quota_user: str
    platform: Literal["windows/amd64", "darwin/arm64", "darwin/amd64"] = "windows/amd64"


class Account(Struct, frozen=True):
    """One upstream identity. `project` is the user's own choice, `managed_project` what was discovered."""

    id: str
    provider: str
    email: str
    credential: Credential
    device: Device
    realm: Realm = Realm.REAL
    enabled: bool = True
    state: AccountState = AccountState.READY
    state_note: str = ""
    project: str = ""
    managed_project: str = ""
    tier: str = ""
    added_at: float = 0.0


class ModelQuota(Struct, frozen=True):
    """One model's own numbers in a quota window; the same units."""

    model: str
    fraction: float | None = None
    reset_at: float | None = None


class QuotaWindow(Struct, frozen=True):
    """What is left of something that resets. `fraction` 0..1, None: unknown; `reset_at` is unix seconds.

    `members` are the models that share it.
    """

    name: str
    fraction: float | None = None
    reset_at: float | None = None
    members: tuple[ModelQuota, ...] = ()


class Cooldown(Struct, frozen=True):
    """A rest. `model` is empty for the whole account; `until` is unix seconds, for people to read."""

    account: str
    model: str
    until: float
    cause: str


class AccountView(Struct, frozen=True):
    """An account as it may be shown: no credential in it. Times are unix seconds."""

    id: str
    provider: str
    email: str
    realm: Realm
    enabled: bool
    state: AccountState
    state_note: str = ""
    project: str = ""
    tier: str = ""
    added_at: float = 0.0
    quotas: tuple[QuotaWindow, ...] = ()
    quotas_at: float | None = None
    cooldowns: tuple[Cooldown, ...] = ()
    in_flight: int = 0
    last_used_at: float | None = None
    last_error: str = ""


class LoginState(StrEnum):
    """Where a sign-in stands. The last four are ends."""

    WAITING = "waiting"  # for the person, in a browser
    EXCHANGING = "exchanging"  # a code has come; the upstream is asked for the tokens
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in (LoginState.WAITING, LoginState.EXCHANGING)


class Login(Struct, frozen=True):
    """A sign-in that a person has to confirm at `url`, and what has become of it.

    `redirect_uri` is the loopback address that waits for the browser until `expires_at` (unix seconds).
    `error` says what went wrong; while the state is `waiting`, it is about a code that was refused, and
    another try is possible. `account` is there once the state is `done`.
    """

    id: str
    provider: str
    url: str
    redirect_uri: str
    expires_at: float
    state: LoginState = LoginState.WAITING
    error: str = ""
    account: AccountView | None = None


class ImportStep(StrEnum):
    """What importing one entry of a file does."""

    ADD = "add"
    REPLACE = "replace token"
    SAME = "skip: same token"
    NO_TOKEN = "skip: no token"
    TWICE = "skip: listed twice"
    ENDED = "skip: ended"  # the upstream ended the account that is here; a file doesn't revive it
    UNREADABLE = "skip: unreadable"  # a file, not an account


class ImportRow(Struct, frozen=True):
    """An entry of a file and what importing it would do, or why it was not done. No token in it.

    `file` is relative to the path that was named, `source` the program that wrote it; `enabled` whether
    the account is in use once imported.
    """

    email: str
    file: str
    source: str
    step: ImportStep
    note: str = ""
    enabled: bool = True


class ImportReport(Struct, frozen=True):
    """What an import did: e-mails, and the rows that changed nothing."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    skipped: tuple[ImportRow, ...] = ()


class ExportReport(Struct, frozen=True):
    """The file that was written, the e-mails in it, and those without a token that can be carried."""

    path: str
    accounts: tuple[str, ...]
    left_out: tuple[str, ...] = ()
