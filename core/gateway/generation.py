"""Generations: a chat request becomes one stream of batches with exactly one ending.

Joins planning, attempts, the stream guard and the book; `pictures` does the same for pictures.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from itertools import chain
from typing import TypeVar

from msgspec import structs

from core.config.settings import GatewaySettings
from core.domain.content import AssetRef, Role, Turn, media_of
from core.domain.events import Answer, Batch, JobEvent, Started
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.models import Meaning, ModelInfo
from core.domain.plan import Plan
from core.domain.ports import Clock, LinkFetcher, Pool, Provider, Publish, Recorder, Shelf
from core.domain.requests import Caller, ChatRequest, ImageRequest
from core.domain.searches import WebAnswer
from core.domain.streams import StreamGuard, closing, collect
from core.wire.tokens import request_tokens

from .aliases import written_out
from .attempts import Search
from .book import Book, BookKind
from .endpoints import BadEndpoints
from .limits import Limits
from .links import Links
from .listing import meaning, with_names
from .masks import painted
from .pictures import make_pictures
from .planner import Wanted
from .planning import Planning, check_name
from .replays import Replays
from .retries import RetryBudget
from .search_rounds import Rounds
from .search_tool import asks_search, checked
from .signatures import Signatures, Watch
from .slots import Slots
from .tired import TiredEndpoints
from .upstreams import (
    CONTENT,
    END,
    FAULT,
    LONGEST_QUEUE,
    Asked,
    Upstreams,
    never_unauthenticated,
    weigh_batch,
)
from .web_search import WebSearch

log = logging.getLogger("agtui.gateway")

T = TypeVar("T")

LEARN_S = 3.0
"""Seconds that a list of models or a plan waits for what accounts say they have."""

_CLIENTS_OWN = (Kind.BAD_REQUEST, Kind.TOO_LONG, Kind.TOO_LARGE, Kind.NOT_FOUND)
"""What is told rather than guessed when tokens can't be counted."""


def _with_route(failure: Failure, search: Search[T] | Rounds) -> Failure:
    """`failure` with the model and the account that was tried last, for the response's headers."""
    last = search.attempts[-1] if search.attempts else None
    params = {"mapped_model": search.plan.model} | ({"email": last.email} if last else {})
    return structs.replace(failure, params=failure.params | params)


