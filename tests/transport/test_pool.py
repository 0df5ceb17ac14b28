"""What only the pool promises: reads as they came, strict framing, connections that are kept or closed."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Call
from core.transport import pool
from core.transport.pool import PoolTransport

from .answers import BODY, DOUBTFUL, PIECES
from .asking import collect, failure, post
from .torture import Torture

uvloop = pytest.importorskip("uvloop")
Run = Callable[[Awaitable[None]], None]


@pytest.fixture
async def one() -> AsyncIterator[PoolTransport]:
    made = PoolTransport()
    yield made
    await made.aclose()


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on either loop."""
    return request.param


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


# --- reads -----------------------------------------------------------------------------------------


async def test_chunks_that_came_together_are_one_read(one: PoolTransport, at: str) -> None:
    reply = await one.send(post(f"{at}/one_packet"))
    assert [read async for read in reply.reads()] == [BODY]
    reads = [read async for read in (await one.send(post(f"{at}/burst"))).reads()]
    assert b"".join(reads) == PIECES[0] * 2000
    assert len(reads) < 50


async def test_a_reply_that_is_closed_after_its_end_leaves_the_connection_to_others(
    one: PoolTransport, server: Torture, at: str
) -> None:
    first = await one.send(post(f"{at}/whole"))
    await until(lambda: one.idle == 1)
    second = await one.send(post(f"{at}/stepwise"))
    await first.aclose()
    server.proceed.set()
    assert await collect(second.reads()) == BODY
    assert server.connections == 1


# --- framing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOUBTFUL)
async def test_an_answer_in_doubt_is_refused(one: PoolTransport, at: str, name: str) -> None:
    caught = (await failure(one, post(f"{at}/raw/{name}"))).failure
    assert (caught.kind, caught.cause) == (Kind.UPSTREAM, Cause.CUT)
    assert (await one.read(post(f"{at}/whole")))[2] == b"hello"


async def test_bytes_that_come_between_requests_close_the_connection(
    one: PoolTransport, server: Torture, at: str
) -> None:
    assert (await one.read(post(f"{at}/afterthought")))[2] == b"hello"
    server.proceed.set()
    await until(lambda: one.open == 0)
    assert (await one.read(post(f"{at}/whole")))[2] == b"hello"


@pytest.mark.parametrize("path", ["hinting", "trailing"])
async def test_what_never_comes_to_a_body_is_given_up(one: PoolTransport, at: str, path: str) -> None:
    assert (await failure(one, post(f"{at}/{path}"))).failure.cause is Cause.CUT


@pytest.mark.parametrize("header", [("X-A", "1\r\nX-B: 2"), ("X-A\n", "1"), ("X-A", "\0"), ("X-A", "\u20ac")])
async def test_a_header_that_would_be_two_is_never_sent(
    one: PoolTransport, server: Torture, at: str, header: tuple[str, str]
) -> None:
    caught = (await failure(one, post(f"{at}/whole", header))).failure
    assert caught.cause is Cause.CONFIG
    assert server.requests == []


async def test_a_target_is_sent_as_ascii_without_blanks(one: PoolTransport, server: Torture, at: str) -> None:
    await one.read(post(f"{at}/whole?q=a b\u00e4%20\r\n"))
    assert server.targets == ["/whole?q=a%20b%C3%A4%20"]


async def test_framing_headers_of_a_call_are_not_sent(one: PoolTransport, server: Torture, at: str) -> None:
    await one.read(post(f"{at}/whole", ("Transfer-Encoding", "chunked"), ("Connection", "close")))
    assert {"transfer-encoding", "connection"}.isdisjoint(server.requests[0][1])
    assert one.idle == 1


# --- keeping ---------------------------------------------------------------------------------------


async def test_an_idle_connection_closes_by_itself(server: Torture, at: str) -> None:
    one = PoolTransport(idle_s=0.05)
    await one.read(post(f"{at}/whole"))
    assert one.idle == 1
    await until(lambda: one.open == 0)
    await asyncio.wait_for(server.settled(0), 5)


async def test_an_old_connection_gets_no_more_requests(server: Torture, at: str) -> None:
    one = PoolTransport(age_s=-1.0)
    for _ in range(3):
        await one.read(post(f"{at}/whole"))
    assert server.connections == 3
    await one.aclose()


async def test_no_more_connections_wait_than_are_allowed(
    one: PoolTransport, server: Torture, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_PER_KEY", 2)
    replies = [await one.send(post(f"{at}/stepwise")) for _ in range(6)]
    server.proceed.set()
    await asyncio.gather(*(collect(reply.reads()) for reply in replies))
    await until(lambda: one.open == 2)
    assert one.idle == 2


async def test_the_next_address_of_a_name_is_tried(
    one: PoolTransport, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = int(at.rpartition(":")[2])
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        bad = unused.getsockname()[1]

    async def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in addresses]

    addresses = [bad, good]
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    assert (await one.read(post(f"http://two.test:{good}/whole")))[2] == b"hello"
    await one.aclose()
    addresses = [bad, bad]
    other = PoolTransport()
    caught = (await failure(other, post(f"http://two.test:{bad}/whole"))).failure
    assert "refuses connections" in caught.public_message


# --- the end ---------------------------------------------------------------------------------------


async def test_closing_the_transport_cuts_what_is_under_way(one: PoolTransport, at: str) -> None:
    reads = (await one.send(post(f"{at}/hang"))).reads()
    assert await anext(reads) == PIECES[0]
    waiting = asyncio.ensure_future(anext(reads))
    await asyncio.sleep(0)
    await one.aclose()
    with pytest.raises(GatewayError) as caught:
        await waiting
    assert caught.value.failure.cause is Cause.CUT
    assert one.open == 0


async def test_a_request_that_is_given_up_while_it_goes_out_is_dropped_at_once(one: PoolTransport) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        task = asyncio.ensure_future(one.send(Call("POST", url, body=bytes(32 * 1024 * 1024))))
        await until(lambda: one.open == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: one.open == 0)


def _left() -> tuple[int, int, int]:
    """Open files, tasks and timers of this process."""
    gc.collect()
    timers = [one for one in gc.get_objects() if type(one).__name__ == "TimerHandle" and not one.cancelled()]
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), len(timers)


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="open files can't be counted here")
def test_a_thousand_aborted_calls_leave_no_socket_task_or_timer(run: Run) -> None:
    async def abort(one: PoolTransport, at: str, number: int) -> None:
        """In turn: while connecting, before the head, after the head, after a read, in the middle of one."""
        way = number % 5
        if way < 2:
            task = asyncio.ensure_future(one.send(post(f"{at}/mute")))
            for _ in range(3 if way == 0 else 20):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return
        reply = await one.send(post(f"{at}/hang" if way < 4 else f"{at}/flood"))
        if way > 2:
            await anext(reply.reads())
        await reply.aclose()

    async def scenario() -> None:
        server = Torture()
        at = await server.start()
        one = PoolTransport()
        await abort(one, at, 4)
        await asyncio.wait_for(server.settled(0), 5)
        before = _left()
        for start in range(0, 1000, 20):
            await asyncio.gather(*(abort(one, at, start + number) for number in range(20)))
        await until(lambda: one.open == 0)
        await asyncio.wait_for(server.settled(0), 5)
        await asyncio.sleep(0)
        assert _left() == before
        await server.stop()

    run(scenario())
