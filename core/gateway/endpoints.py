"""Endpoints that could not be reached: left alone for a while, for everybody."""

from __future__ import annotations

from core.domain.ports import Clock


class BadEndpoints:
    """Remembers unreachable endpoints for `rest` seconds."""

    def __init__(self, clock: Clock, rest: float) -> None:
        self._clock = clock
        self._rest = rest
        self._until: dict[str, float] = {}

    def note(self, endpoint: str) -> None:
        self._until[endpoint] = self._clock.monotonic() + self._rest

    def clear(self, endpoint: str) -> None:
        self._until.pop(endpoint, None)

    def usable(self, endpoints: tuple[str, ...]) -> tuple[str, ...]:
        """Those not known as bad, in order; all of them if every one is: then trying is all there is."""
        now = self._clock.monotonic()
        good = tuple(endpoint for endpoint in endpoints if self._until.get(endpoint, 0.0) <= now)
        return good or endpoints
