"""The sandbox as one ASGI app: Google OAuth and `v1internal` behind one loopback address.

Only routes and wiring. The runtime serves it on a free port and points the ordinary providers at it.
"""

import asyncio
import hashlib
import secrets
import time
from typing import Final, Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.sandbox import consent, projects, stream, strict
from core.sandbox.accounts import SandboxAccount, SandboxAccounts
from core.sandbox.catalogue import Model
from core.sandbox.delivery import Delivery, Unanswered, with_abort
from core.sandbox.errors import JSON, Refused, invalid, not_found
from core.sandbox.generate import Generation, Studio, generate, moment_of
from core.sandbox.handling import (
    ENDPOINT,
    as_json,
    body_of,
    check_project,
    count,
    endpoint_of,
    own_address,
    page,
    refused,
    unanswered,
)
from core.sandbox.messages import LoadBody
from core.sandbox.oauth import OAuth, user_info
from core.sandbox.paths import APPEAL_PATH, AUTHORIZE_PATH, TOKEN_PATH, USERINFO_PATH, VERIFY_PATH
from core.sandbox.quotas import Allowance
from core.sandbox.script import Call, CallKind, Play, Script
from core.sandbox.steering import Steering
from core.sandbox.tokens import Seal
from core.wire.sse import frame

PACE: Final = 0.012
"""Seconds between two chunks by default: about 80 chunks a second."""

_SLOW_PACE: Final = 0.2
_LEAD_CHUNKS: Final = 12
"""An answer's first byte takes as long as this many chunks."""

_BIG_SPEEDUP: Final = 10
_KINDS: Final[dict[str, CallKind]] = {
    "countTokens": "count",
    "fetchAvailableModels": "models",
    "retrieveUserQuotaSummary": "models",
    "loadCodeAssist": "project",
    "onboardUser": "onboard",
}


class Clock(Protocol):
    """Unix seconds."""

    def now(self) -> float: ...


class _SystemClock:
    def now(self) -> float:
        return time.time()


def create_app(
    *,
    pace: float = PACE,
    clock: Clock | None = None,
    allowance: Allowance | None = None,
    secret: bytes | None = None,
    script: Script | None = None,
) -> "Sandbox":
    """A sandbox of its own: accounts, quota and tokens are not shared with any other.

    `pace`: seconds between two chunks, 0 in tests; a script may have another. `allowance`: what an account
    may use. `secret` seals tokens, random by default.
    """
    script = script or Script()
    return Sandbox(
        pace=pace if script.pace is None else script.pace,
        clock=clock or _SystemClock(),
        allowance=allowance or Allowance(),
        secret=secret or secrets.token_bytes(32),
        script=script,
    )


