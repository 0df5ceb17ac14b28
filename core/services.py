"""The services: everything a door can do, as small Protocols over domain values.

The local ones live in their rooms and are put together by `runtime`; `attach` speaks the same Protocols
to another process, by name. So every parameter and result is a domain value, a plain scalar or a
tuple/list of them, and a method is either `async def` (one answer) or returns an `AsyncIterator`.

All raise GatewayError with a failure that may be shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from core.domain.accounts import AccountView, ExportReport, ImportReport, ImportRow, Login
from core.domain.bodies import Bodies, Replayed
from core.domain.content import Media
from core.domain.events import Answer, Batch, JobEvent
from core.domain.keys import KeyView
from core.domain.models import Meaning, ModelInfo
from core.domain.plan import Plan, RecordQuery, RequestRecord
from core.domain.requests import Caller, ChatRequest, ImageRequest
from core.domain.searches import WebAnswer
from core.domain.state import Event, Level, LogSlice, SettingView, Status
from core.domain.works import Asset, Chat, ChatSummary, HistoryItem, Job


class Chats(Protocol):
    """Conversations that are kept."""

    async def list(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        """Newest first; `text` filters title and content."""
        ...

    async def get(self, chat_id: str) -> Chat: ...

    async def create(self, model: str = "", title: str = "") -> Chat: ...

    async def rename(self, chat_id: str, title: str) -> Chat: ...

    async def delete(self, chat_id: str) -> None:
        """Moves the chat to the trash; `restore` brings it back."""
        ...

    async def restore(self, chat_id: str) -> Chat: ...

    def send(
        self,
        chat_id: str,
        text: str,
        model: str = "",
        attachments: tuple[Media, ...] = (),
        parent: str | None = None,
        search: bool = False,
    ) -> AsyncIterator[Batch]:
        """Add a user turn after `parent` (default: the head) and stream the answer into the chat.

        The user turn is on disk before the first batch. Closing the stream stops the answer and keeps
        what has arrived, marked `stopped`; a failure keeps it too, marked `failed`.
        """
        ...

    def again(
        self, chat_id: str, turn_id: str, model: str = "", search: bool = False
    ) -> AsyncIterator[Batch]:
        """Answer the user turn `turn_id` once more, as a sibling of the answers it has."""
        ...


class Generation(Protocol):
    """Requests become answers."""

    def stream(self, request: ChatRequest, caller: Caller) -> AsyncIterator[Batch]:
        """The answer as batches: `Started` first, then content, exactly one ending, never an exception
        after the first batch. Raises GatewayError before it."""
        ...

    async def answer(self, request: ChatRequest, caller: Caller) -> Answer: ...

    def pictures(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        """`request.n` pictures; each is made and fails on its own."""
        ...

    async def search(
        self,
        query: str,
        caller: Caller,
        urls: tuple[str, ...] = (),
        thinking: bool = True,
        model: str = "",
    ) -> WebAnswer:
        """Search the web for `query`, and read the pages `urls` (http, https; at most 20) for it.

        `thinking` thinks longer about what was found. `model` has to be one that can search; empty: the
        setting gateway.search_model, or what can search in its place.
        """
        ...

    async def explain(self, model: str, conversation: str = "") -> Plan:
        """The plan that a request for `model` would get now."""
        ...

    async def models(self, key: str = "", names: bool = False) -> list[ModelInfo]:
        """What accounts offer; by the holder of the client key called `key`, if one is named. With `names`,
        also under the other names that it can be asked for by, sorted by id (and before there is an account,
        what providers know)."""
        ...

    async def meaning(self, model: str) -> Meaning:
        """What a request for `model` would be taken for."""
        ...

    async def count_tokens(self, request: ChatRequest, caller: Caller) -> int: ...


class Accounts(Protocol):
    """Upstream accounts. No method gives a credential back."""

    async def list(self) -> list[AccountView]: ...

    async def add_token(
        self, refresh_token: str, provider: str = "antigravity", project: str = ""
    ) -> AccountView:
        """Sign in with a refresh token: the account is stored once the token has worked.

        The same e-mail replaces its token. Needs the acknowledgement first.
        """
        ...

    async def remove(self, account_id: str) -> None: ...

    async def enable(self, account_id: str, enabled: bool) -> AccountView: ...

    async def set_project(self, account_id: str, project: str) -> AccountView:
        """Choose the project that the account's calls name; empty: the one that the upstream gave it."""
        ...

    async def refresh_quota(self, account_id: str = "") -> list[AccountView]:
        """Ask the upstream what is left (of one account, or of all)."""
        ...

    async def acknowledged(self) -> str:
        """The day (ISO) the Antigravity terms notice was acknowledged; empty: not yet."""
        ...

    async def acknowledge(self) -> str: ...

    async def login_start(self, provider: str = "antigravity", hint: str = "") -> Login:
        """Begin a sign-in with the browser; `hint` is the e-mail of an account to sign in again.

        The person opens `Login.url`; the browser comes back to this machine, or what is in its address
        bar is pasted, whichever is first. One at a time a provider: a further one ends the one before.
        Needs the acknowledgement first.
        """
        ...

    async def login_paste(self, login_id: str, text: str) -> Login:
        """Go on with a code: the address that the browser ended at, its query, or the bare code.

        Returns once the text was understood; `login_watch` tells what came of it.
        """
        ...

    async def login_status(self, login_id: str) -> Login: ...

    def login_watch(self, login_id: str) -> AsyncIterator[Login]:
        """Where the sign-in stands, and each change of that until it is over."""
        ...

    async def login_cancel(self, login_id: str) -> Login: ...

    async def import_preview(self, path: str) -> tuple[ImportRow, ...]:
        """What importing the file or directory `path` would do. Changes nothing and asks nobody.

        `path` is absolute: it may be read by another process than the one that asks. It is the person's
        own choice; no door for others may take it.
        """
        ...

    async def import_accounts(
        self, path: str, emails: tuple[str, ...] = (), replace: bool = False
    ) -> ImportReport:
        """Store the accounts that `path` holds (only those of `emails`, when given).

        A token that is there stays unless `replace`. Nothing is asked upstream: an imported token is
        proven at its first use. Needs the acknowledgement first.
        """
        ...

    async def export(self, path: str) -> ExportReport:
        """Write the accounts with their refresh tokens to the new file `path` (absolute), mode 0600."""
        ...

    async def notices(self) -> list[str]:
        """What the person should know, for example that an unreadable accounts file was kept aside."""
        ...


