"""Short-lived links to pictures that were just made: `/files/<token>`. The token is the key.

What is served is a picture by its first bytes, whatever it was called, and can't run as a page.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import OrderedDict
from typing import Final

from msgspec import Struct

from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock
from core.wire.pictures import picture_mime

from .disconnect import Watch
from .exchange import Exchange

PREFIX: Final = "/files/"
LIFETIME: Final = 3600.0
MOST_LINKS: Final = 1000
MOST_BYTES: Final = 128 * 1024 * 1024
"""What links to pictures that are not in the library may hold in memory."""


class _Link(Struct, frozen=True):
    until: float
    path: str = ""
    content: bytes = b""


class PictureLinks:
    """Makes links and serves them until they are an hour old."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: OrderedDict[str, _Link] = OrderedDict()
        self._held = 0

    def to_file(self, path: str) -> str:
        """A link's path for a picture of the library."""
        return self._add(_Link(self._clock.monotonic() + LIFETIME, path=path))

    def to_bytes(self, content: bytes) -> str:
        return self._add(_Link(self._clock.monotonic() + LIFETIME, content=content))

    def _add(self, link: _Link) -> str:
        token = secrets.token_urlsafe(32)
        self._links[token] = link
        self._held += len(link.content)
        while len(self._links) > 1 and (len(self._links) > MOST_LINKS or self._held > MOST_BYTES):
            self._drop(next(iter(self._links)))
        return PREFIX + token

    def _drop(self, token: str) -> None:
        self._held -= len(self._links.pop(token).content)

    async def read(self, token: str) -> bytes:
        """The picture. Raises GatewayError `not_found` for a link that is unknown or too old."""
        link = self._links.get(token)
        if link is not None and link.until < self._clock.monotonic():
            self._drop(token)
            link = None
        content = b""
        if link is not None:
            content = link.content or await asyncio.to_thread(_read, link.path)
        if not picture_mime(content):
            raise GatewayError.of(
                Kind.NOT_FOUND,
                "There is no such picture, or its link has expired.",
                params={"code": "not_found"},
            )
        return content

    async def serve(self, exchange: Exchange, watch: Watch) -> None:
        """`GET /files/<token>`"""
        content = await self.read(exchange.path.removeprefix(PREFIX))
        await exchange.respond(
            200,
            [
                ("content-type", picture_mime(content)),
                ("content-security-policy", "sandbox; default-src 'none'"),
                ("content-disposition", "inline"),
                ("cache-control", "private, max-age=3600"),
            ],
            content,
        )


def _read(path: str) -> bytes:
    """The library's file itself, never what a link in its place points to."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return file.read()
    except OSError:
        return b""