class Sandbox:
    """The app: the handlers and what they share."""

    def __init__(
        self, *, pace: float, clock: Clock, allowance: Allowance, secret: bytes, script: Script
    ) -> None:
        self._pace = pace
        self._clock = clock
        self._names = [one.name for one in script.everybody]
        self._accounts = SandboxAccounts(allowance, script.everybody, clock.now())
        self._oauth = OAuth(Seal(secret))
        self._secret = secret
        self._play = Play(script)
        self._studio = Studio()
        self._answers = 0
        routes = [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route(USERINFO_PATH, self._userinfo, methods=["GET"]),
            Route(AUTHORIZE_PATH, self._authorize, methods=["GET"]),
            Route(VERIFY_PATH, page(consent.VERIFY_PAGE), methods=["GET"]),
            Route(APPEAL_PATH, page(consent.APPEAL_PAGE), methods=["GET"]),
            Route("/v1internal:{method}", self._internal, methods=["POST"]),
            Route("/{rest:path}", self._nothing),
        ]
        self._app = Starlette(
            routes=routes,
            exception_handlers={Refused: refused, Unanswered: unanswered},  # pyright: ignore[reportArgumentType]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Outermost, where the server's own `send` can still be seen."""
        if scope["type"] == "http":
            scope = with_abort(scope, send)
        await self._app(scope, receive, send)

    def endpoint(self, number: int) -> ASGIApp:
        """The same app under another address, which scripts know by its number."""

        async def there(scope: Scope, receive: Receive, send: Send) -> None:
            await self({**scope, ENDPOINT: number}, receive, send)

        return there

    # --- signing in ------------------------------------------------------------------------------

    async def _token(self, request: HttpRequest) -> Response:
        form = dict(parse_qsl((await body_of(request)).decode(errors="replace"), keep_blank_values=True))
        now = self._clock.now()
        kind: CallKind = "code" if form.get("grant_type") == "authorization_code" else "refresh"
        answer = await self._met(request, kind, self._oauth.who(form, now))
        tokens = self._oauth.token(form, now)
        if answer == "no-refresh-token":
            del tokens["refresh_token"]
        return as_json(tokens)

    async def _userinfo(self, request: HttpRequest) -> Response:
        account = self._account(request)
        await self._met(request, "userinfo", account.name)
        return as_json(user_info(account.name))

    async def _authorize(self, request: HttpRequest) -> Response:
        query = dict(request.query_params)
        name = query.get("account", "")
        play = query.get("play", "") or await self._met(request, "consent", name)
        match play:
            case "refuse":
                return RedirectResponse(consent.refused(query), status_code=302)
            case "wait":
                consent.check(query)
                return HTMLResponse(consent.WAIT_PAGE)
            case "expired":
                late = self._oauth.approve(query, name or self._names[0], self._clock.now(), lasts=0)
                return RedirectResponse(late, status_code=302)
            case _ if name:
                return RedirectResponse(self._oauth.approve(query, name, self._clock.now()), status_code=302)
            case _:
                return HTMLResponse(consent.chooser(query, AUTHORIZE_PATH, self._names))

    # --- v1internal ------------------------------------------------------------------------------

    async def _internal(self, request: HttpRequest) -> Response | Delivery:
        account = self._account(request)
        body = await body_of(request)
        method: str = request.path_params["method"]
        if method in ("generateContent", "streamGenerateContent"):
            return await self._generate(request, body, account, streaming=method.startswith("stream"))
        if method not in _KINDS:
            raise not_found()
        answer = await self._met(request, _KINDS[method], account.name)
        match method:
            case "countTokens":
                return as_json(count(body))
            case "fetchAvailableModels":
                check_project(body, account)
                return as_json(account.catalogue(self._clock.now()))
            case "retrieveUserQuotaSummary":
                check_project(body, account)
                return as_json(account.summary(self._clock.now()))
            case "loadCodeAssist":
                strict.read(body, LoadBody)
                return as_json(projects.load_code_assist(account))
            case _:
                return as_json({"done": False} if answer == "pending" else projects.onboard(body, account))

    async def _nothing(self, request: HttpRequest) -> Response:
        raise not_found()

    def _account(self, request: HttpRequest) -> SandboxAccount:
        now = self._clock.now()
        return self._accounts.of(self._oauth.account(request.headers.get("authorization", ""), now), now)

    async def _met(self, request: HttpRequest, kind: CallKind, name: str) -> str:
        """Do what the script says to a call that is no generation; the name of what is left to be done.

        Raises Refused or Unanswered if that is what it says.
        """
        played = self._play.answer(Call(kind, name, endpoint=endpoint_of(request)))
        if played is None:
            return ""
        steered = played.steering
        if steered.close or steered.silent:
            raise Unanswered(steered.silent, steered.wait)
        if steered.refusal is not None:
            now = self._clock.now()
            error = steered.refusal.error(
                moment_of(self._accounts.of(name, now), None, own_address(request), now)
            )
            error.wait = steered.wait
            raise error
        await asyncio.sleep(steered.wait)
        return played.answer

    async def _generate(
        self, request: HttpRequest, body: bytes, account: SandboxAccount, *, streaming: bool
    ) -> Delivery:
        if streaming and request.query_params.get("alt") != "sse":
            raise invalid("Only alt=sse is supported by the sandbox.")

        def steer(model: Model, asked: Steering) -> Steering:
            kind: CallKind = "image" if model.draws else "chat"
            played = self._play.answer(Call(kind, account.name, model.id, endpoint_of(request)), asked)
            return asked if played is None else played.steering

        now = self._clock.now()
        made = await generate(body, account, self._studio, steer, now, own_address(request), streaming)
        return self._deliver(made, streaming)

    def _deliver(self, made: Generation, streaming: bool) -> Delivery:
        ids = self._ids(made.model)
        steered = made.steering
        headers = [
            (b"x-cloudaicompanion-trace-id", ids.trace.encode()),
            (b"server-timing", b"gfet4t7; dur=12"),
        ]
        pace = self._pace / _BIG_SPEEDUP if steered.big else self._pace
        pace = _SLOW_PACE if steered.slow else pace
        lead = self._pace * _LEAD_CHUNKS + steered.wait
        if streaming:
            headers.append((b"content-type", b"text/event-stream"))
            frames = stream.events(made.answer, made.model, ids)
            return Delivery(
                frames,
                headers,
                pace=pace,
                lead=lead,
                cut=steered.cut,
                hang=steered.hang,
                broken=frame(made.error.body()) if made.error is not None else b"",
                chunks=steered.chunks,
            )
        whole = stream.unary(made.answer, made.model, ids)
        headers += [(b"content-type", JSON.encode()), (b"content-length", str(len(whole)).encode())]
        wait = lead + (_SLOW_PACE * len(made.answer.text) / 30 if steered.slow else 0.0)
        return Delivery(
            [whole], headers, lead=wait, cut=steered.cut, hang=steered.hang, chunks=steered.chunks
        )

    def _ids(self, model: Model) -> stream.Ids:
        self._answers += 1
        digest = hashlib.blake2b(
            self._answers.to_bytes(8, "big"), key=self._secret, digest_size=32
        ).hexdigest()
        response = f"msg_vrtx_01{digest[:22]}" if model.claude else digest[:22]
        prefix = "toolu_vrtx_01" if model.claude else "call_"
        return stream.Ids(response, digest[22:54], prefix + digest[40:62])
