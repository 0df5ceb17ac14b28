"""What rooms expect of each other, so that they never import each other. (The seam to upstreams is written
down in network.py, and known here too.)

transport/   implements Transport           used by providers
providers/   implement Provider, SignIn     used by gateway and accounts
accounts/    implements Pool                used by gateway
dialects/    implement Dialect, Reply       used by server
library/     implements Shelf               used by gateway and studio
records/     implements Recorder            used by gateway
             and BodyRecorder               used by server
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from .accounts import Account, Credential, Device, QuotaWindow, Realm
from .bodies import Tape
from .content import Turn
from .events import Answer, Batch, JobEvent
from .failure import Failure
from .models import ModelInfo
from .network import Call as Call
from .network import Fetched as Fetched
from .network import LinkFetcher as LinkFetcher
from .network import Timeouts as Timeouts
from .network import Transport as Transport
from .network import UpstreamReply as UpstreamReply
from .plan import RequestRecord
from .requests import ChatRequest, Effort, ImageRequest
from .secret import Secret
from .works import Asset, Chat, ChatSummary, ChatTurn


class Clock(Protocol):
    """Two times: `now` in unix seconds for people and files, `monotonic` in seconds for waiting."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


# --- providers ---------------------------------------------------------------------------------


class Grant(Struct, frozen=True):
    """The right to make a call as an account: a live access token and what must ride with it.

    `trace` is the id of the request that the call is made for; empty: nobody's.
    """

    account: str
    email: str
    realm: Realm
    token: Secret
    project: str
    device: Device
    trace: str = ""


class Catalogue(Struct, frozen=True):
    """What an account may use, as the upstream tells it.

    `aliases` lead from ids that this account lacks to what it has instead, `retired` from ids that the
    upstream gave up to those that replace them.
    """

    models: tuple[ModelInfo, ...]
    quotas: tuple[QuotaWindow, ...]
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    retired: dict[str, str] = field(default_factory=dict[str, str])


class AccessToken(Struct, frozen=True):
    """`expires_at` is unix seconds. `refresh_token` is set when the upstream gave one: it replaces ours."""

    token: Secret
    expires_at: float
    refresh_token: Secret | None = None


class Project(Struct, frozen=True):
    """What an upstream gives an account. `id` is empty when it names none but the one that was chosen."""

    id: str
    tier: str = ""


class Callback(Struct, frozen=True):
    """Where a provider sends browsers back to: ports of this machine in the order to try, and the path."""

    ports: tuple[int, ...]
    path: str


class AuthorizeRequest(Struct, frozen=True):
    """The link that a person opens. `state` comes back with the code; `verifier` (PKCE) never leaves us
    before the exchange."""

    url: str
    state: str
    verifier: Secret


class SignIn(Protocol):
    """How to sign in at one provider; accounts know when.

    Raises GatewayError: cause `invalid_grant` (sign in again), `config` (a setting is missing, named
    before any network call), `server` or `connect` (try later).
    """

    @property
    def callback(self) -> Callback: ...

    def authorize(self, realm: Realm, redirect_uri: str, hint: str = "") -> AuthorizeRequest:
        """Begin a sign-in with the browser; `hint` is the e-mail to offer. Asks nobody."""
        ...

    async def exchange(
        self, realm: Realm, code: Secret, request: AuthorizeRequest, redirect_uri: str
    ) -> AccessToken:
        """Tokens for the code that the browser came back with; `refresh_token` is always there."""
        ...

    async def refresh(self, credential: Credential, realm: Realm) -> AccessToken: ...

    async def email(self, token: Secret, realm: Realm) -> str: ...

    async def project(self, account: Account, token: Secret) -> Project: ...

    def default_project(self, realm: Realm) -> str:
        """The project that the settings name for accounts without one of their own; empty: none."""
        ...

    def new_device(self) -> Device: ...

    def fingerprint(self, realm: Realm) -> str:
        """12 hex digits of the client id's SHA-256: a token works only with the client that made it."""
        ...


