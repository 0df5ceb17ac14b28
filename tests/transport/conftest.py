"""The transports and the torture server, for every test of this room.

A transport joins the kit by standing in TRANSPORTS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from core.domain.ports import Transport
from core.transport.client import HttpxTransport
from core.transport.pool import PoolTransport
from core.transport.route import Transports

from .torture import Torture

TRANSPORTS: list[Callable[[], Transport]] = [HttpxTransport, PoolTransport, Transports]


@pytest.fixture(params=TRANSPORTS, ids=lambda make: make.__name__)
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    made: Transport = request.param()
    yield made
    await made.aclose()


@pytest.fixture
async def server() -> AsyncIterator[Torture]:
    made = Torture()
    yield made
    await made.stop()


@pytest.fixture
async def at(server: Torture) -> str:
    return await server.start()
