"""Attempts: walking a plan, one upstream call an (account, endpoint), until one gives content.

The commit point is the first item that counts as content: before it a failure leads to the next endpoint
or account (whatever `Failure.scope` says is affected), after it never. Knows nothing of what is asked:
`call` makes the upstream call and `weigh` says what an item counts as.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from core.domain.failure import Cause, Failure, GatewayError, Scope
from core.domain.plan import Attempt, Candidate, Plan
from core.domain.ports import Grant
from core.domain.streams import NO_ENDING, closing

from .planner import busy
from .slots import Release
from .upstreams import CONTENT, EMPTY, END, FAULT, NOTHING, Asked, AttemptLog, Upstreams

log = logging.getLogger("agtui.gateway")

T = TypeVar("T")

MOST_TRIES: Final = 8
"""Attempts of a generation in all, those included that sent nothing."""

UNSENT: Final = frozenset({Cause.CONNECT, Cause.INVALID_GRANT, Cause.CONFIG})
FINAL_SCOPES: Final = frozenset({Scope.REQUEST, Scope.MODEL, Scope.KEY})


class _Open(Struct, Generic[T]):
    """A call that has given content: what has come, and the rest."""

    asked: Asked
    held: list[T]
    items: AsyncIterator[T]
    started: float
    first_ms: float
    ended: bool
    recorded: bool = False


class Search(Generic[T]):
    """One generation's search for an answer. `attempts` and `winner` may be read at any time.

    `replan` gives the plan as of now; `early` takes items before the commit point that need not wait
    for it (without it they are held back). `deadline` is monotonic seconds.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        replan: Callable[[], Plan],
        call: Callable[[Asked], AsyncIterator[T]],
        weigh: Callable[[T], int],
        early: Callable[[T], None] | None = None,
        deadline: float | None = None,
    ) -> None:
        self._up = upstreams
        self._replan = replan
        self._call = call
        self._weigh = weigh
        self._early = early
        self._deadline = deadline
        self._log = AttemptLog(upstreams.clock)
        self._calls = upstreams.settings().attempts
        self._tried: set[str] = set()
        self._dead: set[str] = set()
        self._broken_providers: set[str] = set()
        self._sent = 0
        self._stop = False
        self._release: Release | None = None
        self._fallback: _Open[T] | None = None
        self._opened: _Open[T] | None = None
        self.plan = replan()
        self.failure: Failure | None = None
        self.winner: Asked | None = None
        self.queued_out = False

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._log.attempts)

    @property
    def made(self) -> int:
        """How many attempts there were, the one that is still going on included."""
        return len(self._log.attempts) + bool(self._opened and not self._opened.recorded)

    async def run(self) -> AsyncIterator[T]:
        """The items of the answer. Raises GatewayError before the first one if every attempt failed;

        `failure` is None then if nobody was asked. Closing it closes the call.
        """
        opened: _Open[T] | None = None
        try:
            with self._up.budget.generation():
                opened = self._opened = await self._open()
                for item in opened.held:
                    yield item
                if not opened.ended:
                    async for item in opened.items:
                        if self._weigh(item) & END:
                            opened.ended = True
                        yield item
                if not opened.ended:
                    raise GatewayError(NO_ENDING)
                self._over(opened)
        except GatewayError as error:
            if opened is not None:
                self._over(opened, error.failure)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if opened is not None:
                self._over(opened)
            raise
        except Exception as error:
            failure = self._fault(error)
            if opened is not None:
                self._over(opened, failure)
            raise GatewayError(failure) from error
        finally:
            try:
                if opened is not None:
                    await self._close(opened.items)
            finally:
                self._give_back()

    def _over(self, opened: _Open[T], failure: Failure | None = None) -> None:
        """Write down how the call that gave content went: ok, failed later, or given up by the client."""
        if opened.recorded:
            return
        opened.recorded = True
        candidate = opened.asked.candidate
        outcome = failure.cause if failure else "ok" if opened.ended else "cancelled"
        self._log.add(candidate, opened.asked.endpoint, opened.started, outcome, failure, opened.first_ms)
        if failure is not None:
            self._note(candidate, failure)
        elif opened.ended:
            self._up.pool.note_success(candidate.account, candidate.model)

    async def _open(self) -> _Open[T]:
        """Go from account to account until one gives content."""
        retrying = False
        try:
            while not self._stop and self._may_call():
                place = await self._next_place()
                if place is None:
                    break
                candidate, self._release = place
                found = await self._try_account(candidate)
                if found is not None:
                    self.winner = found.asked
                    return found
                self._give_back()
                if not retrying:
                    if not self._up.budget.spare():
                        break
                    retrying = True
                    self._up.budget.retrying += 1
        finally:
            if retrying:
                self._up.budget.retrying -= 1
        if self._fallback is not None:
            self.winner = self._fallback.asked
            return self._fallback
        raise GatewayError(self.failure or EMPTY)

    async def _next_place(self) -> tuple[Candidate, Release] | None:
        """The best account that was not tried and has a place; waits while those left are only busy."""
        plan = self.plan if not self._tried else self._replan()
        while True:
            waiting = False
            for candidate in plan.candidates:
                if self._is_out(candidate):
                    continue
                release = self._up.slots.take(candidate.account, candidate.model)
                if release is not None:
                    self._tried.add(candidate.account)
                    return candidate, release
                waiting = True
            if not waiting:
                return None
            if not await self._up.slots.freed(self._patience()):
                self.queued_out = True
                return None
            plan = self._replan()

    def _is_out(self, candidate: Candidate) -> bool:
        return (
            candidate.account in self._tried
            or candidate.provider in self._broken_providers
            or bool(candidate.passed_over and not busy(candidate))
        )

    def _patience(self) -> float:
        if self._deadline is None:
            return self._up.queue_s
        return max(0.0, min(self._up.queue_s, self._deadline - self._up.clock.monotonic()))

    def _may_call(self) -> bool:
        in_time = self._deadline is None or self._up.clock.monotonic() < self._deadline
        return in_time and self._sent < self._calls and len(self._log.attempts) < MOST_TRIES

    async def _try_account(self, candidate: Candidate) -> _Open[T] | None:
        """Ask one account at each of its endpoints; None: go on to the next account (or stop)."""
        provider = self._up.providers.get(candidate.provider)
        grant = await self._grant(candidate) if provider is not None else None
        if provider is None or grant is None:
            return None
        refreshed = False
        for endpoint in self._up.bad.usable(provider.endpoints(grant.realm)):
            while endpoint not in self._dead and self._may_call():
                found = await self._ask(Asked(candidate, provider, grant, endpoint))
                if not isinstance(found, Failure):
                    self._up.bad.clear(endpoint)
                    return found
                self.failure = found
                if found.cause is not Cause.AUTH or refreshed:
                    if self._leaves_account(candidate, endpoint, found):
                        return None
                    break
                refreshed = True
                grant = await self._grant(candidate, fresh=True)
                if grant is None:
                    return None
        return None

    def _leaves_account(self, candidate: Candidate, endpoint: str, failure: Failure) -> bool:
        """Note a failure where it belongs; whether this account's other endpoints are not worth trying."""
        if failure.cause is Cause.CONNECT:
            self._dead.add(endpoint)
            self._up.bad.note(endpoint)
        elif failure.scope is Scope.PROVIDER:
            self._broken_providers.add(candidate.provider)
        self._note(candidate, failure)
        self._stop = failure.scope in FINAL_SCOPES
        return failure.scope is not Scope.ENDPOINT

    async def _grant(self, candidate: Candidate, fresh: bool = False) -> Grant | None:
        started = self._up.clock.monotonic()
        try:
            return await self._up.pool.grant(candidate.account, fresh)
        except GatewayError as error:
            self.failure = error.failure
            if error.failure.scope is Scope.PROVIDER:
                self._broken_providers.add(candidate.provider)
            self._log.add(candidate, "", started, error.failure.cause, error.failure)
            return None

    async def _ask(self, asked: Asked) -> _Open[T] | Failure:
        """Make one call and read it up to its first content."""
        started = self._up.clock.monotonic()
        items = self._call(asked)
        seen = NOTHING
        held: list[T] = []
        opened: _Open[T] | None = None
        try:
            async for item in items:
                seen |= self._weigh(item)
                if seen or self._early is None:
                    held.append(item)
                else:
                    self._early(item)
                if seen & CONTENT:
                    first = (self._up.clock.monotonic() - started) * 1000
                    opened = _Open(asked, held, items, started, first, bool(seen & END))
                    return opened
                if seen & END:
                    break
            failure = EMPTY if seen & END else NO_ENDING
        except GatewayError as error:
            failure = error.failure
        except asyncio.CancelledError:
            self._log.add(asked.candidate, asked.endpoint, started, "cancelled")
            raise
        except Exception as error:
            failure = self._fault(error)
        finally:
            if opened is None:
                await self._close(items)
        self._sent += failure.cause not in UNSENT
        self._log.add(asked.candidate, asked.endpoint, started, failure.cause, failure)
        if failure is EMPTY and self._fallback is None:
            self._fallback = _Open(asked, held, items, started, 0.0, True, True)
        return failure

    def _note(self, candidate: Candidate, failure: Failure) -> None:
        if failure.scope not in (Scope.REQUEST, Scope.KEY) and failure.cause is not Cause.EMPTY:
            self._up.pool.note_failure(candidate.account, candidate.model, failure)

    @staticmethod
    def _fault(error: Exception) -> Failure:
        """A provider broke its promise to raise nothing but GatewayError: say so where it can be found."""
        log.error("a provider failed in a way it should not", exc_info=error)
        return FAULT

    @staticmethod
    async def _close(items: AsyncIterator[T]) -> None:
        async with closing(items):
            pass

    def _give_back(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None
