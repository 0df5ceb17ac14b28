"""Requests as bytes: for clients that leave, and for headers that no library would send."""

from __future__ import annotations

import asyncio
import json
from typing import Any


def chat(key: str, text: str, *headers: str, **more: Any) -> bytes:
    """A chat request with the prompt `text`."""
    body = {"model": "gemini-3-flash", "messages": [{"role": "user", "content": text}]}
    return post(key, "/v1/chat/completions", body | more, *headers)


def post(key: str, path: str, body: Any, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    lines = ["Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
    return _head("POST", path, key, lines) + content


def get(path: str, *headers: str, key: str = "") -> bytes:
    return _head("GET", path, key, list(headers))


def _head(method: str, path: str, key: str, lines: list[str]) -> bytes:
    known = [f"Authorization: Bearer {key}"] if key else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *known, *lines, "", ""]).encode()


async def head(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(15):
        return await reader.readuntil(b"\r\n\r\n")


async def whole(port: int, request: bytes) -> bytes:
    """Everything that is answered to `request`, which has to say `Connection: close`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(15):
        answer = await reader.read()
    writer.close()
    return answer
