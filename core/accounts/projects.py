"""Projects: which one rides with an account's calls, discovered once and kept with the account."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from core.domain.accounts import Account
from core.domain.failure import Cause, Failure, GatewayError
from core.domain.ports import Clock, Project, Provider
from core.domain.secret import Secret

from .flights import Flights
from .roster import Roster
from .standing import REMOVED
from .unreachable import Unreachable

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
        self._flights: Flights[Account] = Flights()
        self._unreachable = Unreachable(clock)

    async def ensure(self, account: Account, token: Secret) -> Account:
        """The account with its project. An upstream that knows no projects answers with an empty one.

        Raises GatewayError with scope account; with scope endpoint when the host can't be reached.
        """
        if account.effective_project or account.id in self._settled:
            return account
        refused = self._refused.get(account.id)
        if refused is not None and self._clock.monotonic() - refused.at < AGAIN_S:
            raise GatewayError(refused.failure)
        self._unreachable.check(account)
        return await self._flights.join(account.id, lambda: self._discover(account, token))

    def forget(self, account_id: str) -> None:
        self._settled.discard(account_id)
        self._refused.pop(account_id, None)

    async def aclose(self) -> None:
        await self._flights.aclose()

    async def _discover(self, account: Account, token: Secret) -> Account:
        try:
            project = await self._providers[account.provider].sign_in.project(account, token)
        except GatewayError as error:
            failure = self._unreachable.blame(account, error.failure)
            if failure.cause is not Cause.CONNECT:
                self._refused[account.id] = _Refused(failure, self._clock.monotonic())
            raise GatewayError(failure) from None
        self._refused.pop(account.id, None)
        self._settled.add(account.id)
        found = self._roster.change(account.id, lambda known: with_project(known, project))
        if found is None:
            raise GatewayError(REMOVED)
        return found


def with_project(account: Account, project: Project) -> Account:
    """The account with what was discovered; what is known stays where the answer is empty or says only
    what the user has chosen."""
    found = project.id if project.id != account.project else ""
    return msgspec.structs.replace(
        account, managed_project=found or account.managed_project, tier=project.tier or account.tier
    )
