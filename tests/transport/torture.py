"""An upstream that misbehaves on purpose: raw sockets, one behaviour a path.

Bodies say what they test; the server counts connections and notices when a client is gone.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from .behaviours import Writer, named


class Torture:
    """The server. `requests` holds what was received, `asked` is set by the first request,
    `gone` when a client left early."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.targets: list[str] = []
        self.protocols: list[str | None] = []
        self.connections = 0
        self.sent = 0
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()
        self.proceed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """Connections that are open."""
        return len(self._tasks)

    async def settled(self, connections: int) -> None:
        """Return once no more than so many connections are open."""
        while self.open > connections:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def start(self, tls: ssl.SSLContext | None = None) -> str:
        """Listen; where."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        if (secured := writer.get_extra_info("ssl_object")) is not None:
            self.protocols.append(secured.selected_alpn_protocol())
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.gone.set()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        """Answer one request; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = head[0].split(" ")[1]
        path = urlsplit(target).path  # a client of a proxy sends the whole address
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.targets.append(target)
        self.requests.append((path, headers, body))
        self.asked.set()
        behaviour, kept = named(path)
        answer = asyncio.ensure_future(behaviour(self, writer))
        watch = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answer, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and not watch.result() and not answer.done():
                self.gone.set()
                return False
            await answer
        finally:
            answer.cancel()
            watch.cancel()
            await asyncio.gather(answer, watch, return_exceptions=True)
        return kept and not writer.is_closing()