class Keys(Protocol):
    """The keys of our own door."""

    async def show(self) -> str:
        """The local key, in full."""
        ...

    async def renew(self) -> str:
        """Make a new local key; the old one stops working at once."""
        ...

    async def list(self) -> list[KeyView]:
        """The clients' own keys by name, expired and revoked ones too, with what is left of their limits."""
        ...

    async def create(
        self,
        name: str,
        models: tuple[str, ...] = (),
        rpm: int = 0,
        tokens_per_day: int = 0,
        expires_at: float | None = None,
    ) -> str:
        """Make a key for a client. Its text is the answer, and can't be had again.

        The rules are those of ClientKey. Raises `bad_request` for rules that make no sense, and for a name
        that a working key has.
        """
        ...

    async def revoke(self, name: str) -> KeyView:
        """Make a client's key useless, at once and for ever."""
        ...


class Library(Protocol):
    """What was made."""

    async def assets(self, text: str = "", limit: int = 100, before: str = "") -> list[Asset]:
        """Newest first; `before` is the id the page before ended with."""
        ...

    async def asset(self, asset_id: str) -> Asset: ...

    async def delete_asset(self, asset_id: str) -> None: ...

    async def restore_asset(self, asset_id: str) -> Asset: ...

    async def history(
        self, text: str = "", kind: str = "", limit: int = 200, before: float = 0.0
    ) -> list[HistoryItem]:
        """Chats and pictures in one list, newest first. `kind` is `chat`, `image` or empty."""
        ...

    async def rebuild(self) -> dict[str, int]:
        """Make the index anew from the files; how many chats, pictures and unreadable files it found."""
        ...

    async def purge_sandbox(self) -> dict[str, int]:
        """Delete what the sandbox made; how many chats, pictures and rows went."""
        ...


