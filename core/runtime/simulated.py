"""The sandbox on a port of this machine, and how a provider's sandbox realm finds it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from core.domain.secret import Secret
from core.providers.realms import RealmFacts
from core.server.serve import Listener

BACKLOG: Final = 128
POLL_S: Final = 0.02
"""Between two polls of a long-running operation: nothing runs long here."""


class SandboxDoor:
    """The simulated upstreams. They have their address from the beginning; connections wait from
    `listen` on, and are answered from `serve` on: the sandbox takes a while to import."""

    def __init__(self) -> None:
        from core import sandbox

        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self._listening = False
        self.listener: Listener | None = None
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.facts = RealmFacts(
            endpoints=(self.url,),
            token_url=self.url + sandbox.TOKEN_PATH,
            authorize_url=self.url + sandbox.AUTHORIZE_PATH,
            userinfo_url=self.url + sandbox.USERINFO_PATH,
            client_id=sandbox.CLIENT_ID,
            client_secret=Secret(sandbox.CLIENT_SECRET),
            poll_s=POLL_S,
        )
        self.ready_accounts: Mapping[str, str] = {
            account.email: account.refresh_token for account in sandbox.READY_ACCOUNTS
        }

    def listen(self) -> None:
        """Let connections wait."""
        if not self._listening:
            self._listening = True
            self._socket.listen(BACKLOG)

    async def serve(self) -> None:
        """Answer them."""
        self.listen()
        sandbox = await asyncio.to_thread(import_module, "core.sandbox")
        self.listener = await Listener.open(sandbox.create_app(), sock=self._socket)

    async def aclose(self) -> None:
        if self.listener is not None:
            await self.listener.close(0.0)
        self._socket.close()
