"""Services over fixed values, for pictures of the screen and for stepping a stream by hand.

Nothing here waits for a clock: an answer goes on when a test says so, or at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from msgspec import structs
from PIL import Image

from core.domain.accounts import (
    AccountState,
    AccountView,
    Cooldown,
    ExportReport,
    ImportReport,
    ImportRow,
    ImportStep,
    Login,
    LoginState,
    QuotaWindow,
    Realm,
)
from core.domain.bodies import Bodies, ReplayBegan, Replayed, ReplayRead
from core.domain.content import Media, Retrieved, Role, Search, Source, Text, Thought
from core.domain.events import (
    Answer,
    Batch,
    Failed,
    Finished,
    JobEvent,
    Made,
    NotMade,
    PartClosed,
    PartDelta,
    PartOpened,
    Phase,
    Started,
    Usage,
    UsageSeen,
)
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.keys import Allowance, KeyState, KeyView, Standing
from core.domain.models import Meaning, ModelInfo
from core.domain.plan import Attempt, Candidate, Plan, RecordQuery, RequestRecord
from core.domain.requests import Caller, ChatRequest, ImageOptions, ImageRequest
from core.domain.searches import WebAnswer
from core.domain.state import Event, Level, Listener, LogLine, LogSlice, SettingView, Status
from core.domain.streams import Collector
from core.domain.works import Asset, Chat, ChatSummary, ChatTurn, HistoryItem, Job, Note

NOW = 1_795_254_000.0
"""The fixed present of every fake value: 2026-11-21 09:40 UTC."""

FOUND = Search(
    ("Euro 2024 winner",),
    (Source("https://uefa.example/euro-2024", "UEFA [Euro 2024]"), Source("https://news.example/final")),
)
ANSWER = """\
A half-block is one character that shows **two** pixels.

## How it works

1. Resize the picture to `cols x rows*2`.
2. Draw one `▀` per cell: the top pixel is its colour, the lower one its background.

| pane | cells | bytes |
| --- | --- | --- |
| 60x24 | 1,440 | 60 KiB |
| 80x20 | 1,600 | 66 KiB |

```python
def cell(top: str, bottom: str) -> Segment:
    return Segment("▀", Style(color=top, bgcolor=bottom))
```

