"""What attempts are made with: the shared parts of the gateway, one call, and what its items count as."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from msgspec import Struct, structs

from core.config.settings import GatewaySettings
from core.domain.events import Batch, Finished, FinishReason, PartDelta, PartOpened
from core.domain.failure import Cause, Failure, Kind, Scope
from core.domain.plan import Attempt, Candidate
from core.domain.ports import Clock, Grant, Pool, Provider
from core.domain.requests import ChatRequest, ImageRequest

from .endpoints import BadEndpoints
from .retries import RetryBudget
from .signatures import Signatures
from .slots import Slots
from .tired import TiredEndpoints

LONGEST_QUEUE: Final = 30.0
"""Seconds that a generation waits for a place while every account is busy."""

EMPTY: Final = Failure(
    Kind.UPSTREAM,
    "The model answered with nothing. Ask again, or put it differently.",
    scope=Scope.ENDPOINT,
    cause=Cause.EMPTY,
)

FAULT: Final = Failure(
    Kind.INTERNAL,
    "The gateway has a fault in the way it reads this answer; the log has the details.",
)


R = TypeVar("R", ChatRequest, ImageRequest)

NOTHING: Final = 0
CONTENT: Final = 1
END: Final = 2
"""What an item of an upstream's answer counts as; bits, for an item may be both (numbers, because an enum's
arithmetic costs more than all the rest of a chunk)."""


_ANSWERS: Final = (FinishReason.LENGTH, FinishReason.CONTENT_FILTER)
"""Endings that say something even with nothing before them."""


def weigh_batch(batch: Batch) -> int:
    """Content is any part, a thought included; usage is not."""
    weight = NOTHING
    for event in batch:
        kind = type(event)
        if kind is PartDelta or kind is PartOpened:
            weight |= CONTENT
        elif isinstance(event, Finished):
            weight |= END | (CONTENT if event.reason in _ANSWERS else NOTHING)
    return weight


class Upstreams(Struct, frozen=True):
    """What every generation shares."""

    pool: Pool
    providers: Mapping[str, Provider]
    slots: Slots
    bad: BadEndpoints
    tired: TiredEndpoints
    budget: RetryBudget
    clock: Clock
    settings: Callable[[], GatewaySettings]
    signatures: Signatures
    queue_s: float = LONGEST_QUEUE

    def chat(self, request: ChatRequest, asked: Asked, trace: str) -> AsyncIterator[Batch]:
        """Ask for one answer to the request with the id `trace`."""
        sent = self.sent(request, asked)
        return asked.provider.chat(sent, asked.candidate.model, asked.granted(trace), asked.endpoint)

    def sent(self, request: ChatRequest, asked: Asked) -> ChatRequest:
        """The request as the provider gets it: repaired, and with the signatures its model wants to see."""
        return self.signatures.filled(asked.repaired(request), asked)


class Asked(Struct, frozen=True):
    """One call as it is about to be made, with the repairs that earlier refusals asked for."""

    candidate: Candidate
    provider: Provider
    grant: Grant
    endpoint: str
    repairs: tuple[str, ...] = ()

    def granted(self, trace: str) -> Grant:
        """The grant for a call that is made for the request with the id `trace`."""
        return structs.replace(self.grant, trace=trace)

    def repaired(self, request: R) -> R:
        return structs.replace(request, repairs=self.repairs) if self.repairs else request


class AttemptLog:
    """The attempts of one generation, with times counted from its beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self.attempts: list[Attempt] = []

    def add(
        self,
        candidate: Candidate,
        endpoint: str,
        started: float,
        outcome: str,
        failure: Failure | None = None,
        first_ms: float | None = None,
    ) -> None:
        """`started` is monotonic; `outcome` is `ok`, `cancelled` or a cause."""
        self.attempts.append(
            Attempt(
                candidate.account,
                candidate.email,
                endpoint,
                str(outcome),
                failure.status if failure else None,
                (started - self._began) * 1000,
                first_ms,
                (self._clock.monotonic() - started) * 1000,
                (failure.detail or failure.public_message) if failure else "",
            )
        )


def no_place(wait: float) -> Failure:
    """429: everybody who could answer was busy for as long as one may wait."""
    return Failure(
        Kind.RATE,
        f"Every account was busy for {wait:.0f} s. Ask again in a moment, or add an account.",
        scope=Scope.MODEL,
        cause=Cause.RATE,
        retry_after=5.0,
    )


JUST_FREE: Final = Failure(
    Kind.RATE,
    "Every account was at its limit a moment ago. Ask again.",
    scope=Scope.MODEL,
    cause=Cause.RATE,
    retry_after=1.0,
)
"""Nobody could be asked, but by the time that this is said somebody can."""


def never_unauthenticated(failure: Failure) -> Failure:
    """An upstream's 401 is about our account, never about the client's key."""
    if failure.kind is Kind.UNAUTHENTICATED:
        return structs.replace(failure, kind=Kind.UNAVAILABLE)
    return failure
