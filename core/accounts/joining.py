"""A sign-in that has worked becomes an account: upserted by e-mail, on disk before anybody hears of it.

How the sign-in came about (a refresh token, a browser, a file) is told elsewhere.
"""

from __future__ import annotations

import asyncio
import uuid

import msgspec

from core.domain.accounts import Account, AccountView, OAuth, Realm
from core.domain.failure import Cause, Failure, GatewayError
from core.domain.ports import AccessToken, Clock, Provider, Publish
from core.domain.secret import Secret

from .packed import placeholder
from .pool import AccountPool
from .projects import with_project
from .roster import Roster
from .tokens import Tokens


class Joining:
    """Brings signed-in accounts into the roster and the pool."""

    def __init__(
        self,
        roster: Roster,
        tokens: Tokens,
        pool: AccountPool,
        clock: Clock,
        publish: Publish,
        storing: asyncio.Lock,
    ) -> None:
        """`storing` is held from the look for a twin until the account is stored."""
        self._roster = roster
        self._tokens = tokens
        self._pool = pool
        self._clock = clock
        self._publish = publish
        self._storing = storing

    async def join(
        self,
        provider: Provider,
        realm: Realm,
        refresh_token: Secret,
        access: AccessToken,
        project: str = "",
        managed_project: str = "",
    ) -> AccountView:
        """Keep the account that `refresh_token` belongs to; `access` is what it has just given.

        The same e-mail replaces the token and keeps id, device and project. An account that its owner
        has to confirm first is kept, and says so.
        """
        sign_in = provider.sign_in
        credential = OAuth(access.refresh_token or refresh_token, sign_in.fingerprint(realm))
        email = await email_of(provider, access.token, realm)
        known = self.same(provider.name, realm, email, credential)
        account = Account(
            id=known.id if known is not None else uuid.uuid4().hex,
            provider=provider.name,
            email=email or (known.email if known is not None else placeholder(credential.refresh_token)),
            credential=credential,
            device=known.device if known is not None else sign_in.new_device(),
            realm=realm,
            project=project or (known.project if known is not None else ""),
            managed_project=managed_project or (known.managed_project if known is not None else ""),
            tier=known.tier if known is not None else "",
            added_at=known.added_at if known is not None else self._clock.now(),
        )
        account, doubt = await _discovered(provider, account, access)
        async with self._storing:
            # The same account may have been added twice at once; the first one's identity stays.
            first = self.same(provider.name, realm, email, credential)
            if first is not None and first.id != account.id:
                account = msgspec.structs.replace(
                    account, id=first.id, device=first.device, added_at=first.added_at
                )
            await self._roster.put(account)
        self._pool.reset(account.id)
        self._tokens.keep(account.id, access)
        if doubt is None:
            self._pool.look_later(account.id)
        else:
            self._pool.note_failure(account.id, "", doubt)
        self._publish("account.changed", account=account.id, why="added")
        return self._pool.show(self._roster.get(account.id))

    def same(self, provider: str, realm: Realm, email: str, credential: OAuth) -> Account | None:
        """The account that a sign-in as `email` replaces; without an e-mail, the one with the same token."""
        for known in self._roster.all():
            if (known.provider, known.realm) != (provider, realm):
                continue
            if known.email.casefold() == email.casefold() if email else known.credential == credential:
                return known
        return None


async def email_of(provider: Provider, token: Secret, realm: Realm) -> str:
    """Empty when the upstream doesn't say: a token that works is not thrown away for a name."""
    try:
        return (await provider.sign_in.email(token, realm)).strip()
    except GatewayError:
        return ""


async def _discovered(
    provider: Provider, account: Account, access: AccessToken
) -> tuple[Account, Failure | None]:
    """The account with its project, and why it can't be used yet. A passing failure leaves the project
    to the first request."""
    try:
        return with_project(account, await provider.sign_in.project(account, access.token)), None
    except GatewayError as error:
        if error.failure.cause in (Cause.TERMS, Cause.CONFIG):
            raise
        return account, error.failure if error.failure.cause is Cause.VERIFICATION else None
