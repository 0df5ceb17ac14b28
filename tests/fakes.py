"""Stand-ins for the ports of the house, scripted by what a test wants to happen. No I/O.

A script is a list of steps for each call that a provider gets, in order: a batch, a failure to raise, a
number of seconds of the fake clock, or an Event to wait for.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from msgspec import structs

from core.domain.accounts import Account, Device, Realm
from core.domain.content import AssetRef, Base64Text, Media, Text, Turn
from core.domain.events import (
    Batch,
    Finished,
    JobEvent,
    Made,
    PartClosed,
    PartDelta,
    PartOpened,
    Phase,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.plan import RequestRecord
from core.domain.ports import (
    AccessToken,
    AuthorizeRequest,
    Callback,
    Catalogue,
    Grant,
    PoolEntry,
    PoolView,
    Project,
)
from core.domain.requests import Caller, ChatRequest, Effort, ImageRequest
from core.domain.secret import Secret
from core.domain.streams import closing
from core.domain.works import Asset, Chat, ChatSummary, ChatTurn

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A picture of one pixel, as base64."""

Step = Batch | GatewayError | Exception | float | asyncio.Event
Script = list[Step]


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now, self._monotonic = now, 1000.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def move(self, seconds: float) -> None:
        self._now += seconds
        self._monotonic += seconds


class Ids:
    """Ids that count up."""

    def __init__(self, prefix: str = "id") -> None:
        self._prefix, self._numbers = prefix, itertools.count(1)

    def __call__(self) -> str:
        return f"{self._prefix}{next(self._numbers)}"


class FakeRecorder:
    def __init__(self) -> None:
        self.rows: list[RequestRecord] = []

    def record(self, row: RequestRecord) -> None:
        self.rows.append(row)

    @property
    def last(self) -> RequestRecord:
        return self.rows[-1]


