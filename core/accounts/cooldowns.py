"""Cooldowns: which account may not be used for what, and until when.

Knows nothing of providers, HTTP or files: it is told failures and asked questions. Times are seconds on
a monotonic clock, so a clock change never frees or jails an account; `kept` and `restore` carry them over
a restart as wall-clock times, for a monotonic clock means nothing to the next process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from msgspec import Struct

from core.domain.accounts import Cooldown
from core.domain.failure import Cause, Failure, Scope
from core.domain.ports import Clock

WHOLE = ""  # in place of a model: the whole account

# Seconds of rest by consecutive failures when the upstream names no time (upstream notes 10.3).
SCHEDULE: dict[Cause, tuple[float, ...]] = {
    Cause.QUOTA: (60, 300, 1800, 7200),
    Cause.RATE: (30,),
    Cause.SOFT: (5, 15, 60),
    Cause.CAPACITY: (1, 2, 4, 8),
    Cause.AUTH: (60,),
    Cause.DENIED: (60,),
    Cause.MISSING: (300,),
    Cause.CONFIG: (60,),
    Cause.EMPTY: (5, 15, 60),
}
OTHER: tuple[float, ...] = (30,)

FLOOR_S = 1.0  # a shorter rest turns one refusal into a storm of them
GRACE_S = 0.5  # added to the upstream's own time: its clock and ours differ
LONGEST_S = 8 * 86400.0
MOST_MODELS = 200  # rests of one account
BURST_S = 2.0  # parallel calls that fail together are one failure
FORGET_S: dict[Cause, float] = {Cause.QUOTA: 3600.0}  # a failure this long over counts no more
FORGET_OTHERS_S = 120.0


class Rest(Struct):
    """One cooldown: `until` and `noted` are monotonic seconds; `told` when the upstream named the time.

    `failure` is the one that it lasts so long for, `count` how many of its cause came in a row.
    """

    until: float
    noted: float
    failure: Failure
    count: int
    told: bool

    @property
    def cause(self) -> Cause:
        return self.failure.cause


class KeptRest(Struct, frozen=True):
    """A rest as it survives the program: `until` and `noted` are unix seconds."""

    account: str
    model: str
    until: float
    noted: float
    failure: Failure
    count: int
    told: bool


class Cooldowns:
    """Remembers failures by account and model, and answers whether an account may be used.

    `changed` is called whenever a rest began, grew or was ended before its time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rests: dict[str, dict[str, Rest]] = {}
        self.changed: Callable[[], None] = _nobody_cares

    def note(self, account: str, model: str, failure: Failure) -> float:
        """Start or extend the rest that `failure` calls for; seconds of it, 0 when it calls for none.

        Only scopes `account` and `account_model` rest here. A time given by the upstream wins over our
        own schedule, however far away it is (at most 8 days), and is never shortened by a later failure
        that gives none.
        """
        match failure.scope:
            case Scope.ACCOUNT:
                model = WHOLE
            case Scope.ACCOUNT_MODEL:
                pass
            case _:
                return 0.0
        at = self._clock.monotonic()
        rests = self._rests.setdefault(account, {})
        before = rests.get(model)
        count = self._count(before, failure.cause, at)
        told = failure.retry_after is not None and failure.retry_after > 0
        if told:
            seconds = (failure.retry_after or 0.0) + GRACE_S
        else:
            steps = SCHEDULE.get(failure.cause, OTHER)
            seconds = steps[min(count, len(steps)) - 1]
        until = at + min(max(seconds, FLOOR_S), LONGEST_S)
        if before is not None and before.until > max(at, until):
            count = count if before.cause is failure.cause else before.count
            until, told, failure = before.until, before.told, before.failure
        rests[model] = Rest(until, at, failure, count, told)
        if len(rests) > MOST_MODELS:
            # Names of models come from clients: the rest that ends first goes.
            del rests[min(rests, key=lambda one: (rests[one].until, one == model))]
        self.changed()
        return until - at

    def resting(self, account: str) -> dict[str, float]:
        """Seconds left by model ("" for the whole account); empty: it may be used."""
        rests = self._rests.get(account)
        if not rests:
            return {}
        at = self._clock.monotonic()
        return {model: rest.until - at for model, rest in rests.items() if rest.until > at}

    def why(self, account: str) -> dict[str, Failure]:
        """What each of these rests is for."""
        rests = self._rests.get(account)
        if not rests:
            return {}
        at = self._clock.monotonic()
        return {model: rest.failure for model, rest in rests.items() if rest.until > at}

    def views(self, account: str) -> tuple[Cooldown, ...]:
        """The same for people, with wall-clock times."""
        at, now = self._clock.monotonic(), self._clock.now()
        rests = self._rests.get(account, {})
        return tuple(
            Cooldown(account, model, now + rest.until - at, rest.cause.value)
            for model, rest in sorted(rests.items())
            if rest.until > at
        )

    def succeeded(self, account: str, model: str) -> None:
        """A call worked: its failures count no more. A rest that runs goes on, for the call may have
        begun before it."""
        at = self._clock.monotonic()
        rests = self._rests.get(account, {})
        for key in (WHOLE, model):
            rest = rests.get(key)
            if rest is not None and rest.until <= at:
                del rests[key]

    def has_quota(self, account: str, model: str, asked: float) -> None:
        """The upstream says that quota is left: ends a quota rest whose length was our own guess.

        What it was `asked` (monotonic seconds) before the refusal says nothing of what came after.
        """
        rests = self._rests.get(account, {})
        rest = rests.get(model)
        if rest is not None and rest.cause is Cause.QUOTA and not rest.told and rest.noted < asked:
            del rests[model]
            self.changed()

    def clear(self, account: str) -> None:
        """Forget everything of an account: it was removed, signed in anew or switched on by its owner."""
        if self._rests.pop(account, None):
            self.changed()

    def kept(self) -> list[KeptRest]:
        """The rests that run, for the next process."""
        at, now = self._clock.monotonic(), self._clock.now()
        return [
            KeptRest(
                account,
                model,
                now + rest.until - at,
                now + rest.noted - at,
                rest.failure,
                rest.count,
                rest.told,
            )
            for account, rests in self._rests.items()
            for model, rest in rests.items()
            if rest.until > at
        ]

    def restore(self, kept: Iterable[KeptRest]) -> None:
        """Go on with the rests of the process before; those that are over are dropped."""
        at, now = self._clock.monotonic(), self._clock.now()
        for one in kept:
            left = one.until - now
            if not 0 < left < math.inf:
                continue
            noted = at - min(max(now - one.noted, 0.0), LONGEST_S)
            rest = Rest(at + min(left, LONGEST_S), noted, one.failure, one.count, one.told)
            self._rests.setdefault(one.account, {})[one.model] = rest

    def _count(self, before: Rest | None, cause: Cause, at: float) -> int:
        """How many failures of this cause in a row, this one included."""
        if before is None or before.cause is not cause:
            return 1
        if at - before.noted <= BURST_S:
            return before.count
        if at - before.until > FORGET_S.get(cause, FORGET_OTHERS_S):
            return 1
        return before.count + 1


def _nobody_cares() -> None:
    return
