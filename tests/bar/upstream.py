"""An upstream of Google's kind on loopback that does as told and notes when a call ends.

It signs in everybody and knows every project. What a prompt says decides how a generation goes:
`hang` answers with nothing, `begin` with the first words and then nothing, `fail 503` with that status,
`storm` with a limit that resets after `reset`, anything else with `picture` or a word. Error bodies hold
`errors`.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections import Counter
from typing import Final

MODELS: Final = ("gemini-3-flash", "gemini-3-pro-image")
_FAIL: Final = re.compile(rb"fail (\d{3})")
_NAME: Final = re.compile(rb"call-\d+")
_EVENTS: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


class Upstream:
    """`await start()` gives its address; `ended` holds the loop's times at which hanging calls ended,
    `asked` counts generations by the name in them, `refreshed` the tokens that were given."""

    def __init__(
        self,
        token: str = "ya29.of-the-bar",
        errors: str = "no",
        picture: bytes = b"",
        token_s: float = 0.0,
        reset: str = "0.7s",
    ) -> None:
        """With `token_s` a token takes so many seconds, and each is another one."""
        self.token, self.errors, self._token_s = token, errors, token_s
        self._reset = reset
        self._whole = _content(
            {"inlineData": {"mimeType": "image/png", "data": b64encode(picture).decode()}}
            if picture
            else {"text": "so"},
            "STOP",
        )
        self._encoded = json.dumps(self._whole).encode()  # once, for a picture takes its time
        self.hanging = 0
        self._lines: set[asyncio.Task[None] | None] = set()
        self.ended: dict[bytes, float] = {}
        self.begun: set[bytes] = set()
        self.asked: Counter[bytes] = Counter()
        self.refreshed = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in [line for line in self._lines if line is not None]:
            line.cancel()
        await asyncio.gather(*filter(None, self._lines), return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(line := asyncio.current_task())
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(line)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        size = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(size[1])) if size else b""
        if ":generateContent" not in path and ":streamGenerateContent" not in path:
            about = json.dumps(self._about(path)).encode()
            if path.startswith("/token"):
                await asyncio.sleep(self._token_s)
            _answer(writer, 200, about)
            return True
        name = _NAME.search(body)
        self.asked[name[0] if name else b""] += 1
        if b"storm" in body:
            _answer(writer, 429, json.dumps(self._limit()).encode())
            return True
        if found := _FAIL.search(body):
            _answer(writer, int(found[1]), json.dumps(self._error(int(found[1]))).encode())
            return True
        if b"hang" in body or b"begin" in body:
            await self._hang(reader, writer, name[0] if name else b"", b"begin" in body)
            return False
        if ":stream" in path:
            writer.write(_EVENTS + b"data: " + self._encoded + b"\n\n")
            await writer.drain()
            return False
        _answer(writer, 200, self._encoded)
        return True

    def _about(self, path: str) -> object:
        if path.startswith("/token"):
            self.refreshed += 1
            number = f"-{self.refreshed}" if self._token_s else ""
            return {"access_token": self.token + number, "expires_in": 3600, "token_type": "Bearer"}
        if path.startswith("/userinfo"):
            return {"email": "bar@example.test"}
        if ":fetchAvailableModels" in path:
            return {"models": {name: {"quotaInfo": {"remainingFraction": 1}} for name in MODELS}}
        return {"cloudaicompanionProject": "project-1", "currentTier": {"id": "free-tier"}}

    def _error(self, status: int) -> object:
        return {
            "error": {"code": status, "message": self.errors, "status": "UNKNOWN", "details": [self.errors]}
        }

    def _limit(self) -> object:
        told = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": self._reset}
        message = "You have exhausted your capacity on this model. Your quota will reset after 0s."
        error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [told]}
        return {"error": error}

    async def _hang(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes, begin: bool
    ) -> None:
        if begin:
            words = json.dumps(_content({"text": "so"}, None)).encode()
            writer.write(_EVENTS + b"data: " + words + b"\n\n")
        self.hanging += 1
        self.begun.add(name)
        try:
            await reader.read(1)
        finally:
            self.hanging -= 1
            self.ended[name] = asyncio.get_running_loop().time()


def _content(part: object, reason: str | None) -> object:
    candidate = {"content": {"role": "model", "parts": [part]}}
    return {"response": {"candidates": [candidate | ({"finishReason": reason} if reason else {})]}}


def _answer(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} So\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
