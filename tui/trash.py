"""Deleting with a way back: what `d` takes away in a list, `u` brings back, the last one first.

Not here: the trash itself, which the library keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

MOVED = "Moved to the trash. u brings it back."
BACK = "It is back."


class Trash:
    """Ids of what was deleted here. Deletions and restorations happen one by one, in the order asked for."""

    def __init__(
        self, delete: Callable[[str], Awaitable[object]], restore: Callable[[str], Awaitable[object]]
    ) -> None:
        self._delete, self._restore = delete, restore
        self._gone: list[str] = []
        self._one_at_a_time = asyncio.Lock()

    async def put(self, thing: str) -> bool:
        """Delete it; False when that was asked for before. Raises what `delete` does, and forgets it then."""
        if thing in self._gone:
            return False
        self._gone.append(thing)
        async with self._one_at_a_time:
            try:
                await self._delete(thing)
            except Exception:
                self._gone.remove(thing)
                raise
        return True

    async def bring_back(self) -> str:
        """Restore what was deleted last, and return its id; empty when there is nothing.

        What can't be restored is forgotten: asking again would fail again.
        """
        async with self._one_at_a_time:
            if not self._gone:
                return ""
            thing = self._gone.pop()
            await self._restore(thing)
            return thing
