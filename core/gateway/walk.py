"""Walking one account: its endpoints in turn, until one gives content or no other is worth a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from msgspec import structs

from core.domain.failure import Cause, Failure, GatewayError, Scope
from core.domain.plan import Candidate
from core.domain.ports import Grant

from .calls import Calls, Opened
from .fallthrough import Again, onward
from .upstreams import Asked, Upstreams

T = TypeVar("T")

REFUSALS: Final = frozenset({Cause.DENIED, Cause.MISSING})
"""Said by one endpoint it may be the endpoint; said by every one that was asked it is the account. One that
says it of what another answers may be of no use to anybody (endpoints.py)."""

WEARY: Final = frozenset({Cause.CAPACITY, Cause.SERVER})
"""The endpoint can't serve the model for the moment, whoever asks."""


class Walk(Generic[T]):
    """One account's turn. `others` says whether another account could be asked at once: then the last

    call is left to it, for an account that failed twice is likelier to fail again. `final` is set when
    nobody else need be asked, `provider_failed` when none of this provider.
    """

    def __init__(
        self, upstreams: Upstreams, calls: Calls[T], candidate: Candidate, others: Callable[[], bool]
    ) -> None:
        self._up = upstreams
        self._calls = calls
        self._candidate = candidate
        self._others = others
        self._said: list[Failure] = []
        self._refusing: list[str] = []
        self._renewed: set[str] = set()
        self.final = False
        self.provider_failed = False

    async def run(self) -> Opened[T] | None:
        """The call that gave content; None: this account gave none."""
        provider = self._up.providers.get(self._candidate.provider)
        grant = await self._grant() if provider is not None else None
        if provider is None or grant is None:
            return None
        for endpoint in self._in_order(provider.endpoints(grant.realm)):
            while endpoint not in self._calls.dead and self._worth_a_call():
                asked = Asked(self._candidate, provider, grant, endpoint, self._calls.repairs)
                found = await self._calls.ask(asked)
                if not isinstance(found, Failure):
                    self._up.bad.answered(endpoint, self._refusing)
                    self._up.tired.clear(endpoint, self._candidate.model)
                    return found
                if (what := onward(found).again) and what not in self._renewed:
                    self._renewed.add(what)
                    before, grant = grant, await self._renew(what, grant)
                    if grant is None:
                        return None
                    if what == "token" or grant != before:
                        continue
                if self._calls.repair(found):
                    continue
                if self._learn(endpoint, found):
                    return None
                break
        self._note_refusal()
        return None

    def _in_order(self, endpoints: tuple[str, ...]) -> list[str]:
        """Where this generation has not failed yet comes first: it may have been the endpoint."""
        usable = self._up.tired.last(self._up.bad.usable(endpoints), self._candidate.model)
        return sorted(usable, key=lambda one: self._calls.failed.get(one, 0))

    def _worth_a_call(self) -> bool:
        last_for_others = self._said and self._calls.left == 1 and self._others()
        return self._calls.may_call() and not last_for_others

    def _learn(self, endpoint: str, failure: Failure) -> bool:
        """Note a failure where it belongs; whether this account's other endpoints are not worth trying."""
        if failure.cause is Cause.CONNECT:
            self._calls.dead.add(endpoint)
            self._up.bad.note(endpoint)
        else:
            self._said.append(failure)
            if failure.cause in REFUSALS:
                self._refusing.append(endpoint)
            if failure.cause in WEARY:
                self._up.tired.note(endpoint, self._candidate.model)
        may = onward(failure)
        self.provider_failed = may.account == "elsewhere"
        self.final = may.account == "no"
        note(self._up, self._candidate, failure)
        return may.endpoint == "no" or (may.endpoint == "alone" and self._others())

    def _note_refusal(self) -> None:
        """An account that was refused wherever it asked rests with this model: others get its turn."""
        if self._said and all(failure.cause in REFUSALS for failure in self._said):
            note(self._up, self._candidate, structs.replace(self._said[-1], scope=Scope.ACCOUNT_MODEL))

    async def _renew(self, what: Again, grant: Grant) -> Grant | None:
        """The right to call with something else in it; the same where there is no other project."""
        if what == "token":
            return await self._grant(fresh=True)
        return await self._grant(without=grant.project)

    async def _grant(self, fresh: bool = False, without: str = "") -> Grant | None:
        started = self._up.clock.monotonic()
        try:
            return await self._up.pool.grant(self._candidate.account, fresh, without)
        except GatewayError as error:
            self._calls.failure = error.failure
            self.provider_failed = error.failure.scope is Scope.PROVIDER
            self._calls.log.add(self._candidate, "", started, error.failure.cause, error.failure)
            return None


def note(upstreams: Upstreams, candidate: Candidate, failure: Failure) -> None:
    """Tell the pool, unless the failure says nothing about accounts."""
    if failure.scope not in (Scope.REQUEST, Scope.KEY) and failure.cause is not Cause.EMPTY:
        upstreams.pool.note_failure(candidate.account, candidate.model, failure)
