"""A world for the accounts: a clock that is turned by hand, an upstream that does as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from core.accounts.catalogue import Catalogues
from core.accounts.cooldowns import Cooldowns
from core.accounts.flows import Flows
from core.accounts.pool import AccountPool, SandboxMode
from core.accounts.rests_file import RestsFile
from core.accounts.roster import Roster
from core.accounts.service import AccountsService
from core.accounts.tokens import Tokens
from core.accounts.vault import Vault
from core.domain.accounts import Account, Credential, Device, OAuth, QuotaWindow, Realm
from core.domain.events import Batch, JobEvent
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.ports import (
    AccessToken,
    AuthorizeRequest,
    Callback,
    Catalogue,
    Grant,
    Landing,
    Project,
)
from core.domain.requests import ChatRequest, Effort, ImageRequest
from core.domain.secret import Secret

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
LIFETIME = 3600.0


class HandClock:
    """Both times move by `pass_time`; `jump` moves the wall clock alone."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 1000.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def jump(self, seconds: float) -> None:
        self.wall += seconds


def failure(cause: Cause, scope: Scope = Scope.ACCOUNT, **fields: object) -> GatewayError:
    return GatewayError.of(
        Kind.UNAVAILABLE, f"It failed ({cause.value}).", cause=cause, scope=scope, **fields
    )


