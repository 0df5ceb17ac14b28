"""The planner over the live pool, and what a client is told when no plan led to an answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from msgspec import structs

from core.domain.accounts import Realm
from core.domain.failure import Cause, Failure, GatewayError, Kind
from core.domain.plan import Candidate, Plan
from core.domain.ports import PoolEntry
from core.domain.requests import ChatRequest, Effort

from .aliases import aliased
from .homes import Homes
from .planner import (
    LIMITS,
    Wanted,
    busy,
    in_words,
    limit_reached,
    make_plan,
    nobody,
    others_left,
    soonest,
    unknown_model,
    usable,
)
from .search_tool import asks_search, offered
from .upstreams import JUST_FREE, Upstreams, never_unauthenticated, no_place

LONGEST_NAME: Final = 256
MOST_DROPPED: Final = 40
LONGEST_DROPPED: Final = 64
"""What clients write is kept with each request: names of so many characters, so many of them."""


def check_name(model: str) -> None:
    """Raises GatewayError(bad_request) for what is too long for a model's name."""
    if len(model) > LONGEST_NAME:
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            f"`model` has {len(model):,} characters; no name has more than {LONGEST_NAME}.",
            params={"param": "model"},
        )


def in_short(names: tuple[str, ...]) -> tuple[str, ...]:
    """As many names as may be kept, and how many more there are."""
    if len(names) <= MOST_DROPPED and all(len(name) <= LONGEST_DROPPED for name in names):
        return names
    kept = [
        name if len(name) <= LONGEST_DROPPED else f"{name[: LONGEST_DROPPED - 1]}…"
        for name in names[:MOST_DROPPED]
    ]
    more = len(names) - MOST_DROPPED
    return (*kept, f"{more:,} more") if more > 0 else tuple(kept)


