"""An owner on a real Unix socket, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from core.attach.address import listening_socket
from core.attach.client import AttachedServices
from core.attach.server import AttachServer


@asynccontextmanager
async def owner(services: Any, home: Path) -> AsyncIterator[tuple[AttachedServices, AttachServer]]:
    app = AttachServer(services)
    path = home / "owner.sock"
    sock = listening_socket(path)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    running = asyncio.create_task(server._serve(sockets=[sock]))
    client = AttachedServices(str(path))
    try:
        yield client, app
    finally:
        await client.aclose()
        server.should_exit = True
        await running
        sock.close()


@pytest.fixture
async def attach(tmp_path: Path) -> AsyncIterator[Callable[[Any], Awaitable[AttachedServices]]]:
    async with AsyncExitStack() as stack:

        async def start(services: Any) -> AttachedServices:
            client, _ = await stack.enter_async_context(owner(services, tmp_path))
            return client

        yield start
