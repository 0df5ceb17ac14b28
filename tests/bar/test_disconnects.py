"""Clients that leave in the middle: their upstream calls end at once, and nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from typing import Any

from .asking import chat, head
from .conftest import House, World
from .figures import ABORT_SEEN_S, ABORTS, ABORTS_AT_ONCE, LEFT_BEHIND
from .upstream import Upstream

WAYS: list[tuple[str, dict[str, Any]]] = [
    ("hang", {}),
    ("hang", {"stream": True}),
    ("begin", {"stream": True}),
]


async def test_a_client_that_leaves_ends_its_upstream_call_and_leaves_nothing(house: House) -> None:
    world = await house(Upstream())
    await leave(world, 0)
    gc.collect()
    before = in_use()
    # A machine that is busy with something else may spoil a round, never three.
    rounds = [range(1 + ABORTS * turn, 1 + ABORTS * (turn + 1)) for turn in range(3)]
    for numbers in rounds:
        late = await latest_of(world, numbers)
        if late < ABORT_SEEN_S:
            break
    assert late < ABORT_SEEN_S
    status = await world.services.owner.status()
    assert (world.upstream.hanging, status.in_flight) == (LEFT_BEHIND, LEFT_BEHIND)
    # Threads start with use and stay; sockets and tasks end when their last step has run.
    await until(lambda: in_use()[1] - before[1] <= LEFT_BEHIND)
    await until(lambda: in_use()[0] - before[0] <= LEFT_BEHIND)


async def latest_of(world: World, numbers: range) -> float:
    """The time that 99 of 100 calls take to end after their client has gone."""
    late: list[float] = []
    left = iter(numbers)

    async def some() -> None:
        for number in left:
            late.append(await leave(world, number))

    async with asyncio.TaskGroup() as group:
        for _ in range(ABORTS_AT_ONCE):
            group.create_task(some())
    return sorted(late)[int(len(late) * 0.99) - 1]


async def leave(world: World, number: int) -> float:
    """Ask, go away once the upstream works on it; the seconds until the upstream saw that."""
    word, more = WAYS[number % len(WAYS)]
    name = b"call-%d" % number
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(chat(world.key, f"{word} {name.decode()} ", **more))
    await until(lambda: name in world.upstream.begun)
    if word == "begin":
        await head(reader)
    left = asyncio.get_running_loop().time()
    writer.transport.abort()
    await until(lambda: name in world.upstream.ended)
    return world.upstream.ended[name] - left


def in_use() -> tuple[int, int]:
    """Sockets and tasks of this process."""
    links = [_link(name) for name in os.listdir("/proc/self/fd")]
    return sum(link.startswith("socket:") for link in links), len(asyncio.all_tasks())


def _link(name: str) -> str:
    """What a descriptor is; nothing if it has been closed meanwhile."""
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        return ""


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 (what is waited for happens in another program)
            await asyncio.sleep(0.001)