class Planning:
    """Plans with the pool as it is at the moment of asking."""

    def __init__(self, upstreams: Upstreams, aliases: Callable[[], Mapping[str, str]] = dict) -> None:
        self._up = upstreams
        self._aliases = aliases
        self.homes = Homes()

    def plan(self, wanted: Wanted, request: ChatRequest | None = None) -> Plan:
        """With `request`, the plan also says what the first candidate's model can't be told."""
        models = self._up.pool.models() if wanted.kind == "image" else ()
        strategy = self._up.settings().strategy
        view = self._up.pool.view()
        meant = self.aliased(wanted.model)
        effort = request.thinking.effort if request is not None else None
        if home := self.homes.of(wanted.conversation):
            wanted = structs.replace(wanted, home=home)

        def resolve(entry: PoolEntry, model: str, kind: str) -> str:
            return self._sent(entry, model, meant, kind, effort)

        plan = make_plan(wanted, view, models, resolve, self._endpoints, strategy)
        plan = self._at_present(plan)
        first = next(iter(usable(plan)), None)
        if request is None or first is None:
            return plan
        return structs.replace(plan, dropped=self.dropped(request, first))

    def _sent(
        self, entry: PoolEntry, model: str, meant: str, kind: str = "chat", effort: Effort | None = None
    ) -> str:
        """The id that an account is asked for when a client names `model`, which the user's aliases have as
        `meant`: what the account calls retired, then those aliases, then the names that the provider knows,
        then what the account has instead."""
        replaced = entry.retired.get(model) or entry.retired.get(meant, meant)
        found = self._up.providers.get(entry.provider)
        known = found.resolve(replaced, kind, effort) if found else replaced
        known = entry.retired.get(known, known)
        return entry.aliases.get(known, known)

    def leads(self) -> Callable[[str], tuple[str, ...]]:
        """A function from a name to the ids that accounts may be asked for when it is named; without an
        account, those that providers take it for. For many names: it looks at the pool once."""
        kinds: dict[object, PoolEntry] = {}
        for entry in self._up.pool.view().entries:
            known = (frozenset(entry.aliases.items()), frozenset(entry.retired.items()))
            kinds.setdefault((entry.provider, *known), entry)

        def ids(model: str) -> tuple[str, ...]:
            meant = self.aliased(model)
            if not kinds:
                return tuple(provider.resolve(meant) for provider in self._up.providers.values())
            return tuple(dict.fromkeys(self._sent(entry, model, meant) for entry in kinds.values()))

        return ids

    def aliased(self, model: str) -> str:
        """The name that providers are asked to resolve: what the user's aliases make of it."""
        return aliased(model, self._aliases())

    def _at_present(self, plan: Plan) -> Plan:
        """The plan with the endpoints that would be asked, and a note on each that is left alone."""
        bad = self._up.bad
        asked = bad.usable(plan.endpoints)
        notes = [
            f"{one} {bad.why(one)}; it is left alone for {in_words(bad.left(one))}"
            for one in plan.endpoints
            if one not in asked
        ]
        return structs.replace(plan, endpoints=asked, notes=(*plan.notes, *notes)) if notes else plan

    def names(self, model: str, kind: str = "chat") -> frozenset[str]:
        """What `model` is called: as asked, as the user's aliases have it, and as providers send it."""
        meant = self.aliased(model)
        sent = (provider.resolve(meant, kind) for provider in self._up.providers.values())
        return frozenset((model, meant, *sent))

    def kind_of(self, model: str) -> Literal["chat", "image"]:
        """What a request for `model` is about, where nothing but the name is known."""
        names = {self.aliased(model), *self.leads()(model)}
        kinds = {known.kind for known in self._up.pool.models() if known.id in names}
        return "image" if kinds == {"image"} else "chat"

    def dropped(self, request: ChatRequest, candidate: Candidate) -> tuple[str, ...]:
        provider = self._up.providers.get(candidate.provider)
        return in_short(provider.dropped(self.said(request, candidate), candidate.model)) if provider else ()

    def said(self, request: ChatRequest, candidate: Candidate) -> ChatRequest:
        """The request as the candidate's model gets it: with a function in place of a search it hasn't."""
        provider = self._up.providers.get(candidate.provider)
        if provider is None or not asks_search(request) or not self._up.settings().search_rounds:
            return request
        return offered(request, lambda one: provider.dropped(one, candidate.model))

    def lost(
        self, plan: Plan, planned: ChatRequest, sent: ChatRequest, candidate: Candidate
    ) -> tuple[str, ...]:
        """The same of what was `sent`: from the plan if that was planned with it, and for that model."""
        first = next(iter(usable(plan)), None)
        model = (candidate.provider, candidate.model)
        if sent is planned and first is not None and (first.provider, first.model) == model:
            return plan.dropped
        return self.dropped(sent, candidate)

    def _endpoints(self, provider: str, realm: Realm) -> tuple[str, ...]:
        found = self._up.providers.get(provider)
        return found.endpoints(realm) if found else ()

    def possible(self, wanted: Wanted) -> Failure | None:
        """Why nobody could answer `wanted` now, not even after a wait for a place; None: somebody could."""
        plan = self.plan(wanted)
        if usable(plan) or any(busy(candidate) for candidate in plan.candidates):
            return None
        return nobody(plan, self._up.pool.view(), self._up.pool.models(), wanted.kind)

    def verdict(
        self, wanted: Wanted, last: Failure | None, queued_out: bool, tried: Collection[str]
    ) -> Failure:
        """What the client is told after a search without an answer that asked the accounts `tried`; `last`
        is its last failure.

        An upstream's 401 is about our account, never about the client's key.
        """
        failure = self._told(wanted, last, queued_out, tried)
        return never_unauthenticated(failure)

    def _told(
        self, wanted: Wanted, last: Failure | None, queued_out: bool, tried: Collection[str]
    ) -> Failure:
        if last is None:
            if queued_out:
                return no_place(self._up.queue_s)
            return self.possible(wanted) or JUST_FREE
        if last.cause is Cause.MISSING:
            left = others_left(self.plan(wanted), self._up.pool.view(), tried)
            return left or unknown_model(wanted.model, self._up.pool.models(), wanted.kind)
        if last.cause in LIMITS:
            return self._limited(wanted, last)
        return last

    def _limited(self, wanted: Wanted, last: Failure) -> Failure:
        """A limit: with the true time until an account is back if all of them rest."""
        plan, view = self.plan(wanted), self._up.pool.view()
        if not usable(plan) and (free := soonest(plan, view)):
            told = limit_reached(plan, max(1.0, free))
            return structs.replace(told, status=last.status, detail=last.detail)
        wait = last.retry_after if last.retry_after is not None and not usable(plan) else 1.0
        return structs.replace(last, retry_after=wait)
