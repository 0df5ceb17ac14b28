"""Places: how many calls an account has in flight, and a fair queue for who comes when all are taken."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Mapping
from itertools import count

from msgspec import Struct

from core.domain.ports import Pool

Release = Callable[[], None]


class _Waiter(Struct, eq=False):
    """A generation in the queue: the model it wants by account, and the place it will get."""

    ticket: int
    wants: Mapping[str, str]
    place: asyncio.Future[tuple[str, Release]]


class Slots:
    """Takes places from the pool. One that is given back goes to whoever of those who wait for that

    account came first, never past them to a newcomer. `ticket` numbers a generation when it comes: it
    keeps its turn however often it has to wait.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tickets = count()
        self._waiting: list[_Waiter] = []

    def ticket(self) -> int:
        return next(self._tickets)

    def take(self, account: str, model: str, ticket: int) -> Release | None:
        """A place, or None: all are taken, or somebody who came before waits for it. The returned function
        gives it back; calling it twice does nothing."""
        if self._waiting:
            self._hand_on(account, ticket)
        return self._take(account, model)

    async def wait(self, wants: Mapping[str, str], ticket: int, seconds: float) -> tuple[str, Release] | None:
        """The first place that comes free at one of the accounts of `wants` (account -> model); None after
        `seconds`."""
        waiter = _Waiter(ticket, wants, asyncio.get_running_loop().create_future())
        insort(self._waiting, waiter, key=lambda one: one.ticket)
        try:
            await asyncio.wait([waiter.place], timeout=seconds)
        except asyncio.CancelledError:
            if waiter.place.done():
                waiter.place.result()[1]()  # this one can't use its turn
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        return waiter.place.result() if waiter.place.done() else None

    def _take(self, account: str, model: str) -> Release | None:
        give_back = self._pool.take(account, model)
        if give_back is None:
            return None
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                give_back()
                self._hand_on(account)

        return release

    def _hand_on(self, account: str, before: int | None = None) -> None:
        """Give the free places of `account` to those who wait for it (who came before ticket `before`)."""
        for waiter in list(self._waiting):
            if account not in waiter.wants or (before is not None and waiter.ticket >= before):
                continue
            place = self._take(account, waiter.wants[account])
            if place is None:
                return
            self._waiting.remove(waiter)
            waiter.place.set_result((account, place))
