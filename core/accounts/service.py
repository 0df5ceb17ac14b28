"""The accounts service: what doors may do with accounts. No method gives a credential back."""

from __future__ import annotations

import asyncio
import builtins
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec

from core.domain.accounts import (
    Account,
    AccountState,
    AccountView,
    ExportReport,
    ImportReport,
    ImportRow,
    Login,
    OAuth,
    Realm,
)
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import AccessToken, Clock, Provider, Publish
from core.domain.secret import Secret

from .flows import Flows
from .importing import Importing
from .joining import Joining, email_of
from .packed import placeholder, unpack
from .pool import AccountPool
from .roster import Roster
from .standing import refusal
from .tokens import Tokens

SANDBOX_TOKEN = "1//sandbox-"  # how refresh tokens of the sandbox begin
SANDBOX_MAIL = "@sandbox.test"  # how its e-mails end
NEEDS_NOTICE = "antigravity"  # the provider whose terms call for an acknowledgement
_AT_ONCE = 8
_PROJECT = re.compile(r"[A-Za-z0-9.:_-]{0,64}")


class AccountsService:
    """Implements `services.Accounts`. `acknowledged` is the setting of that name, which counts too."""

    def __init__(
        self,
        roster: Roster,
        tokens: Tokens,
        pool: AccountPool,
        providers: Mapping[str, Provider],
        clock: Clock,
        publish: Publish,
        flows: Flows,
        acknowledged: Callable[[], str] = lambda: "",
    ) -> None:
        self._roster = roster
        self._tokens = tokens
        self._pool = pool
        self._providers = providers
        self._clock = clock
        self._publish = publish
        self._setting = acknowledged
        self._flows = flows
        self._storing = asyncio.Lock()
        self._joining = Joining(roster, tokens, pool, clock, publish, self._storing)
        self._importing = Importing(
            roster, pool, providers, clock, publish, self._realm_of, self._permitted, self._storing
        )

    async def list(self) -> list[AccountView]:
        """The real accounts and, while the sandbox answers, its own."""
        realm = self._pool.realm
        return [
            self._pool.show(account)
            for account in self._roster.all()
            if account.realm is Realm.REAL or account.realm is realm
        ]

    async def add_token(
        self, refresh_token: str, provider: str = "antigravity", project: str = ""
    ) -> AccountView:
        """Also takes the packed form `token|project|managed project` of other programs' files.

        Raises GatewayError: forbidden with code ACKNOWLEDGEMENT_REQUIRED before anything else is done,
        bad_request for what can't be a token, and what the upstream says to it.
        """
        realm = self._realm_of(refresh_token)
        await self._permitted(realm, provider)
        spoken = self._provider(provider)
        token, own_project, managed = unpack(refresh_token)
        sign_in = spoken.sign_in
        secret = Secret(token)
        access = await sign_in.refresh(OAuth(secret, sign_in.fingerprint(realm)), realm)
        return await self._joining.join(
            spoken, realm, secret, access, project.strip() or own_project, managed
        )

    async def remove(self, account_id: str) -> None:
        self._roster.get(account_id)
        await self._roster.remove(account_id)
        self._pool.forget(account_id)
        await self._tokens.erase(account_id)
        self._publish("account.changed", account=account_id, why="removed")

    async def enable(self, account_id: str, enabled: bool) -> AccountView:
        """Switching an account on again also ends its cooldowns and tries a verification anew; one that
        needs a sign-in or was ended stays so."""
        self._roster.get(account_id)

        def switch(known: Account) -> Account:
            known = msgspec.structs.replace(known, enabled=enabled)
            if enabled and known.state is AccountState.VERIFY:
                return msgspec.structs.replace(known, state=AccountState.READY, state_note="")
            return known

        if enabled:
            self._pool.reset(account_id)
        account = self._roster.change(account_id, switch)
        await self._roster.settle()
        self._publish("account.changed", account=account_id, why="enabled" if enabled else "disabled")
        return self._pool.show(account if account is not None else self._roster.get(account_id))

    async def set_project(self, account_id: str, project: str) -> AccountView:
        """Also ends the account's cooldowns: they may have been about the project before."""
        self._roster.get(account_id)
        project = project.strip()
        if not _PROJECT.fullmatch(project):
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                "That can't be a project: its id is one word of letters, digits and hyphens.",
                params={"param": "project"},
            )
        self._roster.change(account_id, lambda known: msgspec.structs.replace(known, project=project))
        await self._roster.settle()
        self._pool.reset(account_id)
        self._publish("account.changed", account=account_id, why="project")
        return self._pool.show(self._roster.get(account_id))

    async def refresh_quota(self, account_id: str = "") -> builtins.list[AccountView]:
        """All in parallel. Asked for one, raises what went wrong; asked for all, failures show as each
        account's last error."""
        if account_id:
            account = self._roster.get(account_id)
            if account.state is not AccountState.READY:
                raise GatewayError(refusal(account))
            await self._look(account)
            return [self._pool.show(self._roster.get(account_id))]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(account: Account) -> None:
            async with gate:
                try:
                    await self._look(account)
                except GatewayError:
                    return  # the pool has noted it

        ready = [
            account
            for account in self._pool.members()
            if account.enabled and account.state is AccountState.READY
        ]
        await asyncio.gather(*(one(account) for account in ready))
        return await self.list()

    async def acknowledged(self) -> str:
        return self._roster.acknowledged or self._setting().strip()

    async def acknowledge(self) -> str:
        day = await self._roster.acknowledge(time.strftime("%Y-%m-%d", time.gmtime(self._clock.now())))
        self._publish("account.changed", account="", why="acknowledged")
        return day

    async def login_start(self, provider: str = "antigravity", hint: str = "") -> Login:
        """Raises GatewayError: forbidden with code ACKNOWLEDGEMENT_REQUIRED before anything else is done,
        unavailable with cause `config` when the client id or secret is not set."""
        hint = hint.strip()
        realm = self._realm_for(hint)
        await self._permitted(realm, provider)
        spoken = self._provider(provider)

        async def join(access: AccessToken) -> AccountView:
            return await self._joining.join(spoken, realm, Secret(""), access)

        return await self._flows.start(provider, spoken.sign_in, realm, hint, join)

    async def login_paste(self, login_id: str, text: str) -> Login:
        return self._flows.get(login_id).paste(text)

    async def login_status(self, login_id: str) -> Login:
        return self._flows.get(login_id).login

    async def login_watch(self, login_id: str) -> AsyncIterator[Login]:
        async for login in self._flows.get(login_id).watch():
            yield login

    async def login_cancel(self, login_id: str) -> Login:
        return self._flows.get(login_id).cancel()

    async def notices(self) -> builtins.list[str]:
        return [*self._roster.notices]

    async def seed_sandbox(self, tokens: Mapping[str, str], provider: str = "antigravity") -> None:
        """Put the sandbox's ready accounts (e-mail -> refresh token) into the pool, without any call."""
        sign_in = self._provider(provider).sign_in
        for email, token in tokens.items():
            credential = OAuth(Secret(token), sign_in.fingerprint(Realm.SANDBOX))
            if self._joining.same(provider, Realm.SANDBOX, email, credential) is None:
                await self._roster.put(
                    Account(
                        id=f"sandbox-{email.partition('@')[0]}",
                        provider=provider,
                        email=email,
                        credential=credential,
                        device=sign_in.new_device(),
                        realm=Realm.SANDBOX,
                        added_at=self._clock.now(),
                    )
                )
        self._publish("account.changed", account="", why="sandbox")

    async def import_preview(self, path: str) -> tuple[ImportRow, ...]:
        return await self._importing.preview(path)

    async def import_accounts(
        self, path: str, emails: tuple[str, ...] = (), replace: bool = False
    ) -> ImportReport:
        return await self._importing.run(path, emails, replace)

    async def export(self, path: str) -> ExportReport:
        return await self._importing.export(path)

    # --- within --------------------------------------------------------------------------------

    async def _permitted(self, realm: Realm, provider: str) -> None:
        """Raises GatewayError(forbidden) while the notice on the terms is not acknowledged."""
        if realm is Realm.REAL and provider == NEEDS_NOTICE and not await self.acknowledged():
            raise GatewayError.of(
                Kind.FORBIDDEN,
                "Adding an Antigravity account needs one acknowledgement first: use by third-party programs "
                "has led Google to suspend accounts. Read the notice and confirm it with "
                "`agtui accounts acknowledge`.",
                cause=Cause.CONFIG,
                params={"code": "ACKNOWLEDGEMENT_REQUIRED"},
            )

    def _realm_of(self, refresh_token: str) -> Realm:
        match self._pool.sandbox:
            case "on":
                return Realm.SANDBOX
            case "auto":
                return Realm.SANDBOX if refresh_token.strip().startswith(SANDBOX_TOKEN) else Realm.REAL
            case "off":
                return Realm.REAL

    def _realm_for(self, email: str) -> Realm:
        """Where a sign-in with the browser goes."""
        if self._pool.sandbox == "auto":
            return Realm.SANDBOX if email.endswith(SANDBOX_MAIL) else Realm.REAL
        return self._realm_of("")

    def _provider(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                f"There is no provider {name}. There is: {', '.join(sorted(self._providers))}.",
                params={"param": "provider"},
            )
        return provider

    async def _look(self, account: Account) -> None:
        """Quota and models; and the e-mail, where a sign-in did not learn it."""
        await self._pool.look(account.id)
        if isinstance(account.credential, OAuth) and account.email == placeholder(
            account.credential.refresh_token
        ):
            token = await self._tokens.access(account.id)
            email = await email_of(self._provider(account.provider), token, account.realm)
            if email:
                self._roster.change(account.id, lambda known: msgspec.structs.replace(known, email=email))
