"""The sandbox as one ASGI app: Google OAuth and `v1internal` behind one loopback address.

Only routes and wiring. The runtime serves it on a free port and points the ordinary providers at it.
"""

import hashlib
import secrets
import time
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.sandbox import stream, strict, usage
from core.sandbox.accounts import Allowance, SandboxAccount, SandboxAccounts
from core.sandbox.catalogue import MODELS, Model
from core.sandbox.checks import check_contents, check_tools
from core.sandbox.delivery import Delivery, with_abort
from core.sandbox.errors import ApiError, OAuthError, invalid, not_found, project_denied
from core.sandbox.generate import Generation, Script, Studio, generate
from core.sandbox.messages import CountBody, CountedRequest, LoadBody, ModelsBody, OnboardBody
from core.sandbox.oauth import VERIFY_PAGE, OAuth, load_code_assist, user_info
from core.sandbox.paths import AUTHORIZE_PATH, TOKEN_PATH, USERINFO_PATH, VERIFY_PATH
from core.sandbox.tokens import Seal

PACE: Final = 0.012
"""Seconds between two chunks by default: about 80 chunks a second."""

_SLOW_PACE: Final = 0.2
_LEAD_CHUNKS: Final = 12
"""An answer's first byte takes as long as this many chunks."""

_BIG_SPEEDUP: Final = 10
_LARGEST_BODY: Final = 100 * 1024 * 1024
_JSON: Final = "application/json; charset=UTF-8"


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
) -> ASGIApp:
    """A sandbox of its own: accounts, quota and tokens are not shared with any other.

    `pace`: seconds between two chunks, 0 in tests. `allowance`: what an account may use in a window.
    `secret` seals tokens, random by default. `script` can steer single generations.
    """
    return Sandbox(
        pace=pace,
        clock=clock or _SystemClock(),
        accounts=SandboxAccounts(allowance or Allowance()),
        secret=secret or secrets.token_bytes(32),
        script=script,
    )


