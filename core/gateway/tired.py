"""Tired endpoints: those that could not serve a model come last for it for some seconds, for everybody.

Without this each generation would find out by itself, and pay for it from the retry budget. No account is
to blame (upstream notes 10.3: capacity concerns host and model).
"""

from __future__ import annotations

from typing import Final

from core.domain.ports import Clock

TIRED_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds by failures in a row."""

FORGET_S: Final = 120.0
MOST: Final = 500


class TiredEndpoints:
    """Remembers endpoint and model; never leaves an endpoint out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tired: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, endpoint: str, model: str) -> None:
        """It failed at serving `model`."""
        at = self._clock.monotonic()
        until, count = self._tired.get((endpoint, model), (at, 0))
        if at < until:
            return  # calls that fail together are one failure
        count = count + 1 if at - until < FORGET_S else 1
        if len(self._tired) >= MOST:
            # Names of models come from clients.
            self._tired = {key: found for key, found in self._tired.items() if found[0] > at}
        self._tired[endpoint, model] = at + TIRED_S[min(count, len(TIRED_S)) - 1], count

    def clear(self, endpoint: str, model: str) -> None:
        """It works."""
        self._tired.pop((endpoint, model), None)

    def last(self, endpoints: tuple[str, ...], model: str) -> tuple[str, ...]:
        """The same endpoints, the tired ones behind the others."""
        if not self._tired:
            return endpoints
        at = self._clock.monotonic()
        return tuple(sorted(endpoints, key=lambda one: self._tired.get((one, model), (0.0, 0))[0] > at))
