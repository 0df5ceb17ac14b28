"""A client that goes away cancels its work, unary or streaming; so does a server that has to stop.

ASGI tells of a disconnect only to who waits for it, which takes a task a request. Our own server's protocol
calls instead (`LEAVING`, an extension of the scope).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Literal

from .asgi import Leaving

Why = Literal["gone", "stopping"]


class InterruptedRequest(Exception):
    """The request is not to be worked on any more; `why` says who decided so."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Watch:
    """`async with Watch(leaving):` cancels its body when the client goes; raises InterruptedRequest then.

    Entered once the request's body has been read. Like `asyncio.timeout`, it tells its own cancellation
    from one that comes from outside.
    """

    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving
        self._task: asyncio.Task[object] | None = None
        self._why: Why | None = None

    async def __aenter__(self) -> Watch:
        if self._why is not None:
            raise InterruptedRequest(self._why)
        self._task = asyncio.current_task()
        self._leaving(self._gone)
        return self

    def _gone(self) -> None:
        self.interrupt("gone")

    def interrupt(self, why: Why) -> None:
        """Cancel the work; the first reason counts."""
        if self._why is None:
            self._why = why
            if self._task is not None:
                self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        self._leaving(None)
        if self._why is None or task is None or task.uncancel() > 0:
            return
        if kind is None or kind is asyncio.CancelledError:
            raise InterruptedRequest(self._why) from error
