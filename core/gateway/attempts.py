"""Attempts: from account to account of a plan, until one gives content.

The commit point is the first item that counts as content: before it a failure leads to the next endpoint
(`walk`) or account, whatever `Failure.scope` says is affected; after it never. Knows nothing of what is
asked: `call` makes the upstream call and `weigh` says what an item counts as.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from core.domain.failure import Failure, GatewayError
from core.domain.plan import Attempt, Candidate, Plan
from core.domain.streams import NO_ENDING

from .calls import Calls, Opened, close, fault
from .planner import busy
from .slots import Release
from .upstreams import EMPTY, END, Asked, Upstreams
from .walk import Walk, note

T = TypeVar("T")


class Search(Generic[T]):
    """One generation's search for an answer. `attempts` and `winner` may be read at any time.

    `replan` gives the plan as of now; `call`, `weigh` and `early` are those of `Calls`. `deadline` is
    monotonic seconds. `tried` are the accounts that were asked; `queued_out` says that the wait for a
    place at another one was too long.
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
        self._weigh = weigh
        self._deadline = deadline
        self._calls = Calls(upstreams, call, weigh, early, deadline)
        self._ticket = upstreams.slots.ticket()
        self._queue_ends: float | None = None
        self._broken_providers: set[str] = set()
        self._stop = False
        self._release: Release | None = None
        self._opened: Opened[T] | None = None
        self.plan = replan()
        self.tried: set[str] = set()
        self.winner: Asked | None = None
        self.queued_out = False
        self._queued = 0.0

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._calls.log.attempts)

    @property
    def failure(self) -> Failure | None:
        """The latest failure; None: nobody was asked, or the first one answered."""
        return self._calls.failure

    @property
    def made(self) -> int:
        """How many attempts there were, the one that is still going on included."""
        return len(self._calls.log.attempts) + bool(self._opened and not self._opened.recorded)

    @property
    def queue_ms(self) -> float:
        """What finding accounts with a free place has taken so far."""
        return self._queued * 1000

    @property
    def upstream_ms(self) -> float:
        """From the call that gives the answer to its first content; 0 while there is none."""
        return self._opened.first_ms if self._opened is not None else 0.0

    async def run(self) -> AsyncIterator[T]:
        """The items of the answer. Raises GatewayError before the first one if every attempt failed;

        `failure` is None then if nobody was asked. Closing it closes the call.
        """
        opened: Opened[T] | None = None
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
            failure = fault(error)
            if opened is not None:
                self._over(opened, failure)
            raise GatewayError(failure) from error
        finally:
            try:
                if opened is not None:
                    await close(opened.items)
            finally:
                self._give_back()

    def _over(self, opened: Opened[T], failure: Failure | None = None) -> None:
        """Write down how the call that gave content went: ok, failed later, or given up by the client."""
        if opened.recorded:
            return
        opened.recorded = True
        candidate = opened.asked.candidate
        outcome = failure.cause if failure else "ok" if opened.ended else "cancelled"
        self._calls.log.add(
            candidate, opened.asked.endpoint, opened.started, outcome, failure, opened.first_ms
        )
        if failure is not None:
            note(self._up, candidate, failure)
        elif opened.ended:
            self._up.pool.note_success(candidate.account, candidate.model)

    async def _open(self) -> Opened[T]:
        """Go from account to account until one gives content."""
        try:
            while not self._stop and self._calls.may_call():
                began = self._up.clock.monotonic()
                place = await self._next_place()
                self._queued += self._up.clock.monotonic() - began
                if place is None:
                    break
                candidate, self._release = place
                found = await self._walk(candidate)
                if found is not None:
                    self.winner = found.asked
                    return found
                self._give_back()
        finally:
            self._calls.settle(self.winner is not None)
        if self._calls.fallback is not None:
            self.winner = self._calls.fallback.asked
            return self._calls.fallback
        raise GatewayError(self.failure or EMPTY)

    async def _walk(self, candidate: Candidate) -> Opened[T] | None:
        walk = Walk(self._up, self._calls, candidate, self._another)
        found = await walk.run()
        self._stop = walk.final
        if walk.provider_failed:
            self._broken_providers.add(candidate.provider)
        return found

    def _another(self) -> bool:
        """Whether an account that was not tried could be asked at once."""
        return any(not self._is_out(one) and not one.passed_over for one in self._replan().candidates)

    async def _next_place(self) -> tuple[Candidate, Release] | None:
        """The best account that was not tried and has a place; waits while those left are only busy."""
        plan = self.plan if not self.tried else self._replan()
        while True:
            waited_for: dict[str, str] = {}
            for candidate in plan.candidates:
                if self._is_out(candidate):
                    continue
                release = self._up.slots.take(candidate.account, candidate.model, self._ticket)
                if release is not None:
                    self.tried.add(candidate.account)
                    return candidate, release
                waited_for[candidate.account] = candidate.model
            if not waited_for:
                return None
            place = await self._up.slots.wait(waited_for, self._ticket, self._patience())
            if place is None:
                self.queued_out = True
                return None
            plan = self._replan()
            if (candidate := self._still_good(plan, place[0])) is not None:
                self.tried.add(candidate.account)
                return candidate, place[1]
            place[1]()

    def _still_good(self, plan: Plan, account: str) -> Candidate | None:
        """The candidate whose place came free, unless it began to rest meanwhile."""
        return next(
            (one for one in plan.candidates if one.account == account and not self._is_out(one)), None
        )

    def _is_out(self, candidate: Candidate) -> bool:
        return (
            candidate.account in self.tried
            or candidate.provider in self._broken_providers
            or bool(candidate.passed_over and not busy(candidate))
        )

    def _patience(self) -> float:
        """Seconds left to wait for places; there is one end for all waits of a generation."""
        now = self._up.clock.monotonic()
        if self._queue_ends is None:
            ends = now + self._up.queue_s
            self._queue_ends = ends if self._deadline is None else min(ends, self._deadline)
        return max(0.0, self._queue_ends - now)

    def _give_back(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None
