"""Projects: which one rides with an account's calls, discovered once and kept with the account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from core.domain.accounts import Account
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.ports import Clock, Project, Provider
from core.domain.secret import Secret

from .roster import Roster

AGAIN_S = 60.0  # a failed discovery answers for this long (upstream notes 2.5)


class _Refused(Struct, frozen=True):
    failure: Failure
    at: float


class Projects:
    """Discovers the project of an account that has none; one discovery at a time an account."""

    def __init__(self, roster: Roster, providers: Mapping[str, Provider], clock: Clock) -> None:
        self._roster = roster
        self._providers = providers
        self._clock = clock
        self._settled: set[str] = set()
        self._refused: dict[str, _Refused] = {}
        self._flights: dict[str, asyncio.Task[Account]] = {}

    async def ensure(self, account: Account, token: Secret) -> Account:
        """The account with its project. An upstream that knows no projects answers with an empty one.

        Raises GatewayError with scope account.
        """
        if account.effective_project or account.id in self._settled:
            return account
        refused = self._refused.get(account.id)
        if refused is not None and self._clock.monotonic() - refused.at < AGAIN_S:
            raise GatewayError(refused.failure)
        flight = self._flights.get(account.id)
        if flight is None:
            flight = asyncio.create_task(self._discover(account, token))
            self._flights[account.id] = flight
            flight.add_done_callback(lambda done: self._landed(account.id, done))
        return await asyncio.shield(flight)

    def forget(self, account_id: str) -> None:
        self._settled.discard(account_id)
        self._refused.pop(account_id, None)

    async def aclose(self) -> None:
        for flight in list(self._flights.values()):
            flight.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _landed(self, account_id: str, flight: asyncio.Task[Account]) -> None:
        self._flights.pop(account_id, None)
        if not flight.cancelled():
            flight.exception()  # seen, also when nobody waits any more

    async def _discover(self, account: Account, token: Secret) -> Account:
        try:
            project = await self._providers[account.provider].sign_in.project(account, token)
        except GatewayError as error:
            failure = error.failure
            if failure.cause is not Cause.CONFIG:
                failure = msgspec.structs.replace(failure, scope=Scope.ACCOUNT)
            self._refused[account.id] = _Refused(failure, self._clock.monotonic())
            raise GatewayError(failure) from None
        self._refused.pop(account.id, None)
        self._settled.add(account.id)
        found = self._roster.change(account.id, lambda known: with_project(known, project))
        if found is None:
            raise GatewayError.of(Kind.NOT_FOUND, "That account was removed meanwhile.", scope=Scope.ACCOUNT)
        return found


def with_project(account: Account, project: Project) -> Account:
    """The account with what was discovered; what is known stays where the answer is empty or says only
    what the user has chosen."""
    found = project.id if project.id != account.project else ""
    return msgspec.structs.replace(
        account, managed_project=found or account.managed_project, tier=project.tier or account.tier
    )
