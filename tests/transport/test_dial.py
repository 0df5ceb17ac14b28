"""Dialling a name with several addresses: the first that answers wins, and the others leave nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from core.domain.failure import Cause
from core.transport import dial
from core.transport.pool import PoolTransport

from .asking import failure, post
from .torture import Torture

uvloop = pytest.importorskip("uvloop")
Run = Callable[[Awaitable[None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that drops whoever wants to connect: nobody accepts, and its queue is full."""
    if sys.platform != "linux":
        pytest.skip("a full queue drops newcomers on Linux")
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


def tcp(port: int, family: int = socket.AF_INET) -> Any:
    return (family, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


def named(monkeypatch: pytest.MonkeyPatch, *ports: int) -> str:
    """A URL whose name has these ports of loopback as its addresses."""

    async def resolve(*_: object) -> list[Any]:
        return [tcp(port) for port in ports]

    monkeypatch.setattr(dial, "resolve", resolve)
    return "http://many.test"


def port_of(at: str) -> int:
    return int(at.rpartition(":")[2])


def left() -> tuple[int, int]:
    """Open files and tasks of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())


def test_an_address_that_says_nothing_holds_nobody_up(
    run: Run, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        server, one = Torture(), PoolTransport()
        url = named(monkeypatch, silent, silent, port_of(await server.start()))
        started = time.monotonic()
        assert (await one.read(post(f"{url}/whole", connect=5.0)))[2] == b"hello"
        assert 2 * dial.HEAD_START_S <= time.monotonic() - started < 3
        await one.aclose()
        await server.stop()

    run(scenario())


def test_whoever_loses_the_race_leaves_no_socket_and_no_task(
    run: Run, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        server, one = Torture(), PoolTransport()
        url = named(monkeypatch, silent, silent, port_of(await server.start()))
        before = left()
        monkeypatch.setattr(dial, "HEAD_START_S", 0.01)
        assert (await one.read(post(f"{url}/whole")))[2] == b"hello"
        task = asyncio.ensure_future(PoolTransport().read(post(f"{named(monkeypatch, silent, silent)}/x")))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.aclose()
        await asyncio.wait_for(server.settled(0), 5)
        await asyncio.sleep(0)
        assert left() == before
        await server.stop()

    run(scenario())


async def test_only_silent_addresses_are_a_failure_to_connect(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = named(monkeypatch, silent, silent)
    caught = (await failure(PoolTransport(), post(f"{url}/x", connect=0.4))).failure
    assert caught.cause is Cause.CONNECT


async def test_a_second_address_is_left_alone_while_the_first_answers(
    server: Torture, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, one = Torture(), PoolTransport()
    url = named(monkeypatch, port_of(at), port_of(await other.start()))
    assert (await one.read(post(f"{url}/whole")))[2] == b"hello"
    assert (server.connections, other.connections) == (1, 0)
    await one.aclose()
    await other.stop()


async def test_an_address_that_refuses_is_passed_over_at_once(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = named(monkeypatch, unused.getsockname()[1], port_of(at))
        monkeypatch.setattr(dial, "HEAD_START_S", 60.0)
        one = PoolTransport()
        assert (await one.read(post(f"{url}/whole", connect=5.0)))[2] == b"hello"
        await one.aclose()


async def test_of_two_that_answer_at_once_one_is_closed(
    server: Torture, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = port_of(await server.start())
    monkeypatch.setattr(dial, "HEAD_START_S", 0.0)
    one = PoolTransport()
    for _ in range(20):
        url = named(monkeypatch, port, port, port)
        await one.read(post(f"{url}/forgetful"))
    await one.aclose()
    await asyncio.wait_for(server.settled(0), 5)
    assert len(server.requests) == 20


def test_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    given = [tcp(1, six), tcp(2, six), tcp(3, six), tcp(4, four), tcp(5, four)]
    assert [address[4][1] for address in dial.alternating(given)] == [1, 4, 2, 5, 3]
