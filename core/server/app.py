"""The gateway's ASGI application: the families' tables of paths, and what happens around every handler.

Order: host and origin, route, key, handler. A failure becomes an error body of the path's family;
one that nobody foresaw is a 500 whose details are in the log only.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

import core
from core.config.settings import ServerSettings
from core.domain.bodies import Tape
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.keys import LOCAL, Standing
from core.domain.ports import BodyRecorder, Clock
from core.redact import mask_email, redact
from core.services import Generation, Studio

from . import guard, health
from .ai import protocols
from .asgi import Headers, Receive, Scope, Send
from .auth import Gate, Keys
from .disconnect import InterruptedRequest, Watch
from .exchange import BodyBudget, ClientGoneError, Exchange
from .family import Family, Route
from .files import PREFIX, PictureLinks
from .streaming import STOPPING, told
from .taping import tape_of, taped

log = logging.getLogger("agtui.server")

MOST_BODY_BYTES: Final = 256 * 1024 * 1024

FAULT: Final = Failure(
    Kind.INTERNAL,
    "Something went wrong inside the gateway. Its log has the details, under this request's id.",
)


class Gateway:
    """The application. `drain` makes health say so; `end_streams` gives every open answer its ending."""

    def __init__(
        self,
        generation: Generation,
        studio: Studio,
        keys: Keys,
        clock: Clock,
        settings: Callable[[], ServerSettings] = ServerSettings,
        standing: Callable[[str], Standing | None] = lambda _: None,
        bodies: BodyRecorder | None = None,
    ) -> None:
        self._clock, self._settings, self._standing = clock, settings, standing
        self._recorder = bodies
        # Ids are no secrets, and the kernel's random numbers let go of the interpreter for each.
        self._chance = random.Random()
        self._gate = Gate(keys, clock)
        self._bodies = BodyBudget(MOST_BODY_BYTES)
        self._watches: set[Watch] = set()
        self.draining = False
        links = PictureLinks(clock)
        families = protocols(generation, studio, links, clock)
        self._families, self._default = families, families[-1]
        own = Family("agtui", self._own_routes(links), self._default.error_body)
        self._of_path: dict[str, list[Family]] = {}
        for family in (*families, own):
            for path in family.routes:
                self._of_path.setdefault(path, []).append(family)
        self._prefixes = tuple(path for path in self._of_path if path.endswith("/"))

    def _own_routes(self, links: PictureLinks) -> dict[str, dict[str, Route]]:
        return {
            "/health": {"GET": Route(self._health, needs="health")},
            "/healthz": {"GET": Route(self._health, needs="health")},
            "/api/health": {"GET": Route(self._health, needs="nothing")},
            PREFIX: {"GET": Route(links.serve, needs="nothing")},
        }

    @property
    def routes(self) -> dict[str, tuple[str, ...]]:
        """Every path with its methods; a path that ends in `/` has something after it."""
        return {
            path: tuple(dict.fromkeys(method for family in families for method in family.routes[path]))
            for path, families in self._of_path.items()
        }

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
        request_id = f"req_{self._chance.getrandbits(96):024x}"
        tape: Tape | None = None
        recorder = self._recorder
        if recorder is not None and recorder.on and scope["method"] == "POST":
            tape = tape_of(scope, request_id, self._clock.now())
            recorder.begin(tape)
            scope, receive, send = taped(tape, scope, receive, send)
        exchange = Exchange(scope, receive, send, request_id, self._bodies, self._settings(), self._clock)
        path = self._known(exchange.path)
        family = self._family(exchange, path)
        if family.id_header:
            exchange.headers.append((family.id_header, exchange.shown_id))
        try:
            await self._serve(exchange, family, path)
        except (ClientGoneError, InterruptedRequest):
            return
        except GatewayError as error:
            await self._refuse(exchange, family, error.failure)
        except Exception:
            log.exception("request %s to %s failed", exchange.id, exchange.path)
            if exchange.started:
                raise
            await self._refuse(exchange, family, FAULT)
        finally:
            exchange.release()
            if recorder is not None and tape is not None:
                recorder.end(tape, exchange.key if exchange.recorded else None)

    def _family(self, exchange: Exchange, path: str) -> Family:
        """The protocol that a request speaks: the first that claims it, of those that serve the path."""
        for family in self._of_path.get(path, ()):
            if family.claims(exchange):
                return family
        return next((one for one in self._families if exchange.path.startswith(one.home)), self._default)

    def _known(self, path: str) -> str:
        """The path as the tables have it; empty if they don't."""
        if path in self._of_path and not path.endswith("/"):
            return path
        return next((one for one in self._prefixes if path.startswith(one) and len(path) > len(one)), "")

    def _meant(self, path: str) -> str:
        """The path that a client with a wrong base URL means: without `/v1`, with it twice, or with `//`."""
        plain = "/" + path.lstrip("/")
        for guess in (plain, "/v1" + plain, plain.removeprefix("/v1")):
            if self._known(guess):
                return guess
        return ""

    async def _serve(self, exchange: Exchange, family: Family, path: str) -> None:
        settings = exchange.settings
        guard.check(exchange, settings.allowed_hosts)
        route = _route(exchange, family, path, "" if path else self._meant(exchange.path))
        if route.needs != "nothing":
            exchange.key = self._gate.check(
                exchange, family.name, settings.auth_mode, health=route.needs == "health"
            )
            exchange.recorded = route.recorded
            if exchange.key and exchange.key != LOCAL:
                exchange.late_headers = partial(self._limit_headers, exchange.key, family)
        watch = Watch(exchange.leaving)
        self._watches.add(watch)
        try:
            await route.handler(exchange, watch)
        except InterruptedRequest as interrupt:
            if interrupt.why == "gone" or exchange.started:
                raise
            raise GatewayError(STOPPING) from interrupt
        finally:
            self._watches.discard(watch)

    def _limit_headers(self, key: str, family: Family) -> Headers:
        """What is left of a client key's limits, as it is when the response begins."""
        standing = self._standing(key)
        return family.limit_headers(standing, self._clock.now()) if standing is not None else []

    async def _refuse(self, exchange: Exchange, family: Family, failure: Failure) -> None:
        if exchange.started:
            log.error("request %s failed after its response had begun: %s", exchange.id, failure)
            await exchange.finish()
            return
        params = failure.params | {"request_id": exchange.shown_id}
        error = family.error_body(replace(told(failure), params=params))
        headers: Headers = [*error.headers, ("server-timing", f"total;dur={exchange.elapsed_ms:.1f}")]
        if allow := failure.params.get("allow"):
            headers.append(("allow", allow))
        if email := failure.params.get("email"):
            headers += [("x-account-email", email), ("x-agtui-account", mask_email(email))]
        if model := failure.params.get("mapped_model"):
            headers.append(("x-mapped-model", redact(model)))
        unread = not exchange.body_read and exchange.method not in guard.SAFE
        if unread or self.draining:
            headers.append(("connection", "close"))
        await exchange.respond(error.status, headers, error.body, linger=unread)

    async def _health(self, exchange: Exchange, watch: Watch) -> None:
        await health.serve(exchange, core.__version__, self.draining)


