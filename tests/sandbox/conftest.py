"""Fixtures: a sandbox in this process, and one behind a real server."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from core import sandbox
from tests.sandbox.world import FakeClock, World, new_client, sign_in


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def client(clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    async with new_client(clock) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> World:
    return await sign_in(client)


@pytest.fixture
async def served() -> AsyncIterator[World]:
    """Ada at a sandbox that uvicorn serves on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(sandbox.create_app(pace=0), log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    port = listener.getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            yield await sign_in(client)
    finally:
        server.should_exit = True
        await running
        listener.close()
