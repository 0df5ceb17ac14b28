"""The rooms of one owner, built and put together: who needs what of whom stands here and nowhere else.

Opens no door. Importing this module imports every room but the doors; `runtime` does that in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from itertools import chain
from typing import Final, TypeVar

from msgspec import Struct

from core import redact
from core.accounts.catalogue import Catalogues
from core.accounts.cooldowns import Cooldowns
from core.accounts.flows import Flows
from core.accounts.pool import AccountPool, SandboxMode
from core.accounts.rests_file import RestsFile
from core.accounts.roster import Roster
from core.accounts.service import AccountsService
from core.accounts.tokens import Tokens
from core.accounts.vault import Vault
from core.config.load import Config
from core.config.paths import Paths
from core.config.service import SettingsService
from core.config.settings import (
    ChatSettings,
    GatewaySettings,
    LibrarySettings,
    RecordsSettings,
    StudioSettings,
)
from core.domain.accounts import Realm
from core.domain.failure import GatewayError
from core.domain.ports import Clock
from core.events import EventBus
from core.gateway.chats import ChatService
from core.gateway.client_keys import ClientKeys
from core.gateway.generation import GenerationService
from core.gateway.keys import KeyRing, KeysService
from core.gateway.limits import Limits
from core.gateway.signature_store import SignatureStore
from core.gateway.signatures import Signatures
from core.library.index import LibraryIndex
from core.library.service import LibraryService
from core.library.shelf import LibraryShelf
from core.providers import PROVIDERS, build
from core.providers.realms import RealmFacts
from core.records.bodies import BodyLog, TappedTransport
from core.records.log import RequestLog
from core.records.ring import LogRing, install
from core.records.service import RecordsService
from core.server.callback import open_callback
from core.storage.database import Database
from core.studio.jobs import StudioService
from core.transport.fetcher import GuardedFetcher
from core.transport.route import Transports

log = logging.getLogger("agtui.runtime")

Section = TypeVar("Section", bound=Struct)

SECTIONS_OF_PROVIDERS: Final[Mapping[str, type[Struct]]] = {
    name: entry.settings for name, entry in PROVIDERS.items()
}


class Rooms:
    """Every service but `owner`, and what stands behind them. `aclose` undoes what `open` did."""

    def __init__(
        self,
        paths: Paths,
        config: Config,
        env: Mapping[str, str],
        flags: Mapping[str, object],
        clock: Clock,
        sandbox: SandboxMode,
        simulated: RealmFacts | None,
    ) -> None:
        """Builds only: no file, thread or connection is opened. `simulated` is where the sandbox is."""
        redact.register(*(config.value(name) for name, field in config.fields.items() if field.secret))
        self.clock = clock
        self.bus = EventBus(clock)
        self.ring = LogRing()
        publish = self.bus.publish

        url = config.section("records", RecordsSettings).database_url.reveal()
        self.database = Database(url, clock) if url else Database.at(paths.database, clock)
        self.requests = RequestLog(self.database, self.ring, clock)
        self.bodies = BodyLog(paths.bodies, clock, lambda: self._section("records", RecordsSettings))
        self.transport = TappedTransport(Transports(), self.bodies.sent)
        self.settings = SettingsService(config, env, flags, SECTIONS_OF_PROVIDERS, publish)
        providers = {
            name: build(name, partial(self._section, name, entry.settings), self.transport, clock, simulated)
            for name, entry in PROVIDERS.items()
        }

        self.roster = Roster(Vault(paths.accounts_file, clock))
        tokens = Tokens(self.roster, providers, clock, paths.locks, paths.access_tokens)
        cooldowns = Cooldowns(clock)
        self.rests = RestsFile(paths.cooldowns_file, cooldowns, self.roster.is_real)
        self.pool = AccountPool(
            self.roster,
            tokens,
            cooldowns,
            Catalogues(clock),
            providers,
            clock,
            publish,
            lambda: self._section("gateway", GatewaySettings).per_account,
            sandbox,
        )
        self.flows = Flows(open_callback, clock)
        self.accounts = AccountsService(
            self.roster,
            tokens,
            self.pool,
            providers,
            clock,
            publish,
            self.flows,
            lambda: str(self.settings.current.value("antigravity.acknowledged")),
        )

        chance = random.Random(secrets.randbits(64))
        self.shelf = LibraryShelf(paths.library, LibraryIndex(self.database), clock, chance, publish)
        new_id = self.shelf.ids.new
        self.signatures = Signatures(
            {
                realm: SignatureStore(
                    path, clock, lambda: self._section("gateway", GatewaySettings).signature_ttl_s
                )
                for realm, path in (
                    (Realm.REAL, paths.signatures),
                    (Realm.SANDBOX, paths.sandbox_signatures),
                )
            }
        )
        client_keys = ClientKeys(paths.client_keys_file, clock)
        self.key_ring = KeyRing(paths.key_file, env, clock, client_keys)
        self.limits = Limits(client_keys, self.requests, clock, self.requests.tokens_by_key)
        self.keys = KeysService(self.key_ring, client_keys, self.limits, clock)
        self.generation = GenerationService(
            self.pool,
            providers,
            self.limits,
            publish,
            clock,
            lambda: self._section("gateway", GatewaySettings),
            self.shelf,
            lambda: self._section("studio", StudioSettings).parallel,
            aliases=lambda: self.settings.current.aliases,
            signatures=self.signatures,
            limits=self.limits,
            fetcher=GuardedFetcher(lambda: self._section("gateway", GatewaySettings).fetch_http),
        )
        self.chats = ChatService(
            self.shelf,
            self.generation,
            clock,
            new_id,
            lambda: self._section("chat", ChatSettings),
            lambda: self.sandbox_active,
        )
        self.studio = StudioService(
            self.generation,
            self.shelf,
            publish,
            clock,
            new_id,
            lambda: self._section("studio", StudioSettings),
            lambda: self._section("library", LibrarySettings),
        )
        self.library = LibraryService(paths.library, self.shelf, self.requests.purge_sandbox)
        self.records = RecordsService(self.ring, self.requests, self.bodies, clock)
        self.events = self.bus
        self._undo = AsyncExitStack()

    @property
    def sandbox_active(self) -> bool:
        """Whether simulated upstreams answer now."""
        return self.pool.realm is Realm.SANDBOX

    @property
    def notices(self) -> tuple[str, ...]:
        """What the person should know of settings, key, accounts and database."""
        said = (
            self.settings.current.notices,
            self.key_ring.notices,
            self.roster.notices,
            self.database.notices,
        )
        return tuple(chain.from_iterable(said))

    async def open(self, ready_accounts: Mapping[str, str]) -> None:
        """Read what is on disk. `ready_accounts` are the sandbox's own, e-mail to refresh token."""
        self._undo.callback(install(self.ring))
        # In this order, so that it is undone from the last to the first.
        self._undo.push_async_callback(self.database.close)
        self._undo.push_async_callback(self.bodies.written)
        self._undo.push_async_callback(self.signatures.aclose)
        self._undo.push_async_callback(self.roster.aclose)
        self._undo.push_async_callback(self.transport.aclose)
        self._undo.push_async_callback(self.rests.aclose)
        self._undo.push_async_callback(self.pool.aclose)
        self._undo.push_async_callback(self.chats.aclose)
        self._undo.push_async_callback(self.flows.aclose)
        await asyncio.to_thread(self._read)
        if ready_accounts:
            await self.accounts.seed_sandbox(ready_accounts)
        self._undo.push_async_callback(self.studio.close)

    def _read(self) -> None:
        self.roster.load()
        self.rests.load()
        self.key_ring.open()

    async def tidy(self) -> None:
        """What may wait until doors are open: the database, old trash, old rows. Failures are logged."""
        self.database.start()
        keep_days = self._section("records", RecordsSettings).keep_days
        try:
            await self.library.start()
            await self.requests.prune(keep_days)
            await self.bodies.tidy()
        except GatewayError as error:
            log.warning("%s", error.failure.public_message)

    async def aclose(self) -> None:
        """End jobs, give up connections, write what is queued."""
        await self._undo.aclose()

    def _section(self, name: str, kind: type[Section]) -> Section:
        return self.settings.current.section(name, kind)
