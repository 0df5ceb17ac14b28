"""Which transport makes a call: the pool, or httpx where a proxy stands between.

The proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), read when an
origin is called for the first time. Calls to this machine never go through one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from core.domain.ports import Call, Transport, UpstreamReply

from .client import HttpxTransport
from .pool import PoolTransport

LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Transports:
    """Transport (domain/ports.py) over two others. httpx is imported only if a proxy is set."""

    def __init__(self, direct: Transport | None = None, through_proxy: Transport | None = None) -> None:
        self._direct = direct or PoolTransport()
        self._through_proxy = through_proxy or HttpxTransport()
        self._chosen: dict[tuple[str, str], Transport] = {}

    async def send(self, call: Call) -> UpstreamReply:
        """Send and wait for the head."""
        return await self.chosen(call.url).send(call)

    async def read(self, call: Call, limit: int = 64 * 1024 * 1024) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read the whole body, at most `limit` bytes after decoding."""
        return await self.chosen(call.url).read(call, limit)

    async def aclose(self) -> None:
        try:
            await self._direct.aclose()
        finally:
            await self._through_proxy.aclose()

    def chosen(self, url: str) -> Transport:
        """Who makes a call to `url`."""
        # Everything up to the path; a URL that makes no sense is refused by whoever gets it.
        scheme, _, rest = url.partition("://")
        origin = (scheme, rest.partition("/")[0])
        chosen = self._chosen.get(origin)
        if chosen is None:
            chosen = self._chosen[origin] = self._through_proxy if _proxied(url) else self._direct
        return chosen


def _proxied(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, netloc = parts.hostname or "", parts.netloc.rpartition("@")[2]
    except ValueError:
        return False
    if not host or host in LOCAL:
        return False
    import urllib.request

    proxies = urllib.request.getproxies()
    if not (proxies.get(parts.scheme) or proxies.get("all")):
        return False
    return not urllib.request.proxy_bypass(netloc)
