"""The calls of one generation: making one, keeping count, and remembering what came of each.

Knows nothing of accounts and their order: `walk` goes from endpoint to endpoint of one account,
`attempts` from account to account.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from core.domain.failure import Cause, Failure, GatewayError, Scope
from core.domain.streams import NO_ENDING, closing

from .upstreams import CONTENT, EMPTY, END, FAULT, NOTHING, Asked, AttemptLog, Upstreams

log = logging.getLogger("agtui.gateway")

T = TypeVar("T")

MOST_TRIES: Final = 8
"""Attempts of a generation in all, those included that sent nothing."""

UNSENT: Final = frozenset({Cause.CONNECT, Cause.INVALID_GRANT, Cause.CONFIG})


class Opened(Struct, Generic[T]):
    """A call that has given content: what has come, and the rest."""

    asked: Asked
    held: list[T]
    items: AsyncIterator[T]
    started: float
    first_ms: float
    ended: bool
    recorded: bool = False


class Calls(Generic[T]):
    """Makes the calls of one generation. `call` makes one upstream call, `weigh` says what an item counts

    as, `early` takes items before the commit point that need not wait for it (without it they are held
    back). `failure` is the latest one; `fallback` the first answer that was empty but whole; `failed`
    counts what failed by endpoint and `dead` holds the endpoints that could not be reached; `repairs` are
    the changes to the request that refusals have asked for.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        call: Callable[[Asked], AsyncIterator[T]],
        weigh: Callable[[T], int],
        early: Callable[[T], None] | None = None,
        deadline: float | None = None,
    ) -> None:
        self._up = upstreams
        self._call = call
        self._weigh = weigh
        self._early = early
        self._deadline = deadline
        self._most = upstreams.settings().attempts
        self._sent = 0
        self._retrying = False
        self._paid = 0
        self.log = AttemptLog(upstreams.clock)
        self.failure: Failure | None = None
        self.fallback: Opened[T] | None = None
        self.failed: dict[str, int] = {}
        self.dead: set[str] = set()
        self.repairs: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Calls that may still be sent."""
        return self._most - self._sent

    def may_call(self) -> bool:
        """Whether one more call may be made: by time, by number, and by the retry budget of all."""
        in_time = self._deadline is None or self._up.clock.monotonic() < self._deadline
        within = self.left > 0 and len(self.log.attempts) < MOST_TRIES
        return in_time and within and (not self._sent or self._may_retry())

    def repair(self, failure: Failure) -> bool:
        """Whether the same account should be asked once more, with the repair that `failure` names."""
        if not failure.repair or failure.repair in self.repairs:
            return False
        self.repairs = (*self.repairs, failure.repair)
        log.warning("the request was refused and is repaired (%s): %s", failure.repair, failure.detail)
        return True

    def _may_retry(self) -> bool:
        budget = self._up.budget
        return (self._retrying or budget.spare()) and budget.affords()

    def settle(self, answered: bool) -> None:
        """The search is over: its place among those that retry is free again, and retries that led to an
        answer cost nothing."""
        budget = self._up.budget
        if self._retrying:
            self._retrying = False
            budget.retrying -= 1
        if answered:
            budget.earn(self._paid)

    async def ask(self, asked: Asked) -> Opened[T] | Failure:
        """Make one call and read it up to its first content. From the second one that is sent on, the
        generation counts as retrying."""
        if self._sent:
            self._up.budget.pay()
            self._paid += 1
            if not self._retrying:
                self._retrying = True
                self._up.budget.retrying += 1
        found = await self._read(asked)
        if isinstance(found, Failure):
            self.failure = found
            if found.scope is Scope.ENDPOINT:
                self.failed[asked.endpoint] = self.failed.get(asked.endpoint, 0) + 1
        return found

    async def _read(self, asked: Asked) -> Opened[T] | Failure:
        started = self._up.clock.monotonic()
        items = self._call(asked)
        seen = NOTHING
        held: list[T] = []
        opened: Opened[T] | None = None
        try:
            async for item in items:
                seen |= self._weigh(item)
                if seen or self._early is None:
                    held.append(item)
                else:
                    self._early(item)
                if seen & CONTENT:
                    first = (self._up.clock.monotonic() - started) * 1000
                    opened = Opened(asked, held, items, started, first, bool(seen & END))
                    return opened
                if seen & END:
                    break
            failure = EMPTY if seen & END else NO_ENDING
        except GatewayError as error:
            failure = error.failure
        except asyncio.CancelledError:
            self.log.add(asked.candidate, asked.endpoint, started, "cancelled")
            raise
        except Exception as error:
            failure = fault(error)
        finally:
            if opened is None:
                await close(items)
        self._sent += failure.cause not in UNSENT
        self.log.add(asked.candidate, asked.endpoint, started, failure.cause, failure)
        if failure is EMPTY and self.fallback is None:
            self.fallback = Opened(asked, held, items, started, 0.0, True, True)
        return failure


def fault(error: Exception) -> Failure:
    """A provider broke its promise to raise nothing but GatewayError: say so where it can be found."""
    log.error("a provider failed in a way it should not", exc_info=error)
    return FAULT


async def close(items: AsyncIterator[T]) -> None:
    async with closing(items):
        pass
