"""Endpoints that are of no use at the moment: left alone for a while, for everybody.

One could not be reached, or refused (403, 404) what another one then answered, without having answered
anything itself lately. Accounts are never marked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.domain.ports import Clock

UNREACHABLE = "could not be reached"
REFUSING = "refuses what others answer"


class BadEndpoints:
    """Remembers bad endpoints for `rest` seconds, a setting that may change meanwhile."""

    def __init__(self, clock: Clock, rest: Callable[[], float]) -> None:
        self._clock = clock
        self._rest = rest
        self._since: dict[str, tuple[float, str]] = {}
        self._answered: dict[str, float] = {}

    def note(self, endpoint: str) -> None:
        """It could not be reached."""
        self._since[endpoint] = self._clock.monotonic(), UNREACHABLE

    def answered(self, endpoint: str, refused: Iterable[str] = ()) -> None:
        """It gave content, for the very request that `refused` would not take."""
        now = self._clock.monotonic()
        self._since.pop(endpoint, None)
        self._answered[endpoint] = now
        for other in refused:
            # One that answers other requests lacks a model; that is no reason to pass it over for all.
            if other != endpoint and self._answered.get(other, float("-inf")) <= now - self._rest():
                self._since[other] = now, REFUSING

    def usable(self, endpoints: tuple[str, ...]) -> tuple[str, ...]:
        """Those not known as bad, in order; all of them if every one is: then trying is all there is."""
        if not self._since:
            return endpoints
        return tuple(one for one in endpoints if not self.left(one)) or endpoints

    def left(self, endpoint: str) -> float:
        """Seconds for which it is left alone; 0: it is not."""
        since, _ = self._since.get(endpoint, (float("-inf"), ""))
        return max(0.0, since + self._rest() - self._clock.monotonic())

    def why(self, endpoint: str) -> str:
        """Why it is left alone, in words that follow its name; empty: it is not."""
        return self._since[endpoint][1] if self.left(endpoint) else ""