class Studio(Protocol):
    """Pictures as jobs."""

    async def submit(self, request: ImageRequest) -> Job:
        """Queue a job; it runs in the background and its pictures are kept in the library."""
        ...

    async def cancel(self, job_id: str) -> None: ...

    async def jobs(self, limit: int = 50) -> list[Job]:
        """The queue and what recently ended, newest first."""
        ...

    def watch(self, job_id: str) -> AsyncIterator[JobEvent]:
        """The events of a job from now on; ends with the job."""
        ...

    def make(self, request: ImageRequest, caller: Caller) -> AsyncIterator[JobEvent]:
        """Make pictures now, for somebody who waits; closing stops it. They are kept, too."""
        ...


class Records(Protocol):
    """What happened."""

    async def requests(self, query: RecordQuery) -> list[RequestRecord]: ...

    async def request(self, request_id: str) -> RequestRecord: ...

    async def bodies(self, request_id: str) -> Bodies:
        """What was said in a request. Raises GatewayError `not_found` where nothing is recorded; its message
        says which setting records it."""
        ...

    async def purge_bodies(self) -> int:
        """Delete everything that was recorded of what was said; how many days of it went."""
        ...

    async def lines(self, after: int = 0, limit: int = 1000) -> LogSlice:
        """Log lines with a sequence number above `after`."""
        ...

    def tail(self, after: int = 0) -> AsyncIterator[LogSlice]:
        """Log lines as they come, at most ten slices a second."""
        ...

    async def log(self, level: Level, source: str, text: str) -> None: ...


class Replays(Protocol):
    """Recorded requests, once more."""

    def send(self, request_id: str, model: str = "") -> AsyncIterator[Replayed]:
        """Send a recorded request again, through the gateway's own door, as its client did: `ReplayBegan`,
        then the answer's bytes as they come. `model` asks another one.

        Raises GatewayError: `not_found` where no body is recorded, `bad_request` where it is not whole.
        """
        ...


class Settings(Protocol):
    async def list(self) -> list[SettingView]: ...

    async def set(self, name: str, value: str) -> SettingView:
        """Save one setting to the file, comments kept. Refused while the environment sets it."""
        ...

    async def aliases(self) -> dict[str, str]:
        """The user's own names for models: name or pattern -> model."""
        ...

    async def change_aliases(self, changes: dict[str, str | None]) -> dict[str, str]:
        """Save names with their models, comments kept; None takes a name away. The names after that."""
        ...

    async def path(self) -> str: ...


class Events(Protocol):
    def subscribe(self, after: int = -1) -> AsyncIterator[list[Event]]:
        """Events from now on (or after number `after`, as far as the ring goes). A subscriber that is
        too slow gets an event `gap` in place of what it missed."""
        ...


class Owner(Protocol):
    """The process that holds the state directory."""

    async def status(self) -> Status: ...

    async def stop(self) -> None:
        """Ask it to end: streams get their ending, then it exits."""
        ...


class Services(Protocol):
    """All of them, as a door receives them."""

    @property
    def chats(self) -> Chats: ...

    @property
    def generation(self) -> Generation: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def library(self) -> Library: ...

    @property
    def studio(self) -> Studio: ...

    @property
    def records(self) -> Records: ...

    @property
    def replays(self) -> Replays: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def events(self) -> Events: ...

    @property
    def owner(self) -> Owner: ...

    @property
    def attached(self) -> bool:
        """Whether another process is the owner."""
        ...

    async def aclose(self) -> None: ...
