"""The keys of our own door: what is kept of a client's key, and what its holder may do."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from .failure import Failure, Kind

LOCAL = "local"
"""The name of the key that is made at the first start. It may do everything."""

WRONG = Failure(
    Kind.UNAUTHENTICATED,
    "Incorrect API key provided. `agtui keys show` prints the key of this gateway.",
)
"""The same for a key that is unknown, expired or revoked."""


class KeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ClientKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A named key that clients of the gateway present. Its text is kept nowhere.

    `sha256` is the digest of the text (hex), `hint` its last 4 characters. `models` are names, `*` standing
    for any text; empty: all of them. `rpm` is requests a minute and `tokens_per_day` input and output tokens
    a day of UTC; 0: no limit. Times are unix seconds; `expires_at` None: never.
    """

    name: str
    sha256: str
    hint: str
    created_at: float
    models: tuple[str, ...] = ()
    rpm: int = 0
    tokens_per_day: int = 0
    expires_at: float | None = None
    revoked_at: float | None = None

    def state(self, now: float) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.ACTIVE


class Allowance(Struct, frozen=True):
    """What is left of one limit. `reset` is seconds until all of it is back."""

    limit: int
    used: int
    reset: float

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class Standing(Struct, frozen=True):
    """How far a key's holder has got; None: no such limit, or not known yet."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


class KeyView(Struct, frozen=True):
    """A client's key as it may be shown. Fields are those of ClientKey."""

    name: str
    hint: str
    state: KeyState
    created_at: float
    models: tuple[str, ...] = ()
    rpm: int = 0
    tokens_per_day: int = 0
    expires_at: float | None = None
    revoked_at: float | None = None
    standing: Standing = Standing()
