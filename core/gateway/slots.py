"""Places: how many calls an account has in flight, and a fair queue for who comes when all are taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from core.domain.ports import Pool

Release = Callable[[], None]


class Slots:
    """Takes places from the pool and wakes the longest-waiting generation when one is given back."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self, account: str, model: str) -> Release | None:
        """A place, or None. The returned function gives it back; calling it twice does nothing."""
        give_back = self._pool.take(account, model)
        if give_back is None:
            return None
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                give_back()
                self._wake()

        return release

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def freed(self, timeout: float) -> bool:
        """Wait until a place is given back; False after `timeout` seconds."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake()  # this one can't use its turn
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        return True
