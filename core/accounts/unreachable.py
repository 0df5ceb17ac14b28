"""Hosts of sign-ins that could not be reached: left alone for a few seconds, for all of their accounts.

No account is to blame for them, so none of them rests.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from core.domain.accounts import Account, Realm
from core.domain.failure import Cause, Failure, GatewayError, Scope
from core.domain.ports import Clock

REST_S: Final = 5.0


class Unreachable:
    """Remembers for each provider and realm why its host could not be reached, for `REST_S` seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, Realm], tuple[float, Failure]] = {}

    def check(self, account: Account) -> None:
        """Raises the GatewayError of the last try while its host is left alone."""
        at, failure = self._since.get((account.provider, account.realm), (0.0, None))
        left = at + REST_S - self._clock.monotonic()
        if failure is not None and left > 0:
            raise GatewayError(structs.replace(failure, retry_after=left))

    def blame(self, account: Account, failure: Failure) -> Failure:
        """`failure` with the scope that it has for a sign-in: the host if that could not be reached, else
        the account, or what a missing setting concerns."""
        if failure.cause is Cause.CONNECT:
            failure = structs.replace(failure, scope=Scope.ENDPOINT, retry_after=REST_S)
            self._since[account.provider, account.realm] = (self._clock.monotonic(), failure)
        elif failure.cause is not Cause.CONFIG:
            failure = structs.replace(failure, scope=Scope.ACCOUNT)
        return failure
