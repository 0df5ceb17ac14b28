"""Signing in with a browser: when. The link goes out, a listener and a paste race for the code, and the
first good one becomes an account within five minutes.

How links and codes look is the provider's knowledge; HTTP is the listener's, which comes from outside.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final

import msgspec

from core.domain.accounts import AccountView, Login, LoginState, Realm
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import (
    AccessToken,
    AuthorizeRequest,
    CallbackDoor,
    Clock,
    Landing,
    OpenCallback,
    SignIn,
)
from core.domain.secret import Secret

from . import pasted

_log = logging.getLogger("agtui.accounts")

LASTS_S: Final = 300.0
KEPT: Final = 16
"""Sign-ins that are over and can still be asked about."""

Join = Callable[[AccessToken], Awaitable[AccountView]]

ARRIVED: Final = Landing(200, "Back to agtui", "The sign-in goes on in agtui. You may close this window.")
REFUSED: Final = Landing(
    200, "Not signed in", "Nothing was changed; agtui says why. You may close this window."
)
OTHER: Final = Landing(
    400, "Another sign-in", "This address belongs to another sign-in. Open the link that agtui shows."
)
NO_CODE: Final = Landing(400, "No code", "There is no code in this address. Open the link that agtui shows.")
OVER: Final = Landing(200, "Nothing to do", "This sign-in has gone on already. You may close this window.")


class Flow:
    """One sign-in. Everything but the exchange happens at once, without waiting."""

    def __init__(
        self,
        login: Login,
        sign_in: SignIn,
        realm: Realm,
        request: AuthorizeRequest,
        join: Join,
    ) -> None:
        self.login = login
        self._sign_in = sign_in
        self._realm = realm
        self._request = request
        self._join = join
        self._changed = asyncio.Event()
        self._late = False
        self._door: CallbackDoor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, door: CallbackDoor, lasts: float) -> None:
        """From here on a code is awaited, for `lasts` seconds."""
        self._door = door
        self._timer = asyncio.get_running_loop().call_later(lasts, self._expire)

    def landed(self, query: Mapping[str, str]) -> Landing:
        """A browser came back with `query`. What does not know our state changes nothing."""
        if not self._ours(query.get("state", "")):
            return OTHER
        if self.login.state is not LoginState.WAITING:
            return OVER
        if query.get("error"):
            self._end(LoginState.FAILED, _refusal(query["error"]))
            return REFUSED
        if not query.get("code"):
            return NO_CODE
        self._go_on(Secret(query["code"]), again=False)
        return ARRIVED

    def paste(self, text: str) -> Login:
        """A person pasted `text`. Raises GatewayError(bad_request) when nothing can be done with it."""
        if self.login.state is not LoginState.WAITING:
            return self.login
        found = pasted.read(text)
        if found.state and not self._ours(found.state):
            raise GatewayError.of(Kind.BAD_REQUEST, OTHER.text, params={"param": "text"})
        if found.error:
            self._end(LoginState.FAILED, _refusal(found.error))
        else:
            self._go_on(found.code, again=True)
        return self.login

    def cancel(self, why: str = "") -> Login:
        """End it, if it has not ended. An exchange that is under way comes to nothing."""
        if not self.login.state.over:
            self._end(LoginState.CANCELLED, why)
        return self.login

    async def watch(self) -> AsyncGenerator[Login]:
        """The present, then every change; ends with the sign-in."""
        while True:
            changed = self._changed
            login = self.login
            yield login
            if login.state.over:
                return
            await changed.wait()

    async def closed(self) -> None:
        """Wait until the listener of a sign-in that is over is closed."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        self.cancel("agtui has ended.")
        for task in self._tasks:
            if task.get_name() == "exchange":
                task.cancel()
        await self.closed()

    # --- within --------------------------------------------------------------------------------

    def _ours(self, state: str) -> bool:
        return hmac.compare_digest(state.encode(), self._request.state.encode())

    def _go_on(self, code: Secret, again: bool) -> None:
        self._say(LoginState.EXCHANGING)
        self._later(self._exchange(code, again), "exchange")

    async def _exchange(self, code: Secret, again: bool) -> None:
        """Redeem the code. One that was pasted wrong may be pasted `again`."""
        try:
            access = await self._sign_in.exchange(self._realm, code, self._request, self.login.redirect_uri)
            if self.login.state.over:
                return
            account = await self._join(access)
        except GatewayError as error:
            failure = error.failure
            if self.login.state.over:
                return
            if again and failure.cause is Cause.INVALID_GRANT and not self._late:
                self._say(LoginState.WAITING, failure.public_message)
            else:
                self._end(LoginState.FAILED, failure.public_message)
            return
        if not self.login.state.over:
            self._end(LoginState.DONE, account=account)

    def _expire(self) -> None:
        if self.login.state is LoginState.WAITING:
            self._end(LoginState.EXPIRED, "Nobody confirmed it in time. Start the sign-in again.")
        self._late = True

    def _say(self, state: LoginState, error: str = "", account: AccountView | None = None) -> None:
        self.login = msgspec.structs.replace(self.login, state=state, error=error, account=account)
        self._changed.set()
        self._changed = asyncio.Event()

    def _end(self, state: LoginState, error: str = "", account: AccountView | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._say(state, error, account)
        door, self._door = self._door, None
        if door is not None:
            self._later(door.aclose(), "close")

    def _later(self, work: Awaitable[None], name: str) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        _log.error("a sign-in failed inside agtui", exc_info=error)
        if not self.login.state.over:
            self._end(LoginState.FAILED, "agtui failed at this. The logs tab says where.")


class Flows:
    """The sign-ins of this process, by id. `lasts` is how many seconds each waits for its person."""

    def __init__(self, open_callback: OpenCallback, clock: Clock, lasts: float = LASTS_S) -> None:
        self._open = open_callback
        self._clock = clock
        self._lasts = lasts
        self._flows: dict[str, Flow] = {}
        self._starting = asyncio.Lock()

    async def start(self, provider: str, sign_in: SignIn, realm: Realm, hint: str, join: Join) -> Login:
        """Open the listener and make the link. Raises GatewayError before anything is opened when there
        is no client to sign in as.

        One at a time: whoever starts another has given up on the one before, and needs its port.
        """
        sign_in.authorize(realm, "", hint)
        async with self._starting:
            await self._make_room(provider)
            flow: Flow | None = None

            def landed(query: Mapping[str, str]) -> Landing:
                return flow.landed(query) if flow is not None else OTHER

            where = sign_in.callback
            door = await self._open(where, landed)
            # "localhost" and not 127.0.0.1: it is what the OAuth client is registered with.
            redirect_uri = f"http://localhost:{door.port}{where.path}"
            request = sign_in.authorize(realm, redirect_uri, hint)
            expires_at = self._clock.now() + self._lasts
            login = Login(uuid.uuid4().hex, provider, request.url, redirect_uri, expires_at)
            flow = Flow(login, sign_in, realm, request, join)
            flow.begin(door, self._lasts)
            self._flows[login.id] = flow
            return login

    def get(self, login_id: str) -> Flow:
        """Raises GatewayError(not_found)."""
        flow = self._flows.get(login_id)
        if flow is None:
            raise GatewayError.of(Kind.NOT_FOUND, "No such sign-in is under way. Start it again.")
        return flow

    async def aclose(self) -> None:
        for flow in self._flows.values():
            await flow.aclose()

    async def _make_room(self, provider: str) -> None:
        for flow in list(self._flows.values()):
            if flow.login.provider == provider and flow.login.state is LoginState.WAITING:
                flow.cancel("Another sign-in was started.")
                await flow.closed()
        over = [login_id for login_id, flow in self._flows.items() if flow.login.state.over]
        for login_id in over[: max(0, len(over) - KEPT)]:
            del self._flows[login_id]


def _refusal(word: str) -> str:
    """What an `error` of the upstream's means; the word itself may be anything."""
    if word == "access_denied":
        return "The sign-in was refused in the browser. Start it again and agree to it."
    clean = "".join(letter for letter in word[:100] if letter.isprintable())
    return f"The upstream refused the sign-in: {clean}. Start it again."