class Provider(Protocol):
    """One upstream, spoken to for one account at one endpoint.

    `chat` and `image` raise GatewayError (with scope and cause) before the first event or in the
    middle; they never yield `Started` or `Failed`, which are the gateway's. They may be closed early.
    """

    @property
    def name(self) -> str: ...

    @property
    def sign_in(self) -> SignIn: ...

    def endpoints(self, realm: Realm) -> tuple[str, ...]:
        """Base URLs in the order in which to try them."""
        ...

    def catalogue_endpoints(self, realm: Realm) -> tuple[str, ...]:
        """The same for `catalogue`; they may differ from those that answer."""
        ...

    def models(self) -> tuple[ModelInfo, ...]:
        """The built-in table, for when no live catalogue is there."""
        ...

    def resolve(self, model: str, kind: str = "chat", effort: Effort | None = None) -> str:
        """The id that is sent for a name that a client may use; unknown names pass through.

        `effort` is what the request asks for: a name without a tier may stand for a smaller model then.
        """
        ...

    def names(self) -> tuple[str, ...]:
        """What lists of models show beside the models' own ids: names that `resolve` knows and that other
        programs have built in."""
        ...

    def dropped(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        """The names of request fields that `model` can't be told."""
        ...

    def signer(self, model: str) -> str:
        """The family of models that take each other's signatures and to which `model` belongs; empty: it
        signs nothing."""
        ...

    def chat(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> AsyncIterator[Batch]: ...

    def image(
        self, request: ImageRequest, model: str, grant: Grant, endpoint: str, index: int
    ) -> AsyncIterator[JobEvent]:
        """Makes one picture, number `index` of the request: phases, then `Made`."""
        ...

    async def catalogue(self, grant: Grant, endpoint: str) -> Catalogue: ...

    async def count_tokens(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> int: ...


# --- accounts ----------------------------------------------------------------------------------


class PoolEntry(Struct, frozen=True):
    """An account as the planner sees it. `offers` is None while its catalogue is unknown (assume yes).

    `resting` maps a model (or "" for the whole account) to seconds left, `why` to the failure behind it;
    `aliases` and `retired` are those of its catalogue. `last_used` is monotonic seconds, 0 for never.
    """

    account: str
    email: str
    provider: str
    realm: Realm
    usable: str
    offers: frozenset[str] | None
    resting: dict[str, float]
    in_flight: int
    limit: int
    fractions: dict[str, float | None]
    last_used: float
    why: dict[str, Failure] = field(default_factory=dict[str, Failure])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    retired: dict[str, str] = field(default_factory=dict[str, str])


class PoolView(Struct, frozen=True):
    """A snapshot of the pool. `usable` of an entry says why not; empty: it is."""

    entries: tuple[PoolEntry, ...]


class Pool(Protocol):
    """Who may answer: the accounts as the gateway uses them."""

    def view(self) -> PoolView: ...

    def models(self) -> tuple[ModelInfo, ...]:
        """Everything that some account offers, live catalogues over built-in tables."""
        ...

    async def learn(self, seconds: float) -> None:
        """Fetch the catalogues that are missing or old, for somebody who wants to see them. Takes at most
        `seconds`; what could not be learned keeps its built-in table."""
        ...

    async def grant(self, account: str, fresh: bool = False, without: str = "") -> Grant:
        """A live token and a project for `account`; `fresh` forces a refresh after a 401. `without` names
        a project that was refused: another one is given, or the same where there is no other."""
        ...

    def take(self, account: str, model: str) -> Callable[[], None] | None:
        """Count one more call in flight; the returned function gives it back. None: no place."""
        ...

    def note_success(self, account: str, model: str) -> None: ...

    def note_failure(self, account: str, model: str, failure: Failure) -> None:
        """Start the cooldown or the state change that `failure` calls for."""
        ...


class Landing(Struct, frozen=True):
    """What a browser that came back is shown: an HTTP status and plain text."""

    status: int
    title: str
    text: str


class CallbackDoor(Protocol):
    """Waits on loopback for the browser. `port` is the one that was free."""

    @property
    def port(self) -> int: ...

    async def aclose(self) -> None: ...


class OpenCallback(Protocol):
    """Opens such a door. `landed` gets the query of every request to the path of `where`."""

    async def __call__(
        self, where: Callback, landed: Callable[[Mapping[str, str]], Landing]
    ) -> CallbackDoor: ...


# --- dialects ----------------------------------------------------------------------------------


class ErrorBody(Struct, frozen=True):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Reply(Protocol):
    """Writes an answer in one client protocol. Sans-I/O; one object a request.

    `frames` takes a batch and gives the bytes of its frames (maybe none), ending included when the
    batch holds it; `body` writes a whole answer. `content_type` is that of the frames.
    """

    @property
    def content_type(self) -> str: ...

    def frames(self, batch: Sequence[object]) -> bytes: ...

    def body(self, answer: Answer) -> bytes: ...

    def heartbeat(self) -> bytes:
        """A frame that says nothing, for a client that waits."""
        ...


class Decoded(Struct, frozen=True):
    """A client's request in domain words, and the reply that will speak its language."""

    request: ChatRequest
    reply: Reply
    stream: bool = False


# --- library and records -----------------------------------------------------------------------


class Shelf(Protocol):
    """The library as gateway and studio use it. Every method may block on disk, off the loop."""

    async def chat(self, chat_id: str) -> Chat: ...

    async def chats(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        """Newest first; `text` filters title and content."""
        ...

    async def save_chat(self, chat: Chat) -> None: ...

    async def trash_chat(self, chat_id: str) -> None: ...

    async def restore_chat(self, chat_id: str) -> Chat: ...

    async def add_turn(self, chat_id: str, turn: ChatTurn, title: str = "") -> Chat: ...

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
    ) -> Asset: ...

    async def media(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The same turns with every `AssetRef` replaced by its bytes."""
        ...


class Recorder(Protocol):
    """Takes a row at the end of a request. Never blocks and never raises."""

    def record(self, row: RequestRecord) -> None: ...


class BodyRecorder(Protocol):
    """Takes what was said in a request, while that is recorded (`on`). Never blocks and never raises."""

    @property
    def on(self) -> bool: ...

    def begin(self, tape: Tape) -> None:
        """Calls to upstreams that bear the id of this request are noted from here."""
        ...

    def end(self, tape: Tape, key: str | None) -> None:
        """The request is over. `key` is the name of the key that it came with (empty: it needed none);
        None: forget what was said."""
        ...


class Publish(Protocol):
    """Announces an event (topic, facts). Never blocks and never raises."""

    def __call__(self, topic: str, /, **facts: object) -> None: ...
