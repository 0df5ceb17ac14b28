"""One search of the web: a generation of its own that has nothing but the upstream's search.

Which model searches, how long it may take, and the answer as one value. Who asks, a person or a model that
called `google_search`, is not its concern.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from core.domain.content import Search as Found
from core.domain.content import text_of
from core.domain.events import Answer, Batch, Started
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.plan import Attempt, Plan
from core.domain.requests import Caller, ChatRequest
from core.domain.searches import WebAnswer, merged
from core.domain.streams import collect

from .attempts import Search
from .planner import Wanted, usable
from .planning import Planning
from .search_tool import Query, search_request
from .upstreams import Asked, Upstreams, never_unauthenticated, weigh_batch

MOST_MODELS: Final = 3
"""Models that are asked in turn while accounts turn out not to have them."""


class WebSearch:
    """One search. `model`: only that one; else the one of the settings, or what can search in its place.

    `attempts`, `plan` and `winner` may be read at any time.
    """

    def __init__(
        self, upstreams: Upstreams, planning: Planning, query: Query, caller: Caller, model: str = ""
    ) -> None:
        self._up, self._planning = upstreams, planning
        self._query, self._caller, self._asked = query, caller, model
        self._searches: list[Search[Batch]] = []
        self._model = model or upstreams.settings().search_model

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(attempt for search in self._searches for attempt in search.attempts)

    @property
    def plan(self) -> Plan | None:
        return self._searches[-1].plan if self._searches else None

    @property
    def winner(self) -> Asked | None:
        return self._searches[-1].winner if self._searches else None

    @property
    def model(self) -> str:
        """What searches, or was asked last."""
        return self.plan.model if self.plan else self._model

    async def run(self) -> WebAnswer:
        """Search. Raises GatewayError, also when it takes longer than the setting says."""
        limit = self._up.settings().search_timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._from_any()
        except TimeoutError as error:
            raise GatewayError(_too_slow(limit)) from error

    async def _from_any(self) -> WebAnswer:
        failure: Failure | None = None
        for model in self._models():
            try:
                return await self._from(model)
            except GatewayError as error:
                failure = error.failure
                if failure.cause is not Cause.MISSING:
                    raise
        raise GatewayError(failure or _nobody_searches())

    def _models(self) -> Iterator[str]:
        """What to ask, in order: models that nobody offers at the moment come to nothing at once."""
        if self._asked:
            yield self._asked
            return
        able = sorted(self._able(), key=lambda model: "flash" not in model)
        models = list(dict.fromkeys((self._model, *able)))
        offered = [model for model in models if not self._is_missing(model)]
        yield from (offered or models)[:MOST_MODELS]

    def _is_missing(self, model: str) -> bool:
        failure = self._planning.possible(Wanted(model))
        return failure is not None and failure.cause is Cause.MISSING

    async def _from(self, model: str) -> WebAnswer:
        request, wanted = search_request(self._query, self._planning.aliased(model)), Wanted(model)

        search = Search(
            self._up,
            lambda: self._planning.plan(wanted, request),
            lambda asked: self._up.chat(request, asked, self._caller.request_id),
            weigh_batch,
            deadline=self._caller.deadline,
        )
        self._searches.append(search)
        self._check(request, search.plan)
        try:
            answer = await collect(search.run())
        except GatewayError as error:
            failure = error.failure
            if search.winner is None:
                failure = self._planning.verdict(wanted, search.failure, search.queued_out, search.tried)
            raise GatewayError(never_unauthenticated(failure)) from error
        return self._read(answer, search)

    def _check(self, request: ChatRequest, plan: Plan) -> None:
        """Raises GatewayError(bad_request) for a model that would answer without having searched."""
        first = next(iter(usable(plan)), None)
        provider = self._up.providers.get(first.provider) if first else None
        if first is None or provider is None or "search" not in provider.dropped(request, first.model):
            return
        able = ", ".join(sorted(self._able()))
        there = f"These can: {able}." if able else "None can at the moment."
        raise GatewayError.of(
            Kind.BAD_REQUEST, f"`{first.model}` can't search the web. {there}", params={"param": "model"}
        )

    def _able(self) -> list[str]:
        return [info.id for info in self._up.pool.models() if info.search and info.kind == "chat"]

    def _read(self, answer: Answer, search: Search[Batch]) -> WebAnswer:
        text = text_of(answer.parts)
        if not text.strip():
            raise GatewayError(_nothing_said(answer.finish.message))
        winner = search.winner
        started = Started(
            model=winner.candidate.model if winner else search.plan.model,
            account=winner.candidate.email if winner else "",
            provider=winner.candidate.provider if winner else "",
            endpoint=winner.endpoint if winner else "",
            attempts=search.made,
        )
        found = merged(part for part in answer.parts if isinstance(part, Found))
        return WebAnswer(self._query.query, text, found, started, answer.usage)


def _too_slow(limit: float) -> Failure:
    return Failure(
        Kind.TIMEOUT,
        f"The search took longer than {limit:.0f} s (the setting gateway.search_timeout_s). Ask for less, or "
        "without thinking.",
        cause=Cause.SILENT,
    )


def _nothing_said(why: str) -> Failure:
    return Failure(
        Kind.UPSTREAM,
        why or "The search came back with nothing. Put it differently.",
        scope=Scope.ENDPOINT,
        cause=Cause.EMPTY,
    )


def _nobody_searches() -> Failure:
    return Failure(Kind.UNAVAILABLE, "No model that can search the web is there at the moment.")
