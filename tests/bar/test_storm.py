"""A storm of limits: every account answers 429, and what reaches the upstream is little more than what was
asked for."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from .asking import chat, whole
from .conftest import House, World
from .figures import (
    STORM_ACCOUNTS,
    STORM_AVERAGE,
    STORM_REQUESTS,
    STORM_RESET_S,
    STORM_TOLD_S,
    STORM_WORST,
)
from .upstream import Upstream


@pytest.mark.parametrize("at_once", [20, STORM_REQUESTS], ids=["20 at a time", "all at once"])
async def test_a_storm_of_429_is_not_passed_on(house: House, at_once: int) -> None:
    upstream = Upstream()
    world = await house(upstream, STORM_ACCOUNTS)
    waited = await storm(world, at_once)
    assert len(waited) == STORM_REQUESTS
    assert sum(upstream.asked.values()) / STORM_REQUESTS <= STORM_AVERAGE
    assert max(upstream.asked.values()) <= STORM_WORST
    if at_once < STORM_REQUESTS:
        # A thousand connections at once wait for the processor, not for the gateway.
        told = sorted(seconds for name, seconds in waited.items() if name not in upstream.asked)
        assert told[int(len(told) * 0.99)] <= STORM_TOLD_S


async def storm(world: World, at_once: int) -> dict[bytes, float]:
    """All requests of the storm, so many at a time; the seconds that each waited for its 429."""
    waited: dict[bytes, float] = {}
    left = iter(range(STORM_REQUESTS))

    async def some() -> None:
        for number in left:
            began = time.perf_counter()
            answer = await whole(world.port, chat(world.key, f"storm call-{number} ", "Connection: close"))
            waited[b"call-%d" % number] = time.perf_counter() - began
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 429")
            assert 1 <= int(head.lower().split(b"retry-after: ")[1].split(b"\r\n")[0]) <= STORM_RESET_S
            assert json.loads(body)["error"]["type"] == "rate_limit_error"

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())
    return waited
