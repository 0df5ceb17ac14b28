"""Projects: which one rides with an account's calls, discovered once and kept with the account."""

from __future__ import annotations

import logging
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

_log = logging.getLogger("agtui.accounts")

AGAIN_S = 60.0  # a failed discovery answers for this long (upstream notes 2.5)


class _Refused(Struct, frozen=True):
    failure: Failure
    at: float


class Projects:
    """Which project an account's calls name: its own, else the one of the settings, else what the upstream
    gave it. Discovers the last where none is known; one discovery at a time an account.

    A project that was refused is left alone until the owner of the account acts.
    """

    def __init__(self, roster: Roster, providers: Mapping[str, Provider], clock: Clock) -> None:
        self._roster = roster
        self._providers = providers
        self._clock = clock
        self._settled: set[str] = set()
        self._refused: dict[str, _Refused] = {}
        self._left: dict[str, set[str]] = {}
        self._flights: Flights[Account] = Flights()
        self._unreachable = Unreachable(clock)

    def of(self, account: Account) -> str:
        """The project in use; empty: none is known yet."""
        known = self._known(account)
        left = self._left.get(account.id, ())
        return next((one for one in known if one not in left), known[0] if known else "")

    def note(self, account: Account) -> str:
        """What the owner should know of it, in a sentence; mostly nothing."""
        chosen, used = self._known(account)[:1], self.of(account)
        if not chosen or chosen[0] == used:
            return ""
        return f"The upstream refuses the project {chosen[0]}; {used} is used instead."

    async def ensure(self, account: Account, token: Secret, without: str = "") -> str:
        """The project to name, discovered if need be; empty where an upstream knows no projects.

        `without` was refused: another one is looked for, and the same is given if there is none. Raises
        GatewayError with scope account; with scope endpoint when the host can't be reached.
        """
        if without:
            self._leave(account, without)
        known = self._known(account)
        if any(one not in self._left.get(account.id, ()) for one in known) or account.id in self._settled:
            return self.of(account)
        try:
            return self.of(await self._found(account, token))
        except GatewayError:
            if not known:
                raise
            return self.of(account)

    def forget(self, account_id: str) -> None:
        self._settled.discard(account_id)
        self._refused.pop(account_id, None)
        self._left.pop(account_id, None)

    async def aclose(self) -> None:
        await self._flights.aclose()

    def _known(self, account: Account) -> list[str]:
        provider = self._providers.get(account.provider)
        chosen = provider.sign_in.default_project(account.realm) if provider is not None else ""
        return [one for one in (account.project, chosen, account.managed_project) if one]

    def _leave(self, account: Account, project: str) -> None:
        self._settled.discard(account.id)
        left = self._left.setdefault(account.id, set())
        if project not in left:
            left.add(project)
            _log.warning("%s: the upstream refuses its project; another one is looked for.", account.email)

    async def _found(self, account: Account, token: Secret) -> Account:
        refused = self._refused.get(account.id)
        if refused is not None and self._clock.monotonic() - refused.at < AGAIN_S:
            raise GatewayError(refused.failure)
        self._unreachable.check(account)
        return await self._flights.join(account.id, lambda: self._discover(account, token))

    async def _discover(self, account: Account, token: Secret) -> Account:
        # A project that was refused is not named: what the upstream gives of itself is wanted.
        own = "" if account.project in self._left.get(account.id, ()) else account.project
        asked = msgspec.structs.replace(account, project=own)
        try:
            project = await self._providers[account.provider].sign_in.project(asked, token)
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
