"""How to sign in: redeem a code, refresh a token, ask for the e-mail, find the project. Accounts know when.

Sources: seed 000 (refresh), seed 001 (discovery, onboarding). Nothing here is logged or kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from core.domain.accounts import Account, Credential, Device, OAuth, Realm
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.ports import (
    AccessToken,
    AuthorizeRequest,
    Call,
    Callback,
    Clock,
    Project,
    Timeouts,
    Transport,
)
from core.domain.secret import Secret
from core.providers.realms import RealmFacts
from core.wire.gemini import to_json

from . import projects
from .browser import CALLBACK, authorize_request, exchange_form
from .errors import classify
from .headers import CallKind, headers, metadata, new_device, style_of
from .settings import AntigravitySettings
from .signin_errors import BAD_CODE, NO_REFRESH_TOKEN, token_refusal

RETRY_WAITS_S: Final = (0.5, 2.0)
DEFAULT_EXPIRY_S: Final = 3_600.0
SMALL_BODY: Final = 1024 * 1024
NAME: Final = "Google's project service"

Sleep = Callable[[float], Awaitable[None]]


class _Token(Struct):
    access_token: str
    expires_in: Any = DEFAULT_EXPIRY_S
    refresh_token: str | None = None


class _Person(Struct):
    email: str = ""


class AntigravitySignIn:
    """SignIn (domain/ports.py) for accounts of Google."""

    def __init__(
        self,
        settings: Callable[[], AntigravitySettings],
        realms: Mapping[Realm, RealmFacts],
        transport: Transport,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._settings = settings
        self._realms = realms
        self._transport = transport
        self._clock = clock
        self._sleep = sleep

    @property
    def callback(self) -> Callback:
        return CALLBACK

    def authorize(self, realm: Realm, redirect_uri: str, hint: str = "") -> AuthorizeRequest:
        """The link of a sign-in with the browser. Raises cause `config` when there is no client for it."""
        return authorize_request(self._client(realm), redirect_uri, hint)

    async def exchange(
        self, realm: Realm, code: Secret, request: AuthorizeRequest, redirect_uri: str
    ) -> AccessToken:
        """Redeem the code. Cause `invalid_grant`: it was used, is too old, or never was one for us."""
        facts = self._client(realm)
        body = exchange_form(facts, code, request.verifier, redirect_uri)
        try:
            asked_at, token = await self._tokens(facts, body)
        except GatewayError as error:
            if error.failure.cause is not Cause.INVALID_GRANT:
                raise
            detail = error.failure.detail
            raise GatewayError(msgspec.structs.replace(BAD_CODE, detail=detail)) from None
        if not token.refresh_token:
            raise GatewayError(NO_REFRESH_TOKEN)
        return _access(token, asked_at, token.refresh_token)

    async def refresh(self, credential: Credential, realm: Realm) -> AccessToken:
        """Exchange the refresh token. Retries what never reached Google or failed there, nothing else."""
        facts = self._client(realm)
        if not isinstance(credential, OAuth):
            raise _wrong("This account does not sign in with a refresh token. Remove it and add it again.")
        form = {
            "client_id": facts.client_id,
            "client_secret": facts.client_secret.reveal(),
            "refresh_token": credential.refresh_token.reveal(),
            "grant_type": "refresh_token",
        }
        asked_at, token = await self._tokens(facts, urlencode(form).encode())
        replaced = token.refresh_token
        return _access(token, asked_at, None if replaced == form["refresh_token"] else replaced)

    async def email(self, token: Secret, realm: Realm) -> str:
        """The address of whoever the token belongs to."""
        reply = await self._patiently(self._call("GET", self._facts(realm).userinfo_url, "userinfo", token))
        try:
            person = msgspec.json.decode(reply, type=_Person)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise GatewayError(_senseless("account")) from error
        if not person.email:
            raise GatewayError(_senseless("account"))
        return person.email

    async def project(self, account: Account, token: Secret) -> Project:
        """Find the project that Google gives the account, onboarding it if it needs one.

        One that was chosen, for the account or in the settings, is named to Google and makes onboarding
        needless. Raises GatewayError with cause `denied` when there is none at all.
        """
        facts = self._facts(account.realm)
        chosen = account.project or self.default_project(account.realm)
        about: dict[str, Any] = dict(metadata(account.device))
        if chosen:
            about["duetProject"] = chosen
        found = await self._load(facts, account, token, about)
        tier = projects.tier_of(found)
        project = found.project()
        if chosen:
            return Project(project if project != chosen else "", tier)
        project = project or await self._onboard(facts, account, token, projects.tier_to_ask(found))
        if not project:
            raise GatewayError(projects.no_project(found))
        return Project(project, tier)

    def default_project(self, realm: Realm) -> str:
        return self._settings().project_id.strip() if realm is Realm.REAL else ""

    def new_device(self) -> Device:
        return new_device()

    def fingerprint(self, realm: Realm) -> str:
        """12 hex digits of the client id's SHA-256."""
        return hashlib.sha256(self._facts(realm).client_id.encode()).hexdigest()[:12]

    async def _tokens(self, facts: RealmFacts, form: bytes) -> tuple[float, _Token]:
        """What the token endpoint gives for a form, and when it was asked: lifetimes count from there."""
        asked_at = self._clock.now()
        reply = await self._patiently(self._call("POST", facts.token_url, "token", body=form))
        try:
            return asked_at, msgspec.json.decode(reply, type=_Token)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise GatewayError(_senseless("token")) from error

    # --- project calls --------------------------------------------------------------------------

    async def _load(
        self, facts: RealmFacts, account: Account, token: Secret, about: dict[str, Any]
    ) -> projects.Loaded:
        body = to_json({"metadata": about})
        reply = await self._first_of(facts.metadata, "loadCodeAssist", account, token, body)
        try:
            return msgspec.json.decode(reply, type=projects.Loaded)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise GatewayError(_senseless("project")) from error

    async def _onboard(self, facts: RealmFacts, account: Account, token: Secret, tier: str) -> str:
        """Have a project made; empty if the operation never ends. The next endpoint is asked where one
        fails or does not take the request."""
        body = to_json({"tierId": tier, "metadata": metadata(account.device)})
        failed: GatewayError | None = None
        for endpoint in facts.endpoints:
            try:
                return await self._made(endpoint, facts.poll_s, account, token, body)
            except GatewayError as error:
                failed = error
                if error.failure.scope not in (Scope.ENDPOINT, Scope.REQUEST):
                    break
        raise failed or _wrong("No endpoint is set. Set antigravity.endpoints.")

    async def _made(self, endpoint: str, poll_s: float, account: Account, token: Secret, body: bytes) -> str:
        """The project, polled for at one endpoint by asking again until the operation is done."""
        for poll in range(self._settings().onboard_polls):
            if poll:
                await self._sleep(poll_s)
            reply = await self._first_of((endpoint,), "onboardUser", account, token, body)
            try:
                operation = msgspec.json.decode(reply, type=projects.Operation)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise GatewayError(_senseless("project")) from error
            if operation.done:
                return operation.project()
        return ""

    async def _first_of(
        self, endpoints: tuple[str, ...], method: str, account: Account, token: Secret, body: bytes
    ) -> bytes:
        """The first good answer; the next endpoint is asked where one fails as an endpoint."""
        failed: GatewayError | None = None
        for endpoint in endpoints:
            url = f"{endpoint}/v1internal:{method}"
            try:
                return await self._ask(self._call("POST", url, "project", token, body, account))
            except GatewayError as error:
                failed = error
                if error.failure.scope is not Scope.ENDPOINT:
                    break
        raise failed or _wrong("No endpoint is set. Set antigravity.endpoints.")

    # --- calls ----------------------------------------------------------------------------------

    async def _patiently(self, call: Call) -> bytes:
        """Ask Google's sign-in, again after a pause when it failed on its own account."""
        for wait in RETRY_WAITS_S:
            try:
                return await self._ask(call)
            except GatewayError as error:
                if error.failure.cause not in (Cause.CONNECT, Cause.SERVER, Cause.CUT, Cause.SILENT):
                    raise
            await self._sleep(wait)
        return await self._ask(call)

    async def _ask(self, call: Call) -> bytes:
        status, head, body = await self._transport.read(call, SMALL_BODY)
        if status == 200:
            return body
        if "v1internal" in call.url:
            raise GatewayError(classify(status, body, head, NAME, self._clock.now()))
        raise GatewayError(token_refusal(status, head, body, self._clock.now()))

    def _call(
        self,
        method: str,
        url: str,
        kind: CallKind,
        token: Secret | None = None,
        body: bytes = b"",
        account: Account | None = None,
    ) -> Call:
        settings = self._settings()
        seconds = settings.metadata_timeout_s if kind == "project" else settings.token_timeout_s
        device = account.device if account is not None else Device("", "")
        return Call(
            method,
            url,
            headers(kind, device, style_of(settings), token),
            body,
            pool=account.id if account is not None else "",
            timeouts=Timeouts(min(seconds, settings.connect_timeout_s), seconds, seconds, seconds),
        )

    def _facts(self, realm: Realm) -> RealmFacts:
        facts = self._realms.get(realm)
        if facts is None:
            raise _wrong("The sandbox is not running. Start agtui with --sandbox.")
        return facts

    def _client(self, realm: Realm) -> RealmFacts:
        """The realm, once it is sure that there is a client to sign in as."""
        facts = self._facts(realm)
        if not facts.client_id or not facts.client_secret:
            raise _wrong(
                "Signing in needs an OAuth client: set ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET, "
                "then try again."
            )
        return facts


def _access(token: _Token, asked_at: float, refresh_token: str | None) -> AccessToken:
    return AccessToken(
        Secret(token.access_token),
        asked_at + _seconds(token.expires_in),
        Secret(refresh_token) if refresh_token else None,
    )


def _seconds(expires_in: Any) -> float:
    """The life of a token; what is no positive number has no life."""
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and 0 < expires_in < 1e9:
        return float(expires_in)
    return 0.0


def _wrong(message: str) -> GatewayError:
    return GatewayError(Failure(Kind.UNAVAILABLE, message, scope=Scope.PROVIDER, cause=Cause.CONFIG))


def _senseless(what: str) -> Failure:
    return Failure(
        Kind.UPSTREAM,
        f"Google's {what} answer can't be read. Check the address in the settings, then try again.",
        scope=Scope.ENDPOINT,
        cause=Cause.SERVER,
    )
