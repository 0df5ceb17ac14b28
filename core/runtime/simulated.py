"""The sandbox on ports of this machine, and how a provider's sandbox realm finds it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.secret import Secret
from core.providers.realms import RealmFacts
from core.server.serve import Listener

if TYPE_CHECKING:
    from core.sandbox.script import Script

BACKLOG: Final = 128
POLL_S: Final = 0.02
"""Between two polls of a long-running operation: nothing runs long here."""


class SandboxDoor:
    """The simulated upstreams. They have their addresses from the beginning; connections wait from
    `listen` on, and are answered from `serve` on: the sandbox takes a while to import."""

    def __init__(self, script: Script | None = None) -> None:
        from core import sandbox

        self._script = script
        self._sockets = [_bound() for _ in range(script.endpoints if script is not None else 1)]
        self._listening = False
        self._listeners: list[Listener] = []
        urls = [f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in self._sockets]
        self.url = urls[0]
        self.facts = RealmFacts(
            endpoints=tuple(urls),
            token_url=self.url + sandbox.TOKEN_PATH,
            authorize_url=self.url + sandbox.AUTHORIZE_PATH,
            userinfo_url=self.url + sandbox.USERINFO_PATH,
            client_id=sandbox.CLIENT_ID,
            client_secret=Secret(sandbox.CLIENT_SECRET),
            poll_s=POLL_S,
        )
        everybody = script.everybody if script is not None else sandbox.READY_ACCOUNTS
        self.ready_accounts: Mapping[str, str] = {
            account.email: account.refresh_token for account in everybody
        }

    @property
    def listener(self) -> Listener | None:
        """The first door, once it is answered."""
        return self._listeners[0] if self._listeners else None

    def listen(self) -> None:
        """Let connections wait."""
        if not self._listening:
            self._listening = True
            for sock in self._sockets:
                sock.listen(BACKLOG)

    async def serve(self) -> None:
        """Answer them."""
        self.listen()
        sandbox = await asyncio.to_thread(import_module, "core.sandbox")
        app = sandbox.create_app(script=self._script)
        for number, sock in enumerate(self._sockets, 1):
            self._listeners.append(await Listener.open(app.endpoint(number), sock=sock))

    async def aclose(self) -> None:
        await asyncio.gather(*(listener.close(0.0) for listener in self._listeners))
        for sock in self._sockets:
            sock.close()


def read_script(file: Path) -> Script:
    """The script in `file`. Raises GatewayError(bad_request, cause config) with the line and what was
    expected there."""
    from core.sandbox.script_file import LARGEST, ScriptError, read

    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        return read(content, str(file))
    except OSError as error:
        said = f"{file} can't be read: {error.strerror}."
    except ScriptError as error:
        said = str(error)
    raise GatewayError.of(Kind.BAD_REQUEST, said, cause=Cause.CONFIG, params={"param": "script"})


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind(("127.0.0.1", 0))
    return sock
