"""The pool: the accounts as the gateway uses them. Implements `ports.Pool`.

Choosing among them is the planner's business; this says who is there, hands out grants, counts calls in
flight and turns failures into cooldowns and states.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal

import msgspec

from core.domain.accounts import Account, AccountState, AccountView, Realm
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.ports import Clock, Grant, PoolEntry, PoolView, Provider, Publish

from .catalogue import Catalogues, fractions, offered, quotas, sharing
from .cooldowns import Cooldowns
from .projects import Projects
from .roster import Roster
from .standing import REMOVED, STATE_OF, refusal, why_not
from .tokens import Tokens

SandboxMode = Literal["off", "auto", "on"]

_log = logging.getLogger("agtui.accounts")


class AccountPool:
    """Accounts in use. `per_account` is how many calls one account may have in flight.

    Sandbox mode `on`: only sandbox accounts are in the pool; `auto`: they are in it while there is no
    real account that is switched on; `off`: never. Publishes `account.changed` with `account` and `why`.
    """

    def __init__(
        self,
        roster: Roster,
        tokens: Tokens,
        cooldowns: Cooldowns,
        catalogues: Catalogues,
        providers: Mapping[str, Provider],
        clock: Clock,
        publish: Publish,
        per_account: Callable[[], int] = lambda: 4,
        sandbox: SandboxMode = "off",
    ) -> None:
        self.sandbox: SandboxMode = sandbox
        self._roster = roster
        self._tokens = tokens
        self._cooldowns = cooldowns
        self._catalogues = catalogues
        self._providers = providers
        self._clock = clock
        self._publish = publish
        self._per_account = per_account
        self._projects = Projects(roster, providers, clock)
        self._in_flight: dict[str, int] = {}
        self._last_used: dict[str, tuple[float, float]] = {}  # unix and monotonic seconds
        self._last_error: dict[str, str] = {}
        self._background: set[asyncio.Task[None]] = set()

    # --- who is there --------------------------------------------------------------------------

    @property
    def realm(self) -> Realm:
        """The realm whose accounts are in the pool."""
        match self.sandbox:
            case "on":
                return Realm.SANDBOX
            case "off":
                return Realm.REAL
            case "auto":
                real = any(known.enabled and known.realm is Realm.REAL for known in self._roster.all())
                return Realm.REAL if real else Realm.SANDBOX

    def members(self) -> list[Account]:
        """The accounts in the pool, usable or not."""
        realm = self.realm
        return [known for known in self._roster.all() if known.realm is realm]

    def view(self) -> PoolView:
        return PoolView(tuple(self._entry(account) for account in self.members()))

    def models(self) -> tuple[ModelInfo, ...]:
        now = self._clock.now()
        entries = [
            (provider, account.realm is Realm.SANDBOX, self._catalogues.get(account.id))
            for account in self.members()
            if not why_not(account) and (provider := self._providers.get(account.provider)) is not None
        ]
        return offered(entries, now)

    def show(self, account: Account) -> AccountView:
        """An account with what the pool knows of it, for people."""
        known = self._catalogues.get(account.id)
        return AccountView(
            id=account.id,
            provider=account.provider,
            email=account.email,
            realm=account.realm,
            enabled=account.enabled,
            state=account.state,
            state_note=account.state_note or self._projects.note(account),
            project=self._projects.of(account),
            tier=account.tier,
            added_at=account.added_at,
            quotas=quotas(known, self._clock.now()),
            quotas_at=known.at if known is not None else None,
            cooldowns=self._cooldowns.views(account.id),
            in_flight=self._in_flight.get(account.id, 0),
            last_used_at=self._last_used.get(account.id, (None, 0.0))[0],
            last_error=self._last_error.get(account.id, ""),
        )

    # --- using one -----------------------------------------------------------------------------

    async def grant(self, account: str, fresh: bool = False, without: str = "") -> Grant:
        """Raises GatewayError; a failure that concerns the account is noted before it is raised."""
        granted = await self._grant(account, fresh, without)
        if self._tokens.to_renew(account):
            self._later(self._renew(account))
        if self._catalogues.due(account):
            self._later(self._look(account))
        return granted

    def take(self, account: str, model: str) -> Callable[[], None] | None:
        taken = self._in_flight.get(account, 0)
        if taken >= self._per_account():
            return None
        self._in_flight[account] = taken + 1
        self._last_used[account] = self._clock.now(), self._clock.monotonic()
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._in_flight[account] -= 1

        return give_back

    def note_success(self, account: str, model: str) -> None:
        self._cooldowns.succeeded(account, model)
        self._last_error.pop(account, None)

    def note_failure(self, account: str, model: str, failure: Failure) -> None:
        known = self._roster.find(account)
        if known is None:
            return
        state = STATE_OF.get(failure.cause)
        if state is not None:
            self._change_state(known, state, failure)
            return
        if failure.scope not in (Scope.ACCOUNT, Scope.ACCOUNT_MODEL):
            return
        if failure.cause is Cause.AUTH:
            self._tokens.forget(account)
        self._last_error[account] = failure.public_message
        concerned = self._concerned(known, model, failure)
        if failure.cause is Cause.QUOTA and failure.retry_after:
            self._catalogues.used_up(account, model, self._clock.now() + failure.retry_after)
        if max([self._cooldowns.note(account, one, failure) for one in concerned]) > 0:
            self._publish("account.changed", account=account, why="cooldown")

    # --- catalogues ----------------------------------------------------------------------------

    async def look(self, account: str) -> None:
        """Fetch the live catalogue of an account, which is its quota too. Raises GatewayError."""
        provider = self._providers.get(self._roster.get(account).provider)
        if provider is None:
            raise GatewayError.of(Kind.UNAVAILABLE, "The provider of that account is not there.")
        try:
            try:
                known = await self._catalogues.fetch(account, provider, lambda: self._grant(account, False))
            except GatewayError as error:
                if error.failure.cause is not Cause.AUTH:
                    raise
                known = await self._catalogues.fetch(account, provider, lambda: self._grant(account, True))
        except GatewayError as error:
            self._last_error[account] = error.failure.public_message
            if error.failure.cause in STATE_OF:
                self.note_failure(account, "", error.failure)
            # No cooldown: that a list could not be read must not keep requests from an account.
            raise
        for model, fraction in fractions(known, self._clock.now()).items():
            if fraction is not None and fraction > 0:
                self._cooldowns.has_quota(account, model, known.asked)
        self._publish("account.changed", account=account, why="quota")

    async def learn(self, seconds: float) -> None:
        due = [one.id for one in self.members() if not why_not(one) and self._catalogues.due(one.id)]
        if due:
            await asyncio.wait([self._later(self._look(account)) for account in due], timeout=seconds)

    def look_later(self, account: str) -> None:
        """The same in the background; a failure shows as the account's last error."""
        self._later(self._look(account))

    def reset(self, account: str) -> None:
        """Forget cooldowns, tokens and errors of an account: its owner acted."""
        self._cooldowns.clear(account)
        self._tokens.forget(account)
        self._projects.forget(account)
        self._last_error.pop(account, None)

    def forget(self, account: str) -> None:
        """Forget everything of an account that is gone."""
        self.reset(account)
        self._catalogues.forget(account)
        self._last_used.pop(account, None)

    async def settle(self) -> None:
        """Wait until nothing is being fetched in the background."""
        while self._background:
            await asyncio.gather(*self._background)

    async def aclose(self) -> None:
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._catalogues.aclose()
        await self._projects.aclose()
        await self._tokens.aclose()

    # --- within --------------------------------------------------------------------------------

    def _entry(self, account: Account) -> PoolEntry:
        known = self._catalogues.get(account.id)
        return PoolEntry(
            account=account.id,
            email=account.email,
            provider=account.provider,
            realm=account.realm,
            usable=why_not(account),
            offers=known.offers if known is not None else None,
            resting=self._cooldowns.resting(account.id),
            why=self._cooldowns.why(account.id),
            in_flight=self._in_flight.get(account.id, 0),
            limit=self._per_account(),
            fractions=fractions(known, self._clock.now()),
            last_used=self._last_used.get(account.id, (0.0, 0.0))[1],
            aliases=known.catalogue.aliases if known is not None else {},
            retired=known.catalogue.retired if known is not None else {},
        )

    async def _grant(self, account: str, fresh: bool, without: str = "") -> Grant:
        try:
            token = await self._tokens.access(account, fresh)
            found = self._roster.find(account)
            if found is None:
                raise GatewayError(REMOVED)
            project = await self._projects.ensure(found, token, without)
        except GatewayError as error:
            self.note_failure(account, "", error.failure)
            raise
        return Grant(
            account=found.id,
            email=found.email,
            realm=found.realm,
            token=token,
            project=project,
            device=found.device,
        )

    def _concerned(self, account: Account, model: str, failure: Failure) -> tuple[str, ...]:
        """The models that a failure with `model` speaks of: a quota is shared by a family."""
        if failure.cause is not Cause.QUOTA or failure.scope is not Scope.ACCOUNT_MODEL:
            return (model,)
        known, provider = self._catalogues.get(account.id), self._providers.get(account.provider)
        if known is not None:
            return sharing(known.catalogue.models, model)
        return sharing(provider.models() if provider is not None else (), model)

    async def _renew(self, account: str) -> None:
        """A new token while the old one serves: that it can't be had yet is no fault of the account."""
        try:
            await self._tokens.renew(account)
        except GatewayError as error:
            if error.failure.cause in STATE_OF:
                self.note_failure(account, "", error.failure)
            _log.info("a token was not renewed yet: %s", error.failure.public_message)

    async def _look(self, account: str) -> None:
        try:
            await self.look(account)
        except GatewayError as error:
            _log.info("no catalogue for an account: %s", error.failure.public_message)

    def _later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _change_state(self, account: Account, state: AccountState, failure: Failure) -> None:
        # An account that was ended stays so, whatever a late answer says.
        if account.state in (state, AccountState.ENDED):
            return
        link = failure.params.get("url", "")
        note = " ".join(words for words in (failure.public_message, link) if words)

        def mark(known: Account) -> Account:
            return msgspec.structs.replace(known, state=state, state_note=note)

        marked = self._roster.change(account.id, mark) or mark(account)
        self._tokens.forget(account.id)
        self._last_error[account.id] = failure.public_message
        _log.warning("%s", refusal(marked).public_message)
        self._publish("account.changed", account=account.id, why=state.value)