class GenerationService:
    """`services.Generation` over a pool of accounts and the providers they belong to.

    `parallel` is how many pictures of a request are made at a time, `aliases` the user's own names, `limits`
    what holders of client keys may do; None: everything.
    """

    def __init__(
        self,
        pool: Pool,
        providers: Mapping[str, Provider],
        recorder: Recorder,
        publish: Publish,
        clock: Clock,
        settings: Callable[[], GatewaySettings] = GatewaySettings,
        shelf: Shelf | None = None,
        parallel: Callable[[], int] = lambda: 2,
        queue_s: float = LONGEST_QUEUE,
        aliases: Callable[[], Mapping[str, str]] = dict,
        signatures: Signatures | None = None,
        limits: Limits | None = None,
        fetcher: LinkFetcher | None = None,
    ) -> None:
        self._pool, self._shelf = pool, shelf
        self._recorder, self._publish, self._clock = recorder, publish, clock
        self._parallel, self._limits, self._aliases = parallel, limits, aliases
        bad = BadEndpoints(clock, lambda: settings().bad_endpoint_s)
        self._up = Upstreams(
            pool,
            providers,
            Slots(pool),
            bad,
            TiredEndpoints(clock),
            RetryBudget(clock),
            clock,
            settings,
            signatures or Signatures({}),
            queue_s,
        )
        self._planning = Planning(self._up, aliases)
        self._replays = Replays()
        self._links = Links(fetcher, settings)

    def stream(self, request: ChatRequest, caller: Caller) -> AsyncIterator[Batch]:
        """The answer as batches; see services.Generation. One answer a stream: `n` has to be 1."""
        answer = self._chat(request, caller)
        return answer if self._limits is None else self._limits.metered(answer, caller)

    async def answer(self, request: ChatRequest, caller: Caller) -> Answer:
        return await collect(self._chat(request, caller))

    def pictures(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        return self._pictures(request, caller)

    async def _pictures(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        book = self._book(caller, request.model, "image")
        try:
            await self._admit(caller, request.model, "image")
            turns = await self._media((Turn(Role.USER, request.references),), caller)
            references = [await painted(media) for turn in turns for media in media_of(turn.parts)]
            ready = structs.replace(request, references=tuple(references))
            making = make_pictures(self._up, self._planning, book, ready, caller, max(1, self._parallel()))
            async with closing(making) as events:
                async for event in events:
                    yield event
        except GatewayError as error:
            book.fail(error.failure)
            raise
        finally:
            self._links.release(caller.request_id)
            book.close()

    async def _chat(self, request: ChatRequest, caller: Caller) -> AsyncIterator[Batch]:
        book = self._book(caller, request.model, "chat")
        keeper = StreamGuard()
        search: Search[Batch] | Rounds | None = None
        wanted = Wanted(request.model, request.conversation)
        begun = False
        try:
            await self._admit(caller, request.model)
            if request.n != 1:
                raise GatewayError.of(
                    Kind.BAD_REQUEST,
                    "`n` has to be 1 for a stream: ask several times, or without `stream`.",
                    params={"param": "n"},
                )
            ready = await self._ready(request, caller)
            await self._up.signatures.ready(ready)
            search = self._search(ready, wanted, caller)
            watch: Watch | None = None
            async with closing(search.run()) as batches:
                async for batch in batches:
                    if not begun:
                        begun = True
                        book.first()
                        winner = search.winner
                        assert winner is not None
                        started = self._started(search, winner, ready)
                        watch = self._up.signatures.watch(ready, winner)
                        book.began()
                        yield [started]
                    if sound := keeper.pass_on(batch):
                        book.see(sound)
                        if watch is not None:
                            watch.see(sound)
                        yield sound
                    if keeper.ended:
                        break
        except GatewayError as error:
            if begun and search is not None:
                failure = _with_route(never_unauthenticated(error.failure), search)
                book.fail(failure)
                yield keeper.close(failure)
                return
            failure = self._verdict(wanted, search, error.failure)
            book.fail(failure)
            raise GatewayError(failure) from error
        except Exception:
            book.fail(FAULT)
            raise
        finally:
            if search is not None:
                book.plan, book.attempts, book.winner = search.plan, search.attempts, search.winner
            self._links.release(caller.request_id)
            book.close()

    def _search(self, request: ChatRequest, wanted: Wanted, caller: Caller) -> Search[Batch] | Rounds:
        """What answers: one generation, or as many as its searches of the web take."""
        if asks_search(request):
            return Rounds(self._up, self._planning, self._replays, request, wanted, caller)
        return Search(
            self._up,
            lambda: self._planning.plan(wanted, request),
            lambda asked: self._up.chat(request, asked, caller.request_id),
            weigh_batch,
            deadline=caller.deadline,
        )

    async def search(
        self,
        query: str,
        caller: Caller,
        urls: tuple[str, ...] = (),
        thinking: bool = True,
        model: str = "",
    ) -> WebAnswer:
        asked = model or self._up.settings().search_model
        book = self._book(caller, asked, "search")
        search: WebSearch | None = None
        try:
            await self._admit(caller, asked)
            search = WebSearch(self._up, self._planning, checked(query, urls, thinking), caller, model)
            answer = await search.run()
            book.first()
            book.add_usage(answer.usage)
            book.done()
            return answer
        except GatewayError as error:
            book.fail(error.failure)
            raise
        finally:
            if search is not None:
                book.plan, book.attempts, book.winner = search.plan, search.attempts, search.winner
            book.close()

    def _started(self, search: Search[Batch] | Rounds, winner: Asked, request: ChatRequest) -> Started:
        self._planning.homes.served(request.conversation, winner.candidate.account, search.plan)
        return Started(
            model=winner.candidate.model,
            account=winner.candidate.email,
            provider=winner.candidate.provider,
            endpoint=winner.endpoint,
            attempts=search.made,
            dropped=self._planning.lost(
                search.plan, request, self._up.sent(request, winner), winner.candidate
            ),
            queue_ms=search.queue_ms,
            upstream_ms=search.upstream_ms,
        )

    def _verdict(self, wanted: Wanted, search: Search[T] | Rounds | None, raised: Failure) -> Failure:
        """What the client is told."""
        if search is None:
            return raised
        if search.winner is not None:
            return _with_route(never_unauthenticated(raised), search)
        failure = self._planning.verdict(wanted, search.failure, search.queued_out, search.tried)
        return _with_route(failure, search)

    async def _admit(self, caller: Caller, model: str, kind: str = "chat") -> None:
        """Raises GatewayError for what the holder of a client key may not do (any more)."""
        if self._limits is not None:
            await self._limits.admit(caller, model, partial(self._planning.names, model, kind))

    def _book(self, caller: Caller, model: str, kind: BookKind) -> Book:
        """Raises GatewayError for a name that no model can have: it would stand in every record of it."""
        check_name(model)
        return Book(self._clock, self._recorder, self._publish, caller, model, kind)

    async def _ready(self, request: ChatRequest, caller: Caller) -> ChatRequest:
        """As providers get it: under the name that the user's aliases lead to, pictures filled in, and with
        the searches that the caller never saw."""
        turns = self._replays.restored(caller.key, await self._media(request.turns, caller))
        return structs.replace(request, model=self._planning.aliased(request.model), turns=turns)

    async def _media(self, turns: tuple[Turn, ...], caller: Caller) -> tuple[Turn, ...]:
        """Turns with the library's pictures and what links lead to filled in; `_links.release` ends that."""
        turns = await self._links.filled(turns, caller.request_id)
        held = (media for turn in turns for media in media_of(turn.parts))
        if self._shelf is not None and any(isinstance(media.data, AssetRef) for media in held):
            return await self._shelf.media(turns)
        return turns

    async def explain(self, model: str, conversation: str = "") -> Plan:
        """The plan that a request for `model` would get now, with what accounts say they have."""
        check_name(model)
        await self._pool.learn(LEARN_S)
        return self._planning.plan(Wanted(model, conversation, self._planning.kind_of(model)))

    async def models(self, key: str = "", names: bool = False) -> list[ModelInfo]:
        await self._pool.learn(LEARN_S)
        models, limits = list(self._pool.models()), self._limits
        if names:
            own = written_out(self._aliases())
            built_in = (provider.names() for provider in self._up.providers.values())
            models = with_names(self._known(), chain(own, *built_in), self._planning.leads())
        if not key or limits is None:
            return models
        called = self._planning.names
        return [one for one in models if limits.may_use(key, partial(called, one.id, one.kind))]

    async def meaning(self, model: str) -> Meaning:
        check_name(model)
        await self._pool.learn(LEARN_S)
        meant = self._planning.aliased(model)
        return meaning(model, meant, self._known(), self._planning.leads())

    def _known(self) -> tuple[ModelInfo, ...]:
        """What accounts offer; before there is one, what providers know."""
        if self._pool.view().entries:
            return self._pool.models()
        return tuple(chain.from_iterable(provider.models() for provider in self._up.providers.values()))

    async def count_tokens(self, request: ChatRequest, caller: Caller) -> int:
        wanted = Wanted(request.model, request.conversation)
        if self._limits is not None:
            self._limits.permit(caller, request.model, partial(self._planning.names, request.model))
        book = self._book(caller, request.model, "tokens")
        search: Search[int] | None = None
        ready = request
        try:
            ready = await self._ready(request, caller)

            async def call(asked: Asked) -> AsyncIterator[int]:
                said, model = self._planning.said(ready, asked.candidate), asked.candidate.model
                yield await asked.provider.count_tokens(said, model, asked.grant, asked.endpoint)

            search = Search(
                self._up,
                lambda: self._planning.plan(wanted),
                call,
                lambda _: CONTENT | END,
                deadline=caller.deadline,
            )
            async with closing(search.run()) as counts:
                count = await anext(counts)
            book.done()
            return count
        except GatewayError as error:
            failure = self._verdict(wanted, search, error.failure)
            if search is None or failure.kind in _CLIENTS_OWN:
                book.fail(failure)
                raise GatewayError(failure) from error
            log.info(
                "tokens are guessed, for nobody counts them: %s", failure.detail or failure.public_message
            )
            book.done()
            return request_tokens(ready)
        finally:
            if search is not None:
                book.plan, book.attempts, book.winner = search.plan, search.attempts, search.winner
            self._links.release(caller.request_id)
            book.close()
