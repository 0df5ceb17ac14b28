"""An owner on a real Unix socket, in this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.attach.address import listening_socket
from core.attach.client import AttachedServices
from core.attach.server import AttachServer
from core.server.serve import Listener


@asynccontextmanager
async def owner(services: Any, home: Path) -> AsyncGenerator[tuple[AttachedServices, Listener]]:
    app = AttachServer(services)
    path = home / "owner.sock"
    sock = listening_socket(path)
    listener = await Listener.open(app, sock=sock)
    client = AttachedServices(str(path))
    try:
        yield client, listener
    finally:
        await client.aclose()
        await listener.close(0.0)


@pytest.fixture
async def attach(tmp_path: Path) -> AsyncIterator[Callable[[Any], Awaitable[AttachedServices]]]:
    async with AsyncExitStack() as stack:

        async def start(services: Any) -> AttachedServices:
            client, _ = await stack.enter_async_context(owner(services, tmp_path))
            return client

        yield start
