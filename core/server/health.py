"""Is somebody there: `/health`, `/healthz` and `GET /api/health`."""

from __future__ import annotations

import msgspec

from .exchange import Exchange


async def serve(exchange: Exchange, version: str, draining: bool) -> None:
    """200 while requests are taken, 503 once the server is about to stop."""
    status = "stopping" if draining else "ok"
    body = msgspec.json.encode({"status": status, "version": version})
    await exchange.json(body, status=503 if draining else 200)
