"""The gateway's ASGI application: a table of paths, and what happens around every handler.

Order: host and origin, route, key, handler. A failure becomes an error body of the route's family;
one that nobody foresaw is a 500 whose details are in the log only.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

import core
from core.config.settings import ServerSettings
from core.dialects.openai.errors import error_body
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import Clock
from core.redact import mask_email
from core.services import Generation, Studio

from . import guard, health
from .ai.openai import FAMILY, MODELS, OpenAI
from .asgi import Headers, Receive, Scope, Send
from .auth import Gate, Keys
from .disconnect import InterruptedRequest, Watch
from .exchange import BodyBudget, ClientGoneError, Exchange
from .files import PREFIX, PictureLinks
from .streaming import STOPPING

log = logging.getLogger("agtui.server")

Handler = Callable[[Exchange, Watch], Awaitable[None]]

MOST_BODY_BYTES: Final = 256 * 1024 * 1024

FAULT: Final = Failure(
    Kind.INTERNAL,
    "Something went wrong inside the gateway. Its log has the details, under this request's id.",
)


class Route(Struct, frozen=True):
    """`needs`: a key always, a key but in modes that leave health open, or never."""

    handler: Handler
    family: str = FAMILY
    needs: str = "key"


class Gateway:
    """The application. `drain` makes health say so; `end_streams` gives every open answer its ending."""

    def __init__(
        self,
        generation: Generation,
        studio: Studio,
        keys: Keys,
        clock: Clock,
        settings: Callable[[], ServerSettings] = ServerSettings,
    ) -> None:
        self._clock, self._settings = clock, settings
        self._gate = Gate(keys, clock)
        self._links = PictureLinks(clock)
        self._openai = OpenAI(generation, studio, self._links)
        self._bodies = BodyBudget(MOST_BODY_BYTES)
        self._watches: set[Watch] = set()
        self.draining = False
        self._routes: dict[str, dict[str, Route]] = {
            "/v1/chat/completions": {"POST": Route(self._chat)},
            "/v1/images/generations": {"POST": Route(self._images)},
            "/v1/models": {"GET": Route(self._models)},
            "/health": {"GET": Route(self._health, needs="health")},
            "/healthz": {"GET": Route(self._health, needs="health")},
            "/api/health": {"GET": Route(self._health, needs="nothing")},
        }
        self._prefixes: dict[str, dict[str, Route]] = {
            MODELS: {"GET": Route(self._model)},
            PREFIX: {"GET": Route(self._file, needs="nothing")},
        }

    @property
    def routes(self) -> dict[str, tuple[str, ...]]:
        """Every path with its methods; a path that ends in `/` has something after it."""
        return {path: tuple(methods) for path, methods in (self._routes | self._prefixes).items()}

    @property
    def in_flight(self) -> int:
        return len(self._watches)

    def drain(self) -> None:
        self.draining = True

    def end_streams(self) -> None:
        for watch in list(self._watches):
            watch.interrupt("stopping")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send, f"req_{secrets.token_hex(12)}", self._bodies)
        try:
            await self._serve(exchange)
        except (ClientGoneError, InterruptedRequest):
            return
        except GatewayError as error:
            await self._refuse(exchange, error.failure)
        except Exception:
            log.exception("request %s to %s failed", exchange.id, exchange.path)
            if exchange.started:
                raise
            await self._refuse(exchange, FAULT)
        finally:
            exchange.release()

    async def _serve(self, exchange: Exchange) -> None:
        settings = self._settings()
        guard.check(exchange, settings.allowed_hosts)
        route = self._find(exchange)
        if route.needs != "nothing":
            exchange.key = self._gate.check(
                exchange, route.family, settings.auth_mode, health=route.needs == "health"
            )
        watch = Watch(exchange.receive)
        self._watches.add(watch)
        try:
            await route.handler(exchange, watch)
        except InterruptedRequest as interrupt:
            if interrupt.why == "gone" or exchange.started:
                raise
            raise GatewayError(STOPPING) from interrupt
        finally:
            self._watches.discard(watch)

    def _find(self, exchange: Exchange) -> Route:
        methods = self._routes.get(exchange.path)
        if methods is None:
            methods = next(
                (
                    found
                    for prefix, found in self._prefixes.items()
                    if exchange.path.startswith(prefix) and len(exchange.path) > len(prefix)
                ),
                None,
            )
        if methods is None:
            raise GatewayError.of(
                Kind.NOT_FOUND,
                f"There is no route {exchange.method} {exchange.path:.200}.",
                params={"code": "unknown_url"},
            )
        method = "GET" if exchange.method == "HEAD" else exchange.method
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(methods)
            raise GatewayError.of(
                Kind.BAD_REQUEST,
                f"{exchange.path:.200} takes {allowed}, not {exchange.method}.",
                params={"status": "405", "allow": allowed, "code": "method_not_allowed"},
            )
        return route

    async def _refuse(self, exchange: Exchange, failure: Failure) -> None:
        if exchange.started:
            log.error("request %s failed after its response had begun: %s", exchange.id, failure)
            await exchange.finish()
            return
        error = error_body(failure)
        headers: Headers = list(error.headers)
        if allow := failure.params.get("allow"):
            headers.append(("allow", allow))
        if email := failure.params.get("email"):
            headers += [("x-account-email", email), ("x-agtui-account", mask_email(email))]
        if model := failure.params.get("mapped_model"):
            headers.append(("x-mapped-model", model))
        unread = not exchange.body_read and exchange.method not in guard.SAFE
        if unread or self.draining:
            headers.append(("connection", "close"))
        await exchange.respond(error.status, headers, error.body, linger=unread)

    async def _chat(self, exchange: Exchange, watch: Watch) -> None:
        settings = self._settings()
        await self._openai.chat(
            exchange, watch, self._clock.now(), settings.max_body_mb, settings.heartbeat_s
        )

    async def _images(self, exchange: Exchange, watch: Watch) -> None:
        await self._openai.images(exchange, watch, self._clock.now(), self._settings().max_body_mb)

    async def _models(self, exchange: Exchange, watch: Watch) -> None:
        await self._openai.models(exchange)

    async def _model(self, exchange: Exchange, watch: Watch) -> None:
        await self._openai.model(exchange)

    async def _file(self, exchange: Exchange, watch: Watch) -> None:
        await self._links.serve(exchange)

    async def _health(self, exchange: Exchange, watch: Watch) -> None:
        await health.serve(exchange, core.__version__, self.draining)


def build_app(
    generation: Generation,
    studio: Studio,
    keys: Keys,
    clock: Clock,
    settings: Callable[[], ServerSettings] = ServerSettings,
) -> Gateway:
    """The gateway's application over the services it needs."""
    return Gateway(generation, studio, keys, clock, settings)
