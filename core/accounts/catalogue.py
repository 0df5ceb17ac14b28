"""Live catalogues: which models an account may use and what is left of its quota.

Fetched on demand only (a request, a sign-in, somebody who looks), never while idle. Failing to fetch one
keeps the old one for a day.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from msgspec import Struct

from core.domain.accounts import ModelQuota, QuotaWindow
from core.domain.failure import GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.ports import Catalogue, Clock, Grant, Provider

from .flights import Flights

FRESH_S = 600.0
STALE_S = 86400.0
AGAIN_S = 60.0  # after a failure, a request does not make us ask again before


class Known(Struct, frozen=True):
    """A catalogue and when it came: `at` in unix seconds, `got` monotonic, as `asked`, when it was asked for.

    `offers` and `left` (what is left by model or quota window) are read for every request, so they are
    made once; they hold until `resets_at`, the first reset (unix seconds).
    """

    catalogue: Catalogue
    at: float
    got: float
    asked: float
    offers: frozenset[str]
    left: dict[str, float | None]
    resets_at: float

    @classmethod
    def of(cls, catalogue: Catalogue, clock: Clock, asked: float) -> Known:
        """A catalogue that comes at this moment."""
        now = clock.now()
        resets = [window.reset_at for window in catalogue.quotas if window.reset_at is not None]
        return cls(
            catalogue,
            now,
            clock.monotonic(),
            asked,
            frozenset(model.id for model in catalogue.models),
            _left(catalogue, now),
            min((reset for reset in resets if reset > now), default=math.inf),
        )


class Catalogues:
    """The catalogue of each account, cached."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._tried: dict[str, float] = {}
        self._flights: Flights[Known] = Flights()

    def get(self, account_id: str) -> Known | None:
        """What is known, unless it is older than a day."""
        known = self._known.get(account_id)
        if known is None or self._clock.monotonic() - known.got > STALE_S:
            return None
        return known

    def due(self, account_id: str) -> bool:
        """Whether a request should have it fetched: it is missing or old, and we did not just fail."""
        at = self._clock.monotonic()
        known = self._known.get(account_id)
        return (known is None or at - known.got > FRESH_S) and at - self._tried.get(
            account_id, -math.inf
        ) > AGAIN_S

    async def fetch(
        self, account_id: str, provider: Provider, grant: Callable[[], Awaitable[Grant]]
    ) -> Known:
        """Ask the upstream, once for all who want it now. Raises GatewayError; what was known stays."""
        return await self._flights.join(account_id, lambda: self._ask(account_id, provider, grant))

    def used_up(self, account_id: str, model: str, reset_at: float) -> None:
        """A response said that nothing is left of `model` until `reset_at` (unix seconds)."""
        known = self._known.get(account_id)
        if known is None:
            return
        empty = ModelQuota(model, 0.0, reset_at)
        catalogue = msgspec.structs.replace(
            known.catalogue,
            models=tuple(
                msgspec.structs.replace(one, fraction=0.0) if one.id == model else one
                for one in known.catalogue.models
            ),
            quotas=tuple(_without(window, empty) for window in known.catalogue.quotas),
        )
        changed = Known.of(catalogue, self._clock, known.asked)
        self._known[account_id] = msgspec.structs.replace(changed, at=known.at, got=known.got)

    def forget(self, account_id: str) -> None:
        self._known.pop(account_id, None)
        self._tried.pop(account_id, None)

    async def aclose(self) -> None:
        await self._flights.aclose()

    async def _ask(self, account_id: str, provider: Provider, grant: Callable[[], Awaitable[Grant]]) -> Known:
        asked = self._tried[account_id] = self._clock.monotonic()
        allowed = await grant()
        refused: GatewayError | None = None
        for endpoint in provider.catalogue_endpoints(allowed.realm):
            try:
                catalogue = await provider.catalogue(allowed, endpoint)
            except GatewayError as error:
                refused = error
                if error.failure.scope is not Scope.ENDPOINT:
                    break
            else:
                known = Known.of(catalogue, self._clock, asked)
                self._known[account_id] = known
                return known
        raise refused or GatewayError.of(Kind.UNAVAILABLE, f"{provider.name} has no endpoint to ask.")


def quotas(known: Known | None, now: float) -> tuple[QuotaWindow, ...]:
    """The quota windows as they stand at `now` (unix seconds)."""
    return tuple(_at(window, now) for window in known.catalogue.quotas) if known is not None else ()


def fractions(known: Known | None, now: float) -> dict[str, float | None]:
    """What is left (0..1, None: unknown) by model, and by quota window where its name is not a model."""
    if known is None:
        return {}
    return known.left if now < known.resets_at else _left(known.catalogue, now)


def _left(catalogue: Catalogue, now: float) -> dict[str, float | None]:
    windows = {window.name: _at(window, now).fraction for window in catalogue.quotas}
    # A model's own number is as old as the window it shares with its family.
    renewed = {window.name for window in catalogue.quotas if _over(window.reset_at, now)}
    models = {model.id: None if model.family in renewed else model.fraction for model in catalogue.models}
    return models | windows


def _at(window: QuotaWindow, now: float) -> QuotaWindow:
    """The window at `now`: past a reset, what is left is unknown."""
    members = tuple(ModelQuota(one.model) if _over(one.reset_at, now) else one for one in window.members)
    if _over(window.reset_at, now):
        return QuotaWindow(window.name, members=members)
    return window if members == window.members else msgspec.structs.replace(window, members=members)


def _over(reset_at: float | None, now: float) -> bool:
    return reset_at is not None and reset_at <= now


def _without(window: QuotaWindow, empty: ModelQuota) -> QuotaWindow:
    """The window once a member of it is `empty`."""
    if empty.model not in (window.name, *(member.model for member in window.members)):
        return window
    members = tuple(empty if member.model == empty.model else member for member in window.members)
    return QuotaWindow(window.name, 0.0, empty.reset_at, members)


def sharing(models: Iterable[ModelInfo], model: str) -> tuple[str, ...]:
    """The models that use up the same quota as `model`, itself first: those of its family of which, as far
    as the upstream has said, as much is left."""
    listed = tuple(models)
    own = next((one for one in listed if one.id == model), None)
    if own is None or not own.family:
        return (model,)
    others = (one for one in listed if one.family == own.family and one.fraction == own.fraction)
    return (model, *(one.id for one in others if one.id != model))


def offered(entries: list[tuple[Provider, bool, Known | None]], now: float) -> tuple[ModelInfo, ...]:
    """Everything that some account offers: one entry an account, (provider, sandbox, what is known).

    Live catalogues win over the provider's built-in table, which stands in where none is known.
    """
    found: dict[tuple[str, str], ModelInfo] = {}
    order = sorted(entries, key=lambda entry: entry[2] is None)
    for provider, sandbox, known in order:
        left = fractions(known, now)
        for model in known.catalogue.models if known is not None else provider.models():
            key = (provider.name, model.id)
            before = found.get(key)
            shown = (
                before if before is not None else msgspec.structs.replace(model, accounts=0, fraction=None)
            )
            found[key] = msgspec.structs.replace(
                shown,
                accounts=shown.accounts + 1,
                fraction=_more(shown.fraction, left.get(model.id)),
                sandbox=shown.sandbox or sandbox,
            )
    return tuple(found.values())


def _more(one: float | None, other: float | None) -> float | None:
    known = [fraction for fraction in (one, other) if fraction is not None]
    return max(known, default=None)
