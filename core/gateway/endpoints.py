"""Endpoints that could not be reached: left alone for a while, for everybody."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.ports import Clock


class BadEndpoints:
    """Remembers unreachable endpoints for `rest` seconds, a setting that may change meanwhile."""

    def __init__(self, clock: Clock, rest: Callable[[], float]) -> None:
        self._clock = clock
        self._rest = rest
        self._since: dict[str, float] = {}

    def note(self, endpoint: str) -> None:
        self._since[endpoint] = self._clock.monotonic()

    def clear(self, endpoint: str) -> None:
        self._since.pop(endpoint, None)

    def usable(self, endpoints: tuple[str, ...]) -> tuple[str, ...]:
        """Those not known as bad, in order; all of them if every one is: then trying is all there is."""
        if not self._since:
            return endpoints
        since = self._clock.monotonic() - self._rest()
        good = tuple(one for one in endpoints if one not in self._since or self._since[one] <= since)
        return good or endpoints
