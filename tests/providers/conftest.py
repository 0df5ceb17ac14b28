"""A running sandbox, and the Antigravity provider pointed at it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from msgspec.structs import replace

from core.config.clock import SystemClock
from core.domain.accounts import Account, Device, OAuth, Realm
from core.domain.ports import Grant
from core.domain.secret import Secret
from core.providers import RealmFacts
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.settings import AntigravitySettings
from core.sandbox import CLIENT_ID, CLIENT_SECRET, create_app
from core.transport.pool import PoolTransport

DEVICE = Device("6f0e8c1a-2b7d-4a53-9b1e-0d7f3c5a9e21", "device-1a2b3c4d5e6f7081")


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """`app` on a free loopback port, in a thread; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join()


class World:
    """The provider, its sandbox, and an account that is signed in."""

    def __init__(self, address: str, **settings: Any) -> None:
        self.address = address
        self.transport = PoolTransport()
        facts = RealmFacts(
            endpoints=(address,),
            token_url=f"{address}/token",
            authorize_url=f"{address}/authorize",
            userinfo_url=f"{address}/userinfo",
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            poll_s=0.0,
        )
        own = AntigravitySettings(**settings)
        self.provider = AntigravityProvider(lambda: own, self.transport, SystemClock(), facts)

    def account(self, name: str = "ada") -> Account:
        credential = OAuth(Secret(f"1//sandbox-{name}"))
        return Account(name, "antigravity", f"{name}@sandbox.test", credential, DEVICE, Realm.SANDBOX)

    async def grant(self, name: str = "ada") -> Grant:
        account = self.account(name)
        signed = await self.provider.sign_in.refresh(account.credential, Realm.SANDBOX)
        project = await self.provider.sign_in.project(account, signed.token)
        return Grant(name, account.email, Realm.SANDBOX, signed.token, project.id, DEVICE)

    def other_token(self, grant: Grant, token: str) -> Grant:
        return replace(grant, token=Secret(token))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    with serving(create_app(pace=0)) as address:
        yield address


@pytest.fixture
async def world(sandbox: str) -> AsyncIterator[World]:
    made = World(sandbox, idle_timeout_s=0.5, thinking_idle_timeout_s=0.5)
    yield made
    await made.transport.aclose()