class FakeSignIn:
    """Every refresh gives a numbered token. `refuse` is raised by refreshes, `rotate` replaces tokens."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.refreshed: list[str] = []
        self.projects_asked: list[str] = []
        self.refuse: Callable[[str], GatewayError | None] = lambda token: None
        self.chosen_project = ""
        self.refuse_project: GatewayError | None = None
        self.on_project: Callable[[], Awaitable[object]] | None = None
        self.refuse_email: GatewayError | None = None
        self.rotate = False
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()
        self.client = "0123456789ab"
        self.serial = "access"
        self.lifetime = LIFETIME
        self.devices = 0
        self.redeemed: list[tuple[str, str, str]] = []
        self.refuse_code: Callable[[str], GatewayError | None] = lambda code: None
        self.refuse_client: GatewayError | None = None

    callback = Callback((51121, 51122), "/oauth-callback")

    def authorize(self, realm: Realm, redirect_uri: str, hint: str = "") -> AuthorizeRequest:
        if self.refuse_client is not None:
            raise self.refuse_client
        return AuthorizeRequest(f"https://sign-in.test/?to={redirect_uri}&hint={hint}", "s1", Secret("v1"))

    async def exchange(
        self, realm: Realm, code: Secret, request: AuthorizeRequest, redirect_uri: str
    ) -> AccessToken:
        """The code `code-of-ada` signs ada in."""
        text = code.reveal()
        self.redeemed.append((text, request.verifier.reveal(), redirect_uri))
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        if (refused := self.refuse_code(text)) is not None:
            raise refused
        name = text.removeprefix("code-of-")
        token = Secret(f"access-c{len(self.redeemed)}-1//{name}")
        return AccessToken(token, self.clock.now() + self.lifetime, Secret(f"1//{name}"))

    async def refresh(self, credential: Credential, realm: Realm) -> AccessToken:
        assert isinstance(credential, OAuth)
        text = credential.refresh_token.reveal()
        self.refreshed.append(text)
        number = len(self.refreshed)
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        if (refused := self.refuse(text)) is not None:
            raise refused
        replaced = Secret(f"{text}+") if self.rotate else None
        return AccessToken(
            Secret(f"{self.serial}-{number}-{text}"), self.clock.now() + self.lifetime, replaced
        )

    async def email(self, token: Secret, realm: Realm) -> str:
        if self.refuse_email is not None:
            raise self.refuse_email
        name = token.reveal().split("-", 2)[2].removeprefix("1//").split("~")[0].rstrip("+")
        return f"{name}@{'sandbox.test' if realm is Realm.SANDBOX else 'example.test'}"

    async def project(self, account: Account, token: Secret) -> Project:
        self.projects_asked.append(account.email)
        if self.on_project is not None:
            await self.on_project()
        if self.refuse_project is not None:
            raise self.refuse_project
        return Project(f"project-of-{account.email.split('@')[0]}", "free-tier")

    def default_project(self, realm: Realm) -> str:
        return self.chosen_project if realm is Realm.REAL else ""

    def new_device(self) -> Device:
        self.devices += 1
        return Device(f"device-{self.devices}", f"quota-user-{self.devices}")

    def fingerprint(self, realm: Realm) -> str:
        return self.client


LIVE = Catalogue(
    (
        ModelInfo("gemini-3-pro", "antigravity", label="Gemini", fraction=0.5),
        ModelInfo("claude", "antigravity", fraction=0.0),
    ),
    (QuotaWindow("gemini-3-pro", 0.5, START + 7200), QuotaWindow("claude", 0.0, START + 3600)),
    {"old": "gemini-3-pro"},
)


class FakeProvider:
    """An upstream with two endpoints for catalogues, none for answers; `catalogues` answers by endpoint."""

    name = "antigravity"

    def __init__(self, clock: HandClock) -> None:
        self.sign_in = FakeSignIn(clock)
        self.asked: list[tuple[str, str]] = []
        self.catalogues: Callable[[Grant, str], Catalogue] = lambda grant, endpoint: LIVE

    def endpoints(self, realm: Realm) -> tuple[str, ...]:
        return ()

    def catalogue_endpoints(self, realm: Realm) -> tuple[str, ...]:
        return ("https://one.test", "https://two.test")

    def models(self) -> tuple[ModelInfo, ...]:
        return (ModelInfo("built-in", "antigravity"), ModelInfo("gemini-3-pro", "antigravity"))

    def resolve(self, model: str, kind: str = "chat", effort: Effort | None = None) -> str:
        return model

    def dropped(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        return ()

    def chat(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> AsyncIterator[Batch]:
        raise NotImplementedError

    def image(
        self, request: ImageRequest, model: str, grant: Grant, endpoint: str, index: int
    ) -> AsyncIterator[JobEvent]:
        raise NotImplementedError

    async def catalogue(self, grant: Grant, endpoint: str) -> Catalogue:
        self.asked.append((grant.email, endpoint))
        return self.catalogues(grant, endpoint)

    async def count_tokens(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> int:
        raise NotImplementedError


class FakeDoor:
    """A listener without a socket: `landed` is what it would ask about a query."""

    def __init__(self, port: int, landed: Callable[[Mapping[str, str]], Landing]) -> None:
        self.port = port
        self.landed = landed
        self.open = True

    async def aclose(self) -> None:
        self.open = False


class World:
    """Everything of the room over one state directory, with an acknowledgement unless told otherwise."""

    def __init__(
        self,
        home: Path,
        sandbox: SandboxMode = "off",
        acknowledged: str = "2026-01-01",
        lasts: float = 60.0,
        clock: HandClock | None = None,
    ) -> None:
        self.home = home
        self.clock = clock or HandClock()
        self.events: list[dict[str, object]] = []
        self.per_account = 4
        self.provider = FakeProvider(self.clock)
        self.sign_in = self.provider.sign_in
        self.vault = Vault(home / "accounts.json", self.clock)
        self.roster = Roster(self.vault)
        self.roster.load()
        providers = {"antigravity": self.provider}
        self.tokens = Tokens(self.roster, providers, self.clock, home / "locks", home / "access")
        self.cooldowns = Cooldowns(self.clock)
        self.rests = RestsFile(home / "cooldowns.json", self.cooldowns, self.roster.is_real, pause=0.01)
        self.rests.load()
        self.pool = AccountPool(
            self.roster,
            self.tokens,
            self.cooldowns,
            Catalogues(self.clock),
            providers,
            self.clock,
            self.publish,
            lambda: self.per_account,
            sandbox,
        )
        self.doors: list[FakeDoor] = []
        self.flows = Flows(self.open_callback, self.clock, lasts)
        self.service = AccountsService(
            self.roster,
            self.tokens,
            self.pool,
            providers,
            self.clock,
            self.publish,
            self.flows,
            lambda: acknowledged,
        )

    async def open_callback(
        self, where: Callback, landed: Callable[[Mapping[str, str]], Landing]
    ) -> FakeDoor:
        self.doors.append(FakeDoor(where.ports[0], landed))
        return self.doors[-1]

    def publish(self, topic: str, **facts: object) -> None:
        assert topic == "account.changed"
        self.events.append(facts)

    async def add(self, *names: str) -> Sequence[str]:
        """Sign in with `1//name` each; their ids."""
        ids = [(await self.service.add_token(f"1//{name}")).id for name in names]
        await self.quiet()
        return ids

    async def quiet(self) -> None:
        """Let what runs in the background end."""
        await self.pool.settle()

    async def aclose(self) -> None:
        await self.flows.aclose()
        await self.pool.aclose()
        await self.rests.aclose()
        await self.roster.aclose()


def account(name: str, **fields: object) -> Account:
    """An account as it may stand in the vault."""
    facts: dict[str, object] = {
        "id": name,
        "provider": "antigravity",
        "email": f"{name}@example.test",
        "credential": OAuth(Secret(f"1//{name}"), "0123456789ab"),
        "device": Device("d", "q"),
    }
    return Account(**(facts | fields))  # type: ignore[arg-type]