def _route(exchange: Exchange, family: Family, path: str, meant: str) -> Route:
    """The route of a request. Raises GatewayError 404, with what was `meant`, or 405."""
    methods = family.routes.get(path)
    if methods is None:
        advice = f" Is the base URL right? There is {meant:.200}." if meant else ""
        raise GatewayError.of(
            Kind.NOT_FOUND,
            f"There is no route {exchange.method} {exchange.path:.200}.{advice}",
            params={"code": "unknown_url"},
        )
    route = methods.get("GET" if exchange.method == "HEAD" else exchange.method)
    if route is None:
        allowed = ", ".join(methods)
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            f"{exchange.path:.200} takes {allowed}, not {exchange.method}.",
            params={"status": "405", "allow": allowed, "code": "method_not_allowed"},
        )
    return route


def build_app(
    generation: Generation,
    studio: Studio,
    keys: Keys,
    clock: Clock,
    settings: Callable[[], ServerSettings] = ServerSettings,
    standing: Callable[[str], Standing | None] = lambda _: None,
    bodies: BodyRecorder | None = None,
) -> Gateway:
    """The gateway's application over the services it needs.

    `standing` tells how a client key stands by its name; `bodies` takes what is said, if it wants it.
    """
    return Gateway(generation, studio, keys, clock, settings, standing, bodies)