class FakeEvents:
    """Takes what is published."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, object]]] = []

    def __call__(self, topic: str, **facts: object) -> None:
        self.seen.append((topic, facts))

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.seen]


def failing(
    kind: Kind = Kind.UPSTREAM,
    scope: Scope = Scope.ENDPOINT,
    cause: Cause = Cause.SERVER,
    status: int | None = 500,
    retry_after: float | None = None,
    message: str = "scripted failure",
) -> GatewayError:
    return GatewayError(Failure(kind, message, scope, cause, retry_after, status, f"detail: {message}"))


def rate(seconds: float = 30.0) -> GatewayError:
    return failing(Kind.RATE, Scope.ACCOUNT_MODEL, Cause.RATE, 429, seconds, "too fast")


def unreachable() -> GatewayError:
    return failing(Kind.UNAVAILABLE, Scope.ENDPOINT, Cause.CONNECT, None, None, "no connection")


def saying(*words: str, usage: Usage | None = None) -> Script:
    """A whole answer: each word a batch of its own."""
    script: Script = [[PartOpened(Text("")), PartDelta(words[0] if words else "ok")]]
    script += [[PartDelta(word)] for word in words[1:]]
    script.append([PartClosed(), UsageSeen(usage or Usage(7, 3)), Finished()])
    return script


class FakeProvider:
    """Plays scripts: the first call gets the first script; the last one is played again for ever."""

    def __init__(
        self,
        *scripts: Script,
        name: str = "fake",
        endpoints: tuple[str, ...] = ("https://one.test",),
        clock: FakeClock | None = None,
        models: tuple[str, ...] = ("m1",),
        dropped: tuple[str, ...] = (),
        signers: dict[str, str] | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self._names = names
        self._scripts = list(scripts) or [saying()]
        self._name, self._endpoints, self._clock = name, endpoints, clock
        self._models, self._dropped = models, dropped
        self._signers = signers or {}
        self.calls: list[tuple[str, str]] = []
        self.requests: list[ChatRequest | ImageRequest] = []
        self.tokens: list[str] = []
        self.open = 0
        self.aborted = 0
        self.most_open = 0
        self.changed = asyncio.Event()

    @property
    def name(self) -> str:
        return self._name

    @property
    def sign_in(self) -> FakeSignIn:
        return FakeSignIn()

    def endpoints(self, realm: Realm) -> tuple[str, ...]:
        return self._endpoints

    def catalogue_endpoints(self, realm: Realm) -> tuple[str, ...]:
        return self._endpoints

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(ModelInfo(model, self._name) for model in self._models)

    def resolve(self, model: str, kind: str = "chat", effort: Effort | None = None) -> str:
        return model.removeprefix("alias-")

    def names(self) -> tuple[str, ...]:
        return self._names

    def dropped(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        return self._dropped

    def signer(self, model: str) -> str:
        return self._signers.get(model, "fakes")

    def plays(self, *scripts: Script) -> None:
        """What the next calls get."""
        self._scripts = list(scripts)

    def _next(self, grant: Grant, endpoint: str) -> Script:
        self.calls.append((grant.account, endpoint))
        self.tokens.append(grant.token.reveal())
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    async def chat(
        self, request: ChatRequest, model: str, grant: Grant, endpoint: str
    ) -> AsyncIterator[Batch]:
        self.requests.append(request)
        async with closing(self._play(self._next(grant, endpoint))) as batches:
            async for batch in batches:
                yield batch

    async def _play(self, script: Script) -> AsyncIterator[Any]:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.changed.set()
        done = False
        try:
            for step in script:
                if isinstance(step, Exception):
                    done = True
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, int | float):
                    if self._clock:
                        self._clock.move(step)
                    await asyncio.sleep(0)
                else:
                    yield step
            done = True
        finally:
            self.open -= 1
            self.aborted += not done
            self.changed.set()

    async def until_open(self, count: int, seconds: float = 5.0) -> None:
        """Wait until exactly `count` calls are open."""
        async with asyncio.timeout(seconds):
            while self.open != count:
                self.changed.clear()
                await self.changed.wait()

    async def image(
        self, request: ImageRequest, model: str, grant: Grant, endpoint: str, index: int
    ) -> AsyncIterator[JobEvent]:
        self.requests.append(request)
        script = self._next(grant, endpoint)
        yield Phase("drawing", index)
        async with closing(self._play(script)) as batches:
            async for batch in batches:
                if any(isinstance(event, Finished) for event in batch):
                    yield Made(index, Media("image/png", Base64Text(PNG)), usage=Usage(5, 100))

    async def catalogue(self, grant: Grant, endpoint: str) -> Catalogue:
        return Catalogue(self.models(), (), {})

    async def count_tokens(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> int:
        async for _ in self._play(self._next(grant, endpoint)):
            pass
        return 42


class FakeSignIn:
    """Signs in whatever it is given."""

    callback = Callback((0,), "/oauth-callback")

    def authorize(self, realm: Realm, redirect_uri: str, hint: str = "") -> AuthorizeRequest:
        return AuthorizeRequest("https://sign-in.test/", "state", Secret("verifier"))

    async def exchange(
        self, realm: Realm, code: Secret, request: AuthorizeRequest, redirect_uri: str
    ) -> AccessToken:
        return AccessToken(Secret("token"), 1e12, Secret("refresh"))

    async def refresh(self, credential: object, realm: Realm) -> AccessToken:
        return AccessToken(Secret("token"), 1e12)

    async def email(self, token: Secret, realm: Realm) -> str:
        return "fake@test"

    async def project(self, account: Account, token: Secret) -> Project:
        return Project("project")

    def default_project(self, realm: Realm) -> str:
        return ""

    def new_device(self) -> Device:
        return Device("device", "user")

    def fingerprint(self, realm: Realm) -> str:
        return "0" * 12


def entry(account: str = "a", **fields: Any) -> PoolEntry:
    """An account that may be used; `fields` replace what the test is about."""
    base = PoolEntry(account, f"{account}@test", "fake", Realm.REAL, "", None, {}, 0, 4, {}, 0.0)
    return structs.replace(base, **fields)


class FakePool:
    """Accounts that rest as real ones do: a rate or quota failure starts a cooldown on the fake clock."""

    def __init__(
        self, *entries: PoolEntry, clock: FakeClock | None = None, models: Iterable[ModelInfo] | None = None
    ) -> None:
        self._entries = {one.account: one for one in (entries or (entry("a"),))}
        self._clock = clock or FakeClock()
        self._until: dict[tuple[str, str], float] = {}
        self._why: dict[tuple[str, str], Failure] = {}
        self._models = tuple(
            models if models is not None else (ModelInfo("m1", "fake"), ModelInfo("p1", "fake", kind="image"))
        )
        self.in_flight: dict[str, int] = dict.fromkeys(self._entries, 0)
        self.grants: list[tuple[str, bool]] = []
        self.failures: list[tuple[str, Failure]] = []
        self.successes: list[str] = []
        self.other_project = ""
        self.grant_error: Callable[[str, bool], GatewayError | None] = lambda account, fresh: None

    def view(self) -> PoolView:
        now = self._clock.monotonic()
        shown: list[PoolEntry] = []
        for one in self._entries.values():
            rests = {
                model: until - now
                for (account, model), until in self._until.items()
                if account == one.account and until > now
            }
            shown.append(
                structs.replace(
                    one,
                    resting=one.resting | rests,
                    why=one.why | {model: self._why[one.account, model] for model in rests},
                    in_flight=max(one.in_flight, self.in_flight[one.account]),
                )
            )
        return PoolView(tuple(shown))

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    async def learn(self, seconds: float) -> None:
        self.learned = True

    async def grant(self, account: str, fresh: bool = False, without: str = "") -> Grant:
        self.grants.append((account, fresh))
        if error := self.grant_error(account, fresh):
            raise error
        one = self._entries[account]
        token = Secret("fresh" if fresh else "old")
        project = self.other_project if without and self.other_project else "project"
        return Grant(account, one.email, one.realm, token, project, Device("d", "q"))

    def take(self, account: str, model: str) -> Callable[[], None] | None:
        if self.in_flight[account] >= self._entries[account].limit:
            return None
        self.in_flight[account] += 1

        def give_back() -> None:
            self.in_flight[account] -= 1

        return give_back

    def note_success(self, account: str, model: str) -> None:
        self.successes.append(account)

    def note_failure(self, account: str, model: str, failure: Failure) -> None:
        self.failures.append((account, failure))
        if failure.scope in (Scope.ACCOUNT, Scope.ACCOUNT_MODEL):
            rest = failure.retry_after if failure.retry_after is not None else 30.0
            where = "" if failure.scope is Scope.ACCOUNT else model
            self._until[account, where] = self._clock.monotonic() + rest
            self._why[account, where] = failure


class FakeShelf:
    """A library in memory."""

    def __init__(self) -> None:
        self.chats_by_id: dict[str, Chat] = {}
        self.trash: dict[str, Chat] = {}
        self.assets: dict[str, tuple[Asset, bytes]] = {}
        self.error: GatewayError | None = None
        self.saves = 0

    async def chat(self, chat_id: str) -> Chat:
        if chat_id not in self.chats_by_id:
            raise GatewayError.of(Kind.NOT_FOUND, f"No chat has the id {chat_id}.")
        return self.chats_by_id[chat_id]

    async def chats(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        return [
            ChatSummary(chat.id, chat.title, chat.model, chat.created_at, chat.updated_at, len(chat.turns))
            for chat in self.chats_by_id.values()
            if text in chat.title
        ][:limit]

    async def save_chat(self, chat: Chat) -> None:
        self.saves += 1
        self.chats_by_id[chat.id] = chat

    async def trash_chat(self, chat_id: str) -> None:
        self.trash[chat_id] = self.chats_by_id.pop(chat_id)

    async def restore_chat(self, chat_id: str) -> Chat:
        self.chats_by_id[chat_id] = self.trash.pop(chat_id)
        return self.chats_by_id[chat_id]

    async def add_turn(self, chat_id: str, turn: ChatTurn, title: str = "") -> Chat:
        chat = await self.chat(chat_id)
        chat = structs.replace(
            chat, turns=(*chat.turns, turn), head=turn.id, title=title or chat.title, updated_at=turn.at
        )
        self.chats_by_id[chat_id] = chat
        return chat

    async def keep_picture(
        self,
        data: bytes,
        mime: str,
        request: ImageRequest,
        *,
        model: str,
        account: str,
        request_id: str,
        sandbox: bool,
    ) -> Asset:
        if self.error:
            raise self.error
        asset = Asset(
            f"pic{len(self.assets) + 1}",
            "image",
            f"/nowhere/pic{len(self.assets) + 1}.png",
            mime,
            1,
            1,
            len(data),
            request.prompt,
            model,
            0.0,
            account,
            request_id=request_id,
            sandbox=sandbox,
        )
        self.assets[asset.id] = (asset, data)
        return asset

    async def media(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        def filled(part: Any) -> Any:
            if isinstance(part, Media) and isinstance(part.data, AssetRef):
                return structs.replace(part, data=self.assets[part.data.id][1])
            return part

        return tuple(Turn(turn.role, tuple(filled(part) for part in turn.parts)) for turn in turns)


def caller(**fields: Any) -> Caller:
    return structs.replace(Caller("req_1", "openai", "test", path="/v1/chat/completions"), **fields)


def asking(text: str = "hello", model: str = "m1", **fields: Any) -> ChatRequest:
    from core.domain.content import Role

    return structs.replace(ChatRequest(model, (Turn.of(Role.USER, text),)), **fields)
