"""Search rounds: an answer whose model searches the web by calling `google_search`, as one stream.

The model's answers, and each search it asks for, are generations of their own: `steps` of the plan, each
with its own attempts. A round is an answer that calls the function, its searches, and their results given
back to the model; after some rounds the model has to answer without. The client sees neither the calls nor
their results: it sees what the model says, its own functions called, and at the end what was found.

A request whose model searches by itself takes this way too and has one generation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal

from msgspec import Struct, structs

from core.domain.content import Role, Text, ToolCall, ToolResult, Turn, text_of
from core.domain.content import Search as Found
from core.domain.events import (
    Batch,
    Finished,
    PartClosed,
    PartDelta,
    PartOpened,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, GatewayError, Kind, Scope
from core.domain.plan import Attempt, Plan, Step
from core.domain.requests import Caller, ChatRequest
from core.domain.searches import WebAnswer, merged
from core.domain.streams import Collector, closing

from .attempts import Search
from .planner import Wanted
from .planning import Planning
from .replays import Replays
from .search_tool import name_for, read_query, result_of, without_search
from .upstreams import Asked, Upstreams, weigh_batch
from .web_search import WebSearch

MOST_AT_ONCE: Final = 4
"""Searches of one answer; a model that asks for more is told so."""

TOO_MANY: Final = Failure(
    Kind.BAD_REQUEST,
    f"At most {MOST_AT_ONCE} searches are made at a time. Ask for the rest in the next step.",
)
NO_ANSWER: Final = Failure(
    Kind.UPSTREAM,
    "The model kept on searching and did not answer. Ask again, or put the question more narrowly.",
    scope=Scope.REQUEST,
)


class _Generation(Struct):
    """One of the answer's generations, with the time it began (ms since the request's first)."""

    kind: Literal["chat", "tool", "search"]
    source: Search[Batch] | WebSearch
    began: float


class Rounds:
    """The generations of one request. `attempts`, `winner` and `plan` may be read at any time, as those of

    an attempts.Search; what is said of the present generation (`failure`, `tried`, `queued_out`) is that of
    the model's latest answer.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        planning: Planning,
        replays: Replays,
        request: ChatRequest,
        wanted: Wanted,
        caller: Caller,
    ) -> None:
        self._up, self._planning, self._replays = upstreams, planning, replays
        self._request, self._wanted, self._caller = request, wanted, caller
        self._name = name_for(request)
        self._left = upstreams.settings().search_rounds
        self._generations: list[_Generation] = []
        self._since = upstreams.clock.monotonic()
        self._made: list[Turn] = []
        self._found: list[Found] = []
        self._spent = Usage()
        self._hiding = self._begun = False
        self._gap = ""
        self._answer = self._ask("chat")
        self._planned = self._answer.plan

    # --- what is known so far ---------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """The first generation's plan, with a step for every generation there was."""
        steps = tuple(Step(one.kind, _model(one.source)) for one in self._generations)
        return structs.replace(self._planned, steps=steps)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(
            structs.replace(attempt, step=step, started_ms=attempt.started_ms + one.began)
            for step, one in enumerate(self._generations)
            for attempt in one.source.attempts
        )

    @property
    def made(self) -> int:
        done = sum(len(one.source.attempts) for one in self._generations if one.source is not self._answer)
        return done + self._answer.made

    @property
    def winner(self) -> Asked | None:
        return self._answer.winner

    @property
    def failure(self) -> Failure | None:
        return self._answer.failure

    @property
    def tried(self) -> set[str]:
        return self._answer.tried

    @property
    def queued_out(self) -> bool:
        return self._answer.queued_out

    @property
    def queue_ms(self) -> float:
        """As attempts.Search has it, of the model's answers together."""
        return sum(one.source.queue_ms for one in self._generations if isinstance(one.source, Search))

    @property
    def upstream_ms(self) -> float:
        """As attempts.Search has it, of the present answer."""
        return self._answer.upstream_ms

    # --- the stream -------------------------------------------------------------------------------

    async def run(self) -> AsyncIterator[Batch]:
        """The batches of the answer, as an attempts.Search gives them: none before there is something to

        show, so that a failure until then can still be told as such.
        """
        held: Batch = []
        try:
            while True:
                heard = Collector()
                async with closing(self._answer.run()) as batches:
                    async for batch in batches:
                        heard.feed(batch)
                        shown = self._shown(batch)
                        if not self._begun:
                            held += shown
                            self._begun = any(isinstance(event, PartOpened) for event in shown)
                            shown, held = (held, []) if self._begun else ([], held)
                        if shown:
                            yield shown
                if (ending := await self._after(heard)) is not None:
                    break
        except GatewayError:
            if self._begun and self._found:
                yield self._sources()
            raise
        yield [*held, *ending]

    def _shown(self, batch: Batch) -> Batch:
        """What the client may see of a batch. The ending waits; usage counts all generations."""
        shown: Batch = []
        for event in batch:
            match event:
                case PartOpened(part=part):
                    self._hiding = isinstance(part, Found) or self._is_mine(part)
                    if isinstance(part, Found):
                        self._found.append(part)
                    elif not self._hiding:
                        shown.append(self._apart(event))
                case PartDelta() | PartClosed():
                    if not self._hiding:
                        shown.append(event)
                case UsageSeen(usage=usage):
                    shown.append(UsageSeen(_sum(self._spent, usage)))
                case Finished():
                    pass
                case _:
                    shown.append(event)
        return shown

    def _is_mine(self, part: object) -> bool:
        return isinstance(part, ToolCall) and part.name == self._name

    def _apart(self, event: PartOpened) -> StreamEvent:
        """The first text after a search is a paragraph of its own."""
        if not self._gap or not isinstance(event.part, Text):
            return event
        gap, self._gap = self._gap, ""
        return PartOpened(structs.replace(event.part, text=gap + event.part.text))

    # --- rounds -----------------------------------------------------------------------------------

    async def _after(self, heard: Collector) -> Batch | None:
        """What follows an answer that is over: its ending, or None and the next generation is ready."""
        parts, finish = tuple(heard.parts), heard.finish or Finished()
        mine = [part for part in parts if isinstance(part, ToolCall) and self._is_mine(part)]
        theirs = frozenset(
            part.id for part in parts if isinstance(part, ToolCall) and not self._is_mine(part)
        )
        self._spent = _sum(self._spent, heard.usage)
        self._made.append(Turn(Role.MODEL, parts))
        if mine and self._left > 0:
            self._made.append(Turn(Role.USER, tuple(await self._searched(mine))))
        if theirs and (mine or len(self._made) > 1):
            self._replays.keep(self._caller.key, theirs, tuple(self._made))
        if not mine or theirs:
            return self._ending(finish)
        if self._left <= 0:
            if not self._begun:
                raise GatewayError(NO_ANSWER)
            return self._ending(finish)
        self._left -= 1
        self._gap = _gap(text_of(parts)) or self._gap
        self._answer = self._ask("tool")
        return None

    def _ending(self, finish: Finished) -> Batch:
        counted: Batch = [UsageSeen(self._spent)] if len(self._generations) > 1 else []
        return [*counted, *self._sources(), finish]

    def _sources(self) -> Batch:
        """All that was found, as one part, once."""
        found, self._found = merged(self._found), []
        return [PartOpened(found), PartClosed()] if found != Found() else []

    def _ask(self, kind: Literal["chat", "tool"]) -> Search[Batch]:
        """The model's next answer, with what it has found so far before it."""
        request = structs.replace(self._request, turns=(*self._request.turns, *self._made))
        if kind == "tool" and self._left <= 0:
            request = without_search(request)

        def call(asked: Asked) -> AsyncIterator[Batch]:
            return self._up.chat(
                self._planning.said(request, asked.candidate), asked, self._caller.request_id
            )

        search = Search(
            self._up,
            lambda: self._planning.plan(self._wanted, request),
            call,
            weigh_batch,
            deadline=self._caller.deadline,
        )
        self._add(kind, search)
        return search

    def _add(self, kind: Literal["chat", "tool", "search"], source: Search[Batch] | WebSearch) -> None:
        began = (self._up.clock.monotonic() - self._since) * 1000
        self._generations.append(_Generation(kind, source, began))

    async def _searched(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """The results of the model's calls, in their order. A search that fails is a result that says so."""
        outcomes = await asyncio.gather(*(self._search(call) for call in calls[:MOST_AT_ONCE]))
        for outcome in outcomes:
            if isinstance(outcome, WebAnswer):
                self._found.append(outcome.found)
                self._spent = _sum(self._spent, outcome.usage)
        every = [*outcomes, *(TOO_MANY for _ in calls[MOST_AT_ONCE:])]
        return [result_of(call, outcome) for call, outcome in zip(calls, every, strict=True)]

    async def _search(self, call: ToolCall) -> WebAnswer | Failure:
        try:
            search = WebSearch(self._up, self._planning, read_query(call.arguments), self._caller)
            self._add("search", search)
            return await search.run()
        except GatewayError as error:
            return error.failure


def _model(source: Search[Batch] | WebSearch) -> str:
    return source.model if isinstance(source, WebSearch) else source.plan.model


def _gap(said: str) -> str:
    """What has to stand between a text and the one that goes on after a search."""
    return "\n" * max(0, 2 - (len(said) - len(said.rstrip("\n")))) if said.strip() else ""


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.input + other.input,
        one.output + other.output,
        one.cache_read + other.cache_read,
        one.cache_write + other.cache_write,
        one.thoughts + other.thoughts,
    )