class Sandbox:
    """The app: the handlers and what they share."""

    def __init__(
        self, *, pace: float, clock: Clock, accounts: SandboxAccounts, secret: bytes, script: Script | None
    ) -> None:
        self._pace = pace
        self._clock = clock
        self._accounts = accounts
        self._oauth = OAuth(Seal(secret))
        self._secret = secret
        self._script = script
        self._studio = Studio()
        self._answers = 0
        routes = [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route(USERINFO_PATH, self._userinfo, methods=["GET"]),
            Route(AUTHORIZE_PATH, self._authorize, methods=["GET"]),
            Route(VERIFY_PATH, self._verify, methods=["GET"]),
            Route("/v1internal:{method}", self._internal, methods=["POST"]),
            Route("/{rest:path}", self._nothing),
        ]
        self._app = Starlette(
            routes=routes,
            exception_handlers={ApiError: _refused, OAuthError: _token_refused},  # pyright: ignore[reportArgumentType]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Outermost, where the server's own `send` can still be seen."""
        if scope["type"] == "http":
            scope = with_abort(scope, send)
        await self._app(scope, receive, send)

    async def _token(self, request: HttpRequest) -> Response:
        form = dict(parse_qsl((await _body(request)).decode(errors="replace"), keep_blank_values=True))
        return _json(self._oauth.token(form, self._clock.now()))

    async def _userinfo(self, request: HttpRequest) -> Response:
        return _json(user_info(self._account(request).name))

    async def _authorize(self, request: HttpRequest) -> Response:
        query = dict(request.query_params)
        if query.get("account"):
            return RedirectResponse(self._oauth.approve(query, self._clock.now()), status_code=302)
        return HTMLResponse(self._oauth.chooser(query, AUTHORIZE_PATH))

    async def _verify(self, request: HttpRequest) -> Response:
        return HTMLResponse(VERIFY_PAGE)

    async def _internal(self, request: HttpRequest) -> Response | Delivery:
        account = self._account(request)
        body = await _body(request)
        here = str(request.base_url).rstrip("/")
        match request.path_params["method"]:
            case "generateContent":
                return await self._generate(body, account, here, streaming=False)
            case "streamGenerateContent":
                if request.query_params.get("alt") != "sse":
                    raise invalid("Only alt=sse is supported by the sandbox.")
                return await self._generate(body, account, here, streaming=True)
            case "countTokens":
                return _json(_count(body))
            case "fetchAvailableModels":
                return _json(self._models(body, account))
            case "loadCodeAssist":
                strict.read(body, LoadBody)
                return _json(load_code_assist(account.project))
            case "onboardUser":
                return _json(_onboard(body, account))
            case _:
                raise not_found()

    async def _nothing(self, request: HttpRequest) -> Response:
        raise not_found()

    def _account(self, request: HttpRequest) -> SandboxAccount:
        name = self._oauth.account(request.headers.get("authorization", ""), self._clock.now())
        return self._accounts.of(name)

    def _models(self, body: bytes, account: SandboxAccount) -> dict[str, Any]:
        asked = strict.read(body, ModelsBody)
        if asked.project and asked.project != account.project:
            raise project_denied(asked.project)
        return account.catalogue(self._clock.now())

    async def _generate(
        self, body: bytes, account: SandboxAccount, here: str, *, streaming: bool
    ) -> Delivery:
        made = await generate(body, account, self._studio, self._script, self._clock.now(), here)
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
        lead = self._pace * _LEAD_CHUNKS
        if streaming:
            headers.append((b"content-type", b"text/event-stream"))
            frames = stream.events(made.answer, made.model, ids)
            return Delivery(frames, headers, pace=pace, lead=lead, cut=steered.cut, hang=steered.hang)
        whole = stream.unary(made.answer, made.model, ids)
        headers += [(b"content-type", _JSON.encode()), (b"content-length", str(len(whole)).encode())]
        wait = lead + (_SLOW_PACE * len(made.answer.text) / 30 if steered.slow else 0.0)
        return Delivery([whole], headers, lead=wait, cut=steered.cut, hang=steered.hang)

    def _ids(self, model: Model) -> stream.Ids:
        self._answers += 1
        digest = hashlib.blake2b(
            self._answers.to_bytes(8, "big"), key=self._secret, digest_size=32
        ).hexdigest()
        response = f"msg_vrtx_01{digest[:22]}" if model.claude else digest[:22]
        prefix = "toolu_vrtx_01" if model.claude else "call_"
        return stream.Ids(response, digest[22:54], prefix + digest[40:62])


def _count(body: bytes) -> dict[str, int]:
    request = strict.read(body, CountBody).request or CountedRequest()
    check_contents(request.contents, request.system_instruction)
    check_tools(request.tools, request.tool_config, MODELS["sandbox-chat"])
    return {"totalTokens": usage.prompt_tokens(request)}


def _onboard(body: bytes, account: SandboxAccount) -> dict[str, Any]:
    asked = strict.read(body, OnboardBody)
    if asked.tier_id not in ("free-tier", "standard-tier"):
        raise invalid(f"Invalid tier id: {asked.tier_id or ''}")
    if asked.tier_id == "free-tier" and asked.cloudaicompanion_project:
        raise invalid("A project can't be chosen for the free tier.")
    name = f"operations/onboard-{account.name}"
    if not account.onboard():
        return {"name": name, "done": False}
    project = {"id": account.project, "name": account.project}
    return {"name": name, "done": True, "response": {"cloudaicompanionProject": project}}


async def _body(request: HttpRequest) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > _LARGEST_BODY:
            raise ApiError(413, f"Request payload size exceeds the limit: {_LARGEST_BODY} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=_JSON)


async def _refused(request: HttpRequest, refusal: ApiError) -> Response:
    return Response(refusal.body(), refusal.code, media_type=refusal.media_type)


async def _token_refused(request: HttpRequest, refusal: OAuthError) -> Response:
    return Response(refusal.body(), refusal.code, media_type=_JSON)