> It works over SSH, in tmux and in every terminal with colours.
"""

QUOTA_FAILURE = Failure(
    Kind.QUOTA,
    "ada@sandbox.test has used up gemini-3-pro-high. It resets in 1 h 16 m; choose another model or account.",
    scope=Scope.ACCOUNT_MODEL,
    cause=Cause.QUOTA,
    retry_after=4563.0,
    status=429,
)


def account(name: str, **changes: object) -> AccountView:
    made = AccountView(
        id=f"acc_{name}",
        provider="antigravity",
        email=f"{name}@sandbox.test",
        realm=Realm.SANDBOX,
        enabled=True,
        state=AccountState.READY,
        project=f"{name}-project-1",
        tier="free-tier",
        added_at=NOW - 86_400 * 12,
        quotas=(
            QuotaWindow("gemini-pro", 0.81, NOW + 7_860),
            QuotaWindow("gemini-image", 0.52, NOW + 3_600),
            QuotaWindow("claude", 0.07, NOW + 2_460),
        ),
        quotas_at=NOW - 12,
        last_used_at=NOW - 40,
    )
    return msgspec.structs.replace(made, **changes)


MODELS = [
    ModelInfo(
        "sandbox-thinking",
        "antigravity",
        "Sandbox Thinking",
        "gemini-pro",
        context=1_048_576,
        max_output=65_536,
        thinking="always",
        accounts=2,
        fraction=0.81,
        sandbox=True,
    ),
    ModelInfo(
        "sandbox-chat",
        "antigravity",
        "Sandbox Chat",
        "gemini-flash",
        context=1_048_576,
        max_output=65_536,
        accounts=2,
        fraction=0.93,
        sandbox=True,
    ),
    ModelInfo(
        "claude-sonnet-4-6",
        "antigravity",
        "Claude Sonnet 4.6",
        "claude",
        context=200_000,
        max_output=64_000,
        thinking="asked",
        accounts=2,
        fraction=0.07,
    ),
    ModelInfo(
        "gemini-3-pro-high",
        "antigravity",
        "Gemini 3 Pro (High)",
        "gemini-pro",
        context=1_048_576,
        max_output=65_535,
        thinking="always",
        search=True,
        accounts=1,
        fraction=0.0,
    ),
    ModelInfo(
        "gemini-3-pro-image",
        "antigravity",
        "Gemini 3 Pro Image",
        "gemini-image",
        kind="image",
        context=65_536,
        tools=False,
        accounts=2,
        fraction=0.52,
    ),
    ModelInfo(
        "sandbox-image",
        "antigravity",
        "Sandbox Image",
        "gemini-image",
        kind="image",
        context=65_536,
        tools=False,
        accounts=2,
        fraction=0.99,
        sandbox=True,
    ),
]


def sample_picture(path: Path, width: int = 344, height: int = 192) -> Path:
    """A dusk of smooth bands with a sun: the same pixels each time."""
    image = Image.new("RGB", (width, height))
    pixels = image.load()
    assert pixels is not None
    for y in range(height):
        for x in range(width):
            sky = y / height
            sun = ((x - width * 0.7) ** 2 + (y - height * 0.45) ** 2) ** 0.5 < height * 0.16
            hill = y > height * (0.68 + 0.08 * ((x / width * 3) % 1))
            pixels[x, y] = (
                (252, 214, 130)
                if sun
                else (28, 34, 66)
                if hill
                else (int(60 + 180 * sky), int(50 + 90 * sky), int(110 - 20 * sky))
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def user_turn(turn_id: str, text: str, parent: str = "") -> ChatTurn:
    return ChatTurn(turn_id, parent, Role.USER, (Text(text),), NOW - 90)


def model_turn(turn_id: str, text: str, parent: str, **changes: object) -> ChatTurn:
    note = Note("sandbox-thinking", "ada@sandbox.test", 12, 180, 40, 2.1, 0.41)
    made = ChatTurn(
        turn_id,
        parent,
        Role.MODEL,
        (Thought("The person asks how a cell can show two pixels."), Text(text)),
        NOW - 80,
        note=note,
    )
    return msgspec.structs.replace(made, **changes)


IMPORTABLE: tuple[ImportRow, ...] = (
    ImportRow("grace@sandbox.test", "accounts.json", "antigravity-claude-proxy", ImportStep.ADD),
    ImportRow(
        "edsger@sandbox.test",
        "accounts.json",
        "antigravity-claude-proxy",
        ImportStep.ADD,
        "marked invalid there",
        enabled=False,
    ),
    ImportRow("barbara@sandbox.test", "antigravity-barbara.json", "CLIProxyAPI", ImportStep.REPLACE),
    ImportRow(
        "",
        "notes.json",
        "",
        ImportStep.UNREADABLE,
        "notes.json can't be imported: it is not valid JSON; it may be cut off.",
        enabled=False,
    ),
)
"""What every file or directory holds, but one called `broken.json`."""


class FakeServices:
    """Every service in one object; the attributes of the same names all lead here."""

    attached = False

    def __init__(self, folder: Path, *, filled: bool = True, held: bool = False) -> None:
        """`held`: an answer waits for `go` to be set after its first batch."""
        self.folder = folder
        self.go = asyncio.Event()
        if not held:
            self.go.set()
        self.closed = False
        self.stopped_streams = 0
        self.sent: list[str] = []
        self.searched: list[bool] = []
        """For each question, whether its answer might search the web."""
        self.fail_next: Failure | None = None
        self.library_full: Failure | None = None
        self.answer_text = ANSWER
        self.silent = False
        self.break_next: Failure | None = None
        """What the next answer breaks off with, after its first words."""
        self.chat_failure: Failure | None = None
        self.chat_failure_then: Failure | None = None
        """`chat_failure` from the moment an answer has broken off."""
        self.quota_calls = 0
        """How often an upstream was asked what is left."""
        self.hints: list[str] = []
        self.aliases = {"fast": "gemini-3-flash"}
        self.login: Login | None = None
        self.login_moves: asyncio.Queue[Login] = asyncio.Queue()
        self.chats_by_id: dict[str, Chat] = {}
        self.trash: dict[str, Chat] = {}
        self.pool = [account("ada"), account("alan", in_flight=1)] if filled else []
        self.account_notices: list[str] = []
        self.importable = IMPORTABLE
        self.pictures_kept: list[Asset] = []
        self.queue: list[Job] = []
        self.client_keys: dict[str, KeyView] = {}
        self.rows: list[RequestRecord] = []
        self.log_lines: list[LogLine] = []
        self.said: dict[str, Bodies] = {}
        self.replayed: list[tuple[str, str]] = []
        self.recording = False
        self.sandboxed = True
        self.published: asyncio.Queue[list[Event]] = asyncio.Queue()
        self.seq = 0
        if filled:
            self._fill()

    # One object plays every part.
    @property
    def chats(self) -> FakeChats:
        return FakeChats(self)

    @property
    def generation(self) -> FakeGeneration:
        return FakeGeneration(self)

    @property
    def accounts(self) -> FakeAccounts:
        return FakeAccounts(self)

    @property
    def keys(self) -> FakeKeys:
        return FakeKeys(self)

    @property
    def library(self) -> FakeLibrary:
        return FakeLibrary(self)

    @property
    def studio(self) -> FakeStudio:
        return FakeStudio(self)

    @property
    def records(self) -> FakeRecords:
        return FakeRecords(self)

    @property
    def replays(self) -> FakeReplays:
        return FakeReplays(self)

    @property
    def settings(self) -> FakeSettings:
        return FakeSettings(self)

    @property
    def events(self) -> FakeEvents:
        return FakeEvents(self)

    @property
    def owner(self) -> FakeOwner:
        return FakeOwner(self)

    async def aclose(self) -> None:
        self.closed = True

    def sign_in_moves(self, state: LoginState, error: str = "", account: AccountView | None = None) -> Login:
        """What a browser would bring about."""
        assert self.login is not None
        self.login = msgspec.structs.replace(self.login, state=state, error=error, account=account)
        self.login_moves.put_nowait(self.login)
        return self.login

    def publish(self, topic: str, **facts: object) -> None:
        self.seq += 1
        self.published.put_nowait([Event(self.seq, NOW, topic, dict(facts))])

    def _fill(self) -> None:
        titles = [
            "How do half-block previews work?",
            "Fix the SSE parser",
            "Release notes",
            "Prompt for a poster",
        ]
        for number, title in enumerate(titles):
            first = user_turn(f"t{number}a", title)
            second = model_turn(f"t{number}b", ANSWER, first.id)
            at = NOW - 3_600 * 9 * number
            self.chats_by_id[f"chat{number}"] = Chat(
                f"chat{number}",
                title,
                "sandbox-thinking",
                at - 60,
                at,
                second.id,
                (first, second),
                sandbox=True,
            )
        for number in range(3):
            path = sample_picture(self.folder / f"lighthouse-{number}.png")
            self.pictures_kept.append(
                Asset(
                    f"pic{number}",
                    "image",
                    str(path),
                    "image/png",
                    344,
                    192,
                    path.stat().st_size,
                    "a lighthouse at dusk, linocut",
                    "gemini-3-pro-image",
                    NOW - 600 * (number + 1),
                    "ada@sandbox.test",
                    "16:9",
                    str(path),
                    f"req{number}",
                    sandbox=True,
                )
            )
        plan = Plan(
            "gemini-3-pro-high",
            "gemini-3-pro-high",
            (
                Candidate(
                    "acc_ada", "ada@sandbox.test", "antigravity", "gemini-3-pro-high", "resting 41 s: rate"
                ),
                Candidate("acc_alan", "alan@sandbox.test", "antigravity", "gemini-3-pro-high", score=0.9),
            ),
            strategy="sticky",
        )
        tries = (
            Attempt(
                "acc_ada", "ada@sandbox.test", "http://127.0.0.1:9", "rate", 429, 1.0, None, 40.0, "too fast"
            ),
            Attempt("acc_alan", "alan@sandbox.test", "http://127.0.0.1:9", "ok", 200, 42.0, 180.0, 812.0),
        )
        self.rows = [
            RequestRecord(
                "req0",
                NOW - 60,
                "openai",
                "OpenAI/Python 3.52",
                "local",
                "/v1/chat/completions",
                True,
                "gemini-3-pro-high",
                "gemini-3-pro-high",
                "antigravity",
                "acc_alan",
                "alan@sandbox.test",
                "http://127.0.0.1:9",
                ttft_ms=180.0,
                duration_ms=812.0,
                usage=Usage(120, 904),
                attempts=tries,
                plan=plan,
                sandbox=True,
            ),
            RequestRecord(
                "req1",
                NOW - 30,
                "tui",
                asked="sandbox-chat",
                model="sandbox-chat",
                email="ada@sandbox.test",
                status=429,
                kind="quota",
                cause="quota",
                message=QUOTA_FAILURE.public_message,
                duration_ms=41.0,
            ),
        ]
        texts: list[tuple[Level, str, str, str]] = [
            ("info", "server", "listening on http://127.0.0.1:8045", ""),
            (
                "info",
                "gateway",
                "POST /v1/chat/completions 200  812 ms  alan@…  gemini-3-pro-high  ↑120 ↓904",
                "req0",
            ),
            ("warning", "pool", "ada@… rests 41 s for gemini-3-pro-high: too many requests", "req0"),
            ("error", "gateway", "chat 429  41 ms  ada@…  sandbox-chat: used up, resets in 1 h 16 m", "req1"),
            ("debug", "transport", "kept a connection to 127.0.0.1:9", ""),
        ]
        for number in range(40):
            level, source, text, request = texts[number % len(texts)]
            self.log_lines.append(
                LogLine(number + 1, NOW - 400 + number * 10, level, source, text, request, "ada@sandbox.test")
            )


class Part:
    def __init__(self, world: FakeServices) -> None:
        self.world = world


class FakeChats(Part):
    async def list(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        found = sorted(self.world.chats_by_id.values(), key=lambda chat: -chat.updated_at)
        return [
            ChatSummary(
                chat.id,
                chat.title,
                chat.model,
                chat.created_at,
                chat.updated_at,
                len(chat.turns),
                232,
                "A half-block is one character",
                chat.sandbox,
            )
            for chat in found
            if text.lower() in chat.title.lower()
        ][:limit]

    async def get(self, chat_id: str) -> Chat:
        if self.world.chat_failure is not None:
            raise GatewayError(self.world.chat_failure)
        if chat_id not in self.world.chats_by_id:
            raise GatewayError(Failure(Kind.NOT_FOUND, f"There is no chat {chat_id}."))
        return self.world.chats_by_id[chat_id]

    async def create(self, model: str = "", title: str = "") -> Chat:
        number = len(self.world.chats_by_id)
        chat = Chat(
            f"chat{number}", title, model or "sandbox-thinking", NOW + number, NOW + number, sandbox=True
        )
        self.world.chats_by_id[chat.id] = chat
        return chat

    async def rename(self, chat_id: str, title: str) -> Chat:
        chat = msgspec.structs.replace(await self.get(chat_id), title=title)
        self.world.chats_by_id[chat_id] = chat
        return chat

    async def delete(self, chat_id: str) -> None:
        self.world.trash[chat_id] = self.world.chats_by_id.pop(chat_id)

    async def restore(self, chat_id: str) -> Chat:
        self.world.chats_by_id[chat_id] = self.world.trash.pop(chat_id)
        return self.world.chats_by_id[chat_id]

    async def send(
        self,
        chat_id: str,
        text: str,
        model: str = "",
        attachments: tuple[Media, ...] = (),
        parent: str | None = None,
        search: bool = False,
    ) -> AsyncIterator[Batch]:
        self.world.sent.append(text)
        self.world.searched.append(search)
        chat = await self.get(chat_id)
        turn = user_turn(f"u{len(chat.turns)}", text, chat.head)
        self._add(chat, turn)
        async for batch in self._answer(chat_id, turn.id, model):
            yield batch

    async def again(
        self, chat_id: str, turn_id: str, model: str = "", search: bool = False
    ) -> AsyncIterator[Batch]:
        self.world.searched.append(search)
        async for batch in self._answer(chat_id, turn_id, model):
            yield batch

    def _add(self, chat: Chat, turn: ChatTurn) -> None:
        better = not turn.parts and any(known.parts for known in chat.turns if known.parent == turn.parent)
        head = chat.head if better else turn.id
        self.world.chats_by_id[chat.id] = msgspec.structs.replace(
            chat, turns=(*chat.turns, turn), head=head, title=chat.title or "A new question"
        )

    async def _answer(self, chat_id: str, parent: str, model: str) -> AsyncIterator[Batch]:
        collector, state = Collector(), "stopped"
        try:
            async for batch in answer_batches(self.world, model):
                collector.feed(batch)
                yield batch
            state = "failed" if collector.failure else "complete"
        finally:
            self.world.stopped_streams += state == "stopped"
            chat = self.world.chats_by_id[chat_id]
            turn = model_turn(
                f"m{len(chat.turns)}",
                "",
                parent,
                parts=collector.so_far(),
                state=state,
                failure=collector.failure,
            )
            self._add(chat, turn)


async def answer_batches(world: FakeServices, model: str) -> AsyncIterator[Batch]:
    if world.fail_next is not None:
        failure, world.fail_next = world.fail_next, None
        raise GatewayError(failure)
    yield [Started(model or "sandbox-thinking", "ada@sandbox.test", "antigravity", "http://127.0.0.1:9")]
    if world.silent:
        yield [UsageSeen(Usage(5)), Finished()]
        return
    yield [
        PartOpened(Thought("")),
        PartDelta("The person asks how a cell can show two pixels."),
        PartClosed(),
    ]
    head, rest = world.answer_text[:40], world.answer_text[40:]
    yield [PartOpened(Text("")), PartDelta(head)]
    if world.break_next is not None:
        failure, world.break_next = world.break_next, None
        world.chat_failure = world.chat_failure_then
        yield [Failed(failure)]
        return
    await world.go.wait()
    yield [PartDelta(rest), PartClosed()]
    if world.searched and world.searched[-1]:
        yield [PartOpened(FOUND), PartClosed()]
    yield [UsageSeen(Usage(12, 180, thoughts=40)), Finished()]


class FakeGeneration(Part):
    def stream(self, request: ChatRequest, caller: Caller) -> AsyncIterator[Batch]:
        return answer_batches(self.world, request.model)

    async def answer(self, request: ChatRequest, caller: Caller) -> Answer:
        collector = Collector()
        async for batch in self.stream(request, caller):
            collector.feed(batch)
        return collector.answer()

    def pictures(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        return self.world.studio.make(request, caller)

    async def search(
        self,
        query: str,
        caller: Caller,
        urls: tuple[str, ...] = (),
        thinking: bool = True,
        model: str = "",
    ) -> WebAnswer:
        if self.world.fail_next is not None:
            raise GatewayError(self.world.fail_next)
        pages = tuple(Retrieved(url) for url in urls)
        started = Started(model or "gemini-2.5-flash", "ada@sandbox.test", "antigravity")
        found = Search(FOUND.queries, FOUND.sources, pages)
        return WebAnswer(
            query, "Spain won Euro 2024." if thinking else "Spain.", found, started, Usage(20, 9)
        )

    async def explain(self, model: str, conversation: str = "") -> Plan:
        return Plan(model, model, (Candidate("acc_ada", "ada@sandbox.test", "antigravity", model),))

    async def models(self, key: str = "", names: bool = False) -> list[ModelInfo]:
        also = structs.replace(MODELS[0], id="gpt-4o", leads_to=MODELS[0].id)
        return [*MODELS, also] if names else list(MODELS)

    async def meaning(self, model: str) -> Meaning:
        return Meaning(model, model)

    async def count_tokens(self, request: ChatRequest, caller: Caller) -> int:
        return 12


LINK = (
    "http://127.0.0.1:9/authorize?client_id=sandbox-client-id&response_type=code"
    "&redirect_uri=http%3A%2F%2Flocalhost%3A51121%2Foauth-callback"
    "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform%20"
    "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email%20"
    "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.profile%20"
    "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcclog%20"
    "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fexperimentsandconfigs"
    "&access_type=offline&prompt=consent&state=9f1c0a7be2d3448899aabbccddeeff00"
    "&code_challenge=Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm8&code_challenge_method=S256"
)


class FakeAccounts(Part):
    """Sign-ins take `code-of-NAME` pasted, or what a test does with `sign_in_moves`."""

    async def list(self) -> list[AccountView]:
        return list(self.world.pool)

    async def add_token(
        self, refresh_token: str, provider: str = "antigravity", project: str = ""
    ) -> AccountView:
        if self.world.fail_next is not None:
            failure, self.world.fail_next = self.world.fail_next, None
            raise GatewayError(failure)
        made = account(refresh_token.rsplit("-", 1)[-1])
        self.world.pool.append(made)
        self.world.publish("account.changed", account=made.id)
        return made

    async def remove(self, account_id: str) -> None:
        self.world.pool = [each for each in self.world.pool if each.id != account_id]
        self.world.publish("account.changed", account=account_id)

    async def enable(self, account_id: str, enabled: bool) -> AccountView:
        self.world.pool = [
            msgspec.structs.replace(each, enabled=enabled) if each.id == account_id else each
            for each in self.world.pool
        ]
        return next(each for each in self.world.pool if each.id == account_id)

    async def set_project(self, account_id: str, project: str) -> AccountView:
        self.world.pool = [
            msgspec.structs.replace(each, project=project) if each.id == account_id else each
            for each in self.world.pool
        ]
        return next(each for each in self.world.pool if each.id == account_id)

    async def refresh_quota(self, account_id: str = "") -> list[AccountView]:
        self.world.quota_calls += 1
        for view in self.world.pool:
            self.world.publish("account.changed", account=view.id, why="quota")
        return list(self.world.pool)

    async def acknowledged(self) -> str:
        return "2026-11-20"

    async def acknowledge(self) -> str:
        return "2026-11-21"

    async def import_preview(self, path: str) -> tuple[ImportRow, ...]:
        if path.endswith("broken.json"):
            words = f"{Path(path).name} can't be imported: it is not valid JSON; it may be cut off."
            raise GatewayError(Failure(Kind.BAD_REQUEST, words))
        here = {each.email for each in self.world.pool}
        return tuple(
            msgspec.structs.replace(row, step=ImportStep.SAME) if row.email in here else row
            for row in self.world.importable
        )

    async def import_accounts(
        self, path: str, emails: tuple[str, ...] = (), replace: bool = False
    ) -> ImportReport:
        if self.world.fail_next is not None:
            failure, self.world.fail_next = self.world.fail_next, None
            raise GatewayError(failure)
        rows = [row for row in await self.import_preview(path) if not emails or row.email in emails]
        added = tuple(row.email for row in rows if row.step is ImportStep.ADD)
        replaced = tuple(row.email for row in rows if replace and row.step is ImportStep.REPLACE)
        self.world.pool += [account(email.partition("@")[0]) for email in added]
        self.world.publish("account.changed", why="imported")
        return ImportReport(added, replaced, tuple(row for row in rows if row.email not in added + replaced))

    async def export(self, path: str) -> ExportReport:
        return ExportReport(path, tuple(each.email for each in self.world.pool))

    async def login_start(self, provider: str = "antigravity", hint: str = "") -> Login:
        if self.world.fail_next is not None:
            failure, self.world.fail_next = self.world.fail_next, None
            raise GatewayError(failure)
        self.world.hints.append(hint)
        self.world.login_moves = asyncio.Queue()
        self.world.login = Login(
            f"login{len(self.world.hints)}",
            provider,
            LINK,
            "http://localhost:51121/oauth-callback",
            NOW + 300,
        )
        return self.world.login

    async def login_paste(self, login_id: str, text: str) -> Login:
        if "error=" in text:
            return self.world.sign_in_moves(LoginState.FAILED, "It was refused in the browser.")
        if "code-of-" not in text:
            raise GatewayError(Failure(Kind.BAD_REQUEST, "There is no code in that address yet."))
        self.world.sign_in_moves(LoginState.EXCHANGING)
        made = account(text.rsplit("-", 1)[-1])
        self.world.pool = [each for each in self.world.pool if each.id != made.id] + [made]
        return self.world.sign_in_moves(LoginState.DONE, account=made)

    async def login_status(self, login_id: str) -> Login:
        assert self.world.login is not None
        return self.world.login

    async def login_watch(self, login_id: str) -> AsyncIterator[Login]:
        login = await self.login_status(login_id)
        yield login
        while not login.state.over:
            login = await self.world.login_moves.get()
            yield login

    async def login_cancel(self, login_id: str) -> Login:
        login = await self.login_status(login_id)
        return login if login.state.over else self.world.sign_in_moves(LoginState.CANCELLED)

    async def notices(self) -> list[str]:
        return self.world.account_notices


class FakeKeys(Part):
    async def show(self) -> str:
        return "sk-agtui-fake"

    async def renew(self) -> str:
        return "sk-agtui-newer"

    async def list(self) -> list[KeyView]:
        return sorted(self.world.client_keys.values(), key=lambda key: key.name)

    async def create(
        self,
        name: str,
        models: tuple[str, ...] = (),
        rpm: int = 0,
        tokens_per_day: int = 0,
        expires_at: float | None = None,
    ) -> str:
        if name in self.world.client_keys:
            raise GatewayError.of(Kind.BAD_REQUEST, f"There is a key `{name}` already.")
        used = Standing(
            Allowance(rpm, 12, 5.0) if rpm else None,
            Allowance(tokens_per_day, 1500, 60.0) if tokens_per_day else None,
        )
        view = KeyView(
            name, "tail", KeyState.ACTIVE, NOW, models, rpm, tokens_per_day, expires_at, standing=used
        )
        self.world.client_keys[name] = view
        return f"sk-agtui-of-{name}"

    async def revoke(self, name: str) -> KeyView:
        if name not in self.world.client_keys:
            raise GatewayError.of(Kind.NOT_FOUND, f"There is no client key `{name}`.")
        view = msgspec.structs.replace(self.world.client_keys[name], state=KeyState.REVOKED, revoked_at=NOW)
        self.world.client_keys[name] = view
        return view


class FakeLibrary(Part):
    async def assets(self, text: str = "", limit: int = 100, before: str = "") -> list[Asset]:
        return [each for each in self.world.pictures_kept if text.lower() in each.prompt][:limit]

    async def asset(self, asset_id: str) -> Asset:
        return next(each for each in self.world.pictures_kept if each.id == asset_id)

    async def delete_asset(self, asset_id: str) -> None:
        self.world.pictures_kept = [each for each in self.world.pictures_kept if each.id != asset_id]

    async def restore_asset(self, asset_id: str) -> Asset:
        raise GatewayError(Failure(Kind.NOT_FOUND, "It is not in the trash."))

    async def history(
        self, text: str = "", kind: str = "", limit: int = 200, before: float = 0.0
    ) -> list[HistoryItem]:
        chats = [
            HistoryItem(
                "chat",
                chat.id,
                chat.updated_at,
                chat.title,
                chat.model,
                "ada@sandbox.test",
                "232 tok",
                sandbox=True,
            )
            for chat in self.world.chats_by_id.values()
        ]
        pictures = [
            HistoryItem(
                "image",
                each.id,
                each.created_at,
                each.prompt,
                each.model,
                each.account,
                "344x192",
                each.path,
                True,
            )
            for each in self.world.pictures_kept
        ]
        found = [
            item
            for item in chats + pictures
            if text.lower() in item.title.lower() and (not kind or item.kind == kind)
        ]
        return sorted(found, key=lambda item: -item.at)[:limit]

    async def rebuild(self) -> dict[str, int]:
        return {
            "chats": len(self.world.chats_by_id),
            "pictures": len(self.world.pictures_kept),
            "unreadable": 0,
        }

    async def purge_sandbox(self) -> dict[str, int]:
        return {"chats": 0, "pictures": 0, "rows": 0}


class FakeStudio(Part):
    async def submit(self, request: ImageRequest) -> Job:
        number = len(self.world.queue) + 1
        if self.world.fail_next is not None:
            failure, self.world.fail_next = self.world.fail_next, None
            job = Job(f"job{number}", request, "failed", NOW, NOW, NOW, "failed", failure=failure)
        elif not self.world.go.is_set():
            job = Job(f"job{number}", request, "running", NOW, NOW, phase="drawing")
        else:
            assets = [await self._keep(request) for _ in range(request.n)]
            job = Job(f"job{number}", request, "done", NOW, NOW, NOW + 4.1, "done", tuple(assets))
        self.world.queue.insert(0, job)
        self.world.publish("job.changed", id=job.id, state=job.state)
        return job

    async def _keep(self, request: ImageRequest) -> Asset:
        number = len(self.world.pictures_kept)
        path = sample_picture(self.world.folder / f"made-{number}.png")
        made = Asset(
            f"pic{number}",
            "image",
            str(path),
            "image/png",
            344,
            192,
            path.stat().st_size,
            request.prompt,
            request.model,
            NOW,
            "ada@sandbox.test",
            request.image.aspect,
            str(path),
            sandbox=True,
        )
        self.world.pictures_kept.insert(0, made)
        self.world.publish("asset.added", id=made.id)
        return made

    async def cancel(self, job_id: str) -> None:
        self.world.queue = [
            msgspec.structs.replace(job, state="cancelled", phase="cancelled", ended_at=NOW)
            if job.id == job_id
            else job
            for job in self.world.queue
        ]
        self.world.publish("job.changed", id=job_id, state="cancelled")

    async def jobs(self, limit: int = 50) -> list[Job]:
        return self.world.queue[:limit]

    async def watch(self, job_id: str) -> AsyncIterator[JobEvent]:
        await self.world.go.wait()
        yield Phase("done")

    async def make(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        for index in range(request.n):
            yield Phase("drawing", index)
            if self.world.fail_next is not None:
                failure, self.world.fail_next = self.world.fail_next, None
                yield NotMade(index, failure)
                continue
            asset = await self._keep(request)
            data = await asyncio.to_thread(Path(asset.path).read_bytes)
            full = self.world.library_full
            yield Made(index, Media("image/png", data), None if full else asset, not_kept=full)


class FakeRecords(Part):
    async def requests(self, query: RecordQuery) -> list[RequestRecord]:
        return [row for row in self.world.rows if not query.errors or row.kind != "ok"][: query.limit]

    async def request(self, request_id: str) -> RequestRecord:
        return next(row for row in self.world.rows if row.id == request_id)

    async def bodies(self, request_id: str) -> Bodies:
        if request_id not in self.world.said:
            raise GatewayError.of(Kind.NOT_FOUND, f"No body is recorded of {request_id}. Set records.bodies.")
        return self.world.said[request_id]

    async def purge_bodies(self) -> int:
        gone = len(self.world.said)
        self.world.said.clear()
        return gone

    async def lines(self, after: int = 0, limit: int = 1000) -> LogSlice:
        lines = [line for line in self.world.log_lines if line.seq > after][:limit]
        return LogSlice(tuple(lines), 1, len(self.world.log_lines))

    async def tail(self, after: int = 0) -> AsyncIterator[LogSlice]:
        yield await self.lines(after)
        await asyncio.Event().wait()

    async def log(self, level: Level, source: str, text: str) -> None:
        self.world.log_lines.append(LogLine(len(self.world.log_lines) + 1, NOW, level, source, text))


class FakeReplays(Part):
    async def send(self, request_id: str, model: str = "") -> AsyncIterator[Replayed]:
        if request_id not in self.world.said:
            raise GatewayError.of(Kind.NOT_FOUND, f"No body is recorded of {request_id}. Set records.bodies.")
        self.world.replayed.append((request_id, model))
        yield ReplayBegan("req_again", 200, "text/event-stream")
        yield ReplayRead(b'data: {"choices":[{"delta":{"content":"It is wet."}}]}\n\n')


class FakeSettings(Part):
    async def aliases(self) -> dict[str, str]:
        return dict(self.world.aliases)

    async def change_aliases(self, changes: dict[str, str | None]) -> dict[str, str]:
        changed = self.world.aliases | changes
        self.world.aliases = {name: model for name, model in changed.items() if model is not None}
        return dict(self.world.aliases)

    async def list(self) -> list[SettingView]:
        return [SettingView("ui.theme", "harbor", "harbor", "default", "Theme", "AGTUI_UI__THEME")]

    async def set(self, name: str, value: str) -> SettingView:
        return SettingView(name, value, "", "file", "", "")

    async def path(self) -> str:
        return "config.toml"


class FakeEvents(Part):
    async def subscribe(self, after: int = -1) -> AsyncIterator[list[Event]]:
        while True:
            yield await self.world.published.get()


class FakeOwner(Part):
    async def status(self) -> Status:
        return Status(
            4711,
            "0.1.0",
            NOW - 600,
            "/home/ada/.agtui",
            "auto",
            self.world.sandboxed,
            (Listener("gateway", "http://127.0.0.1:8045", "127.0.0.1", 8045),),
            len([each for each in self.world.pool if each.enabled]),
            len(self.world.pool),
            recording=self.world.recording,
        )

    async def stop(self) -> None:
        self.world.closed = True


def picture_request(prompt: str = "a lighthouse", n: int = 1) -> ImageRequest:
    return ImageRequest(prompt, "sandbox-image", n, ImageOptions("16:9"))


__all__ = [
    "ANSWER",
    "NOW",
    "QUOTA_FAILURE",
    "Cooldown",
    "FakeServices",
    "account",
    "picture_request",
    "sample_picture",
]
