"""A storm of limits: every account answers 429, and what reaches the upstream is little more than what was
asked for."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from core.config.paths import Paths
from core.runtime.local import LocalServices
from core.runtime.opening import open_services

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


async def test_a_reset_in_120_hours_is_not_asked_about_after_a_restart(house: House, tmp_path: Path) -> None:
    upstream = Upstream(reset="432000s")
    world = await house(upstream, 2)
    before = retry_after(await whole(world.port, chat(world.key, "storm call-1 ", "Connection: close")))
    assert upstream.asked == {b"call-1": 2}
    env = dict(world.env)
    await world.services.aclose()
    services = await open_services(Paths.at(tmp_path / "home"), serve=True, port=0, env=env)
    assert isinstance(services, LocalServices)
    again = World(services, upstream, world.key, env)
    answer = await whole(again.port, chat(again.key, "storm call-2 ", "Connection: close"))
    views = await services.accounts.list()
    await services.aclose()
    assert b"call-2" not in upstream.asked
    assert before - 60 <= retry_after(answer) <= before
    rests = [rest for view in views for rest in view.cooldowns if rest.model == "gemini-3-flash"]
    assert [rest.cause for rest in rests] == ["quota"] * 2


async def storm(world: World, at_once: int) -> dict[bytes, float]:
    """All requests of the storm, so many at a time; the seconds that each waited for its 429."""
    waited: dict[bytes, float] = {}
    left = iter(range(STORM_REQUESTS))

    async def some() -> None:
        for number in left:
            began = time.perf_counter()
            answer = await whole(world.port, chat(world.key, f"storm call-{number} ", "Connection: close"))
            waited[b"call-%d" % number] = time.perf_counter() - began
            assert 1 <= retry_after(answer) <= STORM_RESET_S

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())
    return waited


def retry_after(answer: bytes) -> int:
    """The seconds that a client is told to wait by what has to be a limit."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429")
    assert json.loads(body)["error"]["type"] == "rate_limit_error"
    return int(head.lower().split(b"retry-after: ")[1].split(b"\r\n")[0])
