"""Access tokens: refreshed in time, and once an account, however many want one.

Among tasks a refresh is shared. Among processes a file lock goes round: who gets it looks at the vault
(a refresh token that was replaced is not used again) and at what the last one was given, and asks the
upstream only if that is no good. Nothing of a token is ever logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import zlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from core.domain.accounts import Account, AccountState, ApiKey, Credential, OAuth, Realm
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import AccessToken, Clock, Provider, SignIn
from core.domain.secret import Secret
from core.storage.files import FileLock, ensure_dir

from .flights import Flights
from .roster import Roster
from .standing import REMOVED, refusal
from .token_files import TokenFiles
from .unreachable import Unreachable

DUE_S = 300.0  # a token is renewed when fewer seconds are left (upstream notes 1.5)
DUE_SHARE = 0.2  # of its lifetime, for tokens that live short
OVER_SHARE = (
    0.2  # of that time: until then it serves while it is being renewed, from then on nobody trusts it
)
AGAIN_S = 30.0  # after a renewal that failed, the next one has time while the token still serves
JUST_NOW_S = 10.0  # a forced refresh this young answers the 401s of calls that ran beside the first
LOCK_WAIT_S = 60.0
_STRIPES = 16


class _Live(Struct, frozen=True):
    """A token with its end on both clocks: neither a jump of the wall clock nor a suspended machine
    may make an old token look good. `due` is how many seconds before its end it is to be renewed."""

    token: Secret
    ends_at: float
    ends: float
    due: float
    got: float
    forced: bool


class Tokens:
    """Gives live access tokens of accounts. `locks` is the directory for the locks among processes, `kept`
    that for the tokens they share."""

    def __init__(
        self, roster: Roster, providers: Mapping[str, Provider], clock: Clock, locks: Path, kept: Path
    ) -> None:
        self._roster = roster
        self._providers = providers
        self._clock = clock
        self._locks = locks
        self._files = TokenFiles(kept)
        self._live: dict[str, _Live] = {}
        self._refused: dict[str, Secret] = {}
        self._tried: dict[str, float] = {}
        self._flights: Flights[Secret] = Flights()
        self._unreachable = Unreachable(clock)

    async def access(self, account_id: str, fresh: bool = False) -> Secret:
        """A token that is good for a while; `fresh` after the upstream refused the one we had.

        Raises GatewayError with scope account: cause `invalid_grant` (at once and without asking the
        upstream when that is known), or what the sign-in says; with scope endpoint and cause `connect`
        when its host can't be reached (nobody asks it again for a few seconds).
        """
        account = self._usable(account_id)
        if isinstance(account.credential, ApiKey):
            return account.credential.key
        live = self._live.get(account_id)
        if live is not None and self._good(live, fresh):
            return live.token
        if live is not None and fresh:
            self._refused[account_id] = live.token
        self._unreachable.check(account)
        return await self._flights.join(account_id, lambda: self._refresh(account_id, fresh))

    def to_renew(self, account_id: str) -> bool:
        """Whether the caller is to `renew` the token: it serves, but not for long. Said to one caller in
        `AGAIN_S` seconds."""
        live = self._live.get(account_id)
        if live is None or self._left(live) > live.due:
            return False
        at = self._clock.monotonic()
        if at - self._tried.get(account_id, -math.inf) <= AGAIN_S:
            return False
        self._tried[account_id] = at
        return True

    async def renew(self, account_id: str) -> None:
        """Get a new token while the one that is there serves. Raises what `access` raises."""
        self._unreachable.check(self._usable(account_id))
        await self._flights.join(account_id, lambda: self._refresh(account_id, False))

    def keep(
        self, account_id: str, token: AccessToken, forced: bool = False, got_at: float | None = None
    ) -> Secret:
        """Remember a token that a sign-in has just given, or gave at `got_at` (unix seconds)."""
        now, at = self._clock.now(), self._clock.monotonic()
        left = token.expires_at - now
        left = left if math.isfinite(left) and left > 0 else 0.0
        due = _due(token.expires_at - (now if got_at is None else got_at))
        self._live[account_id] = _Live(token.token, now + left, at + left, due, at, forced)
        self._tried.pop(account_id, None)
        return token.token

    def forget(self, account_id: str) -> None:
        """Drop what is in memory of an account; the token that was there is not used again."""
        live = self._live.pop(account_id, None)
        if live is not None:
            self._refused[account_id] = live.token

    async def erase(self, account_id: str) -> None:
        """Drop everything of an account that is gone, on disk too."""
        self.forget(account_id)
        self._refused.pop(account_id, None)
        self._tried.pop(account_id, None)
        await asyncio.to_thread(self._files.erase, account_id)

    async def aclose(self) -> None:
        await self._flights.aclose()
        self._live.clear()

    def _good(self, live: _Live, fresh: bool) -> bool:
        if fresh and not (live.forced and self._clock.monotonic() - live.got < JUST_NOW_S):
            return False
        return self._left(live) > live.due * OVER_SHARE

    def _left(self, live: _Live) -> float:
        """Seconds until its end, by the clock that says less."""
        return min(live.ends - self._clock.monotonic(), live.ends_at - self._clock.now())

    async def _refresh(self, account_id: str, fresh: bool) -> Secret:
        account = self._usable(account_id)
        async with self._alone(account):
            if account.realm is Realm.REAL:
                await self._roster.reload()
                account = self._usable(account_id)
                if (given := await self._given(account)) is not None:
                    token, got_at = given
                    return self.keep(account_id, token, fresh, got_at)
            sign_in = self._sign_in(account)
            try:
                used, token = await self._ask(account, sign_in)
            except GatewayError as error:
                raise GatewayError(self._unreachable.blame(account, error.failure)) from None
            got_at = self._clock.now()
            await self._replace_refresh_token(account, used, token, sign_in)
            kept = self._roster.find(account_id)
            if kept is not None and kept.realm is Realm.REAL:
                await asyncio.to_thread(self._files.write, kept, token, got_at)
            return self.keep(account_id, token, fresh, got_at)

    async def _given(self, account: Account) -> tuple[AccessToken, float] | None:
        """A token that another process was given, good for a while and not the one that was refused."""
        given = await asyncio.to_thread(self._files.read, account)
        if given is None or given[0].token == self._refused.get(account.id):
            return None
        token, got_at = given
        now = self._clock.now()
        # Before it was given: a clock was set back, and its age is anybody's guess.
        sound = got_at <= now < token.expires_at - _due(token.expires_at - got_at)
        return given if sound else None

    async def _ask(self, account: Account, sign_in: SignIn) -> tuple[Credential, AccessToken]:
        """The credential that worked, and the token it gave."""
        try:
            return account.credential, await sign_in.refresh(account.credential, account.realm)
        except GatewayError as error:
            if error.failure.cause is not Cause.INVALID_GRANT or account.realm is not Realm.REAL:
                raise
            # Somebody else may have replaced the token meanwhile: the newer one wins.
            await self._roster.reload()
            newer = self._roster.find(account.id)
            if newer is None or newer.credential == account.credential:
                raise
            return newer.credential, await sign_in.refresh(newer.credential, newer.realm)

    async def _replace_refresh_token(
        self, account: Account, used: Credential, token: AccessToken, sign_in: SignIn
    ) -> None:
        """Keep the refresh token that came in place of `used`, on disk before it is relied on."""
        if token.refresh_token is None:
            return
        fresh = OAuth(token.refresh_token, sign_in.fingerprint(account.realm))

        def renew(known: Account) -> Account:
            # A sign-in that ended meanwhile has brought a newer one.
            if known.credential != used:
                return known
            return msgspec.structs.replace(known, credential=fresh)

        self._roster.change(account.id, renew)
        await self._roster.settle()

    def _usable(self, account_id: str) -> Account:
        account = self._roster.find(account_id)
        if account is not None and account.state is AccountState.READY:
            return account
        raise GatewayError(REMOVED if account is None else refusal(account))

    def _sign_in(self, account: Account) -> SignIn:
        provider = self._providers.get(account.provider)
        if provider is None:
            raise GatewayError.of(
                Kind.UNAVAILABLE,
                f"{account.email} belongs to {account.provider}, a provider that is not there.",
                scope=Scope.ACCOUNT,
                cause=Cause.CONFIG,
            )
        sign_in = provider.sign_in
        credential = account.credential
        if isinstance(credential, OAuth) and credential.client:
            ours = sign_in.fingerprint(account.realm)
            if ours != credential.client:
                raise GatewayError.of(
                    Kind.UNAVAILABLE,
                    f"{account.email} was signed in with another OAuth client id than the one that is set. "
                    "Set the former client id and secret again, or sign in again.",
                    scope=Scope.ACCOUNT,
                    cause=Cause.CONFIG,
                )
        return sign_in

    @contextlib.asynccontextmanager
    async def _alone(self, account: Account) -> AsyncGenerator[None]:
        """Hold the lock among processes; a sandbox account lives in this process only."""
        if account.realm is not Realm.REAL:
            yield
            return
        ensure_dir(self._locks)
        stripe = zlib.crc32(account.id.encode()) % _STRIPES
        lock = FileLock(self._locks / f"refresh-{stripe:02}.lock", self._clock)
        if not await lock.wait(LOCK_WAIT_S):
            raise GatewayError.of(
                Kind.UNAVAILABLE,
                f"Another process has been signing {account.email} in for too long. Try again.",
                scope=Scope.ACCOUNT,
                cause=Cause.SERVER,
            )
        try:
            yield
        finally:
            lock.release()


def _due(life: float) -> float:
    """How many seconds before its end a token that lives for `life` seconds is to be renewed."""
    return min(DUE_S, life * DUE_SHARE) if math.isfinite(life) and life > 0 else 0.0
