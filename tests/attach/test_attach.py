from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.attach.address import listening_socket, ours
from core.attach.client import AttachedServices
from core.attach.schema import ENDLESS, Method, table
from core.attach.server import AttachServer
from core.config.paths import Paths
from core.domain.failure import GatewayError, Kind
from core.domain.requests import Caller, ChatRequest
from core.server.serve import Listener

from .conftest import owner
from .samples import FAILURE, EchoServices, arguments

METHODS = [method for methods in table().values() for method in methods.values()]
CALLER = Caller("r1", "cli")


async def call(services: Any, method: Method, given: dict[str, Any]) -> Any:
    function = getattr(getattr(services, method.service), method.name)
    if not method.stream:
        return await function(**given)
    return [item async for item in function(**given)]


def test_the_table_holds_every_service() -> None:
    assert set(table()) >= {"chats", "generation", "accounts", "keys", "library", "studio", "records"}
    assert table()["chats"]["send"].stream
    assert not table()["chats"]["get"].stream
    assert {(service, name) for service, name in ENDLESS if table()[service][name].stream} == ENDLESS


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.path)
async def test_a_call_means_the_same_here_and_attached(method: Method, attach: Any) -> None:
    here, there = EchoServices(), EchoServices()
    attached = await attach(there)
    given = arguments(method)
    assert await call(attached, method, given) == await call(here, method, given)
    assert getattr(there, method.service).calls == getattr(here, method.service).calls
    assert attached.attached


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.path)
async def test_a_failure_is_the_same_here_and_attached(method: Method, attach: Any) -> None:
    attached = await attach(EchoServices(FAILURE))
    with pytest.raises(GatewayError) as caught:
        await call(attached, method, arguments(method))
    assert caught.value.failure == FAILURE


async def test_a_call_that_does_not_fit_raises_before_anything_is_sent(attach: Any) -> None:
    services = EchoServices()
    attached = await attach(services)
    with pytest.raises(TypeError):
        await attached.chats.get("one", "two")
    assert services.chats.calls == []


async def test_a_fault_of_ours_is_told_without_its_words(attach: Any, caplog: Any) -> None:
    async def show() -> str:
        raise ValueError("secret words")

    attached = await attach(SimpleNamespace(keys=SimpleNamespace(show=show)))
    with pytest.raises(GatewayError) as caught:
        await attached.keys.show()
    assert caught.value.failure.kind is Kind.INTERNAL
    assert "secret words" not in str(caught.value)
    assert "/keys/show failed" in caplog.text


class Slow:
    """A stream that gives one item, waits for ever, and takes a moment to end."""

    def __init__(self) -> None:
        self.state = "new"

    async def stream(self, request: Any, caller: Any) -> AsyncIterator[list[Any]]:
        self.state = "running"
        try:
            yield []
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.state = "ended"

    async def answer(self, request: Any, caller: Any) -> Any:
        self.state = "running"
        try:
            await asyncio.Event().wait()
        finally:
            self.state = "ended"


async def until(predicate: Any) -> None:
    async with asyncio.timeout(5):
        while not predicate():  # noqa: ASYNC110 (what is waited for happens in the code under test)
            await asyncio.sleep(0.005)


async def test_closing_a_stream_returns_once_the_owner_has_ended_it(attach: Any) -> None:
    slow = Slow()
    attached = await attach(SimpleNamespace(generation=slow))
    async with aclosing(attached.generation.stream(ChatRequest("m", ()), CALLER)) as batches:
        assert await anext(batches) == []
        assert slow.state == "running"
    assert slow.state == "ended"


async def test_closing_a_stream_waits_for_work_that_takes_its_time_to_end(attach: Any) -> None:
    ending, may_end = asyncio.Event(), asyncio.Event()

    async def stream(request: Any, caller: Any) -> AsyncIterator[list[Any]]:
        try:
            yield []
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    async def show() -> str:
        return "key"

    attached = await attach(
        SimpleNamespace(generation=SimpleNamespace(stream=stream), keys=SimpleNamespace(show=show))
    )
    batches = attached.generation.stream(ChatRequest("m", ()), CALLER)
    await anext(batches)
    closing = asyncio.create_task(batches.aclose())
    await asyncio.wait_for(ending.wait(), 5)
    for _ in range(5):
        await attached.keys.show()  # the owner has had the time to answer
    assert not closing.done()
    may_end.set()
    await closing


@pytest.mark.parametrize("name", ["stream", "answer"])
async def test_cancelling_a_call_ends_the_work_of_the_owner(attach: Any, name: str) -> None:
    slow = Slow()
    attached: AttachedServices = await attach(SimpleNamespace(generation=slow))

    async def ask() -> None:
        if name == "answer":
            await attached.generation.answer(ChatRequest("m", ()), CALLER)
        async for _ in attached.generation.stream(ChatRequest("m", ()), CALLER):
            pass

    task = asyncio.create_task(ask())
    await until(lambda: slow.state == "running")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: slow.state == "ended")


async def test_draining_ends_watchers_at_once_and_waits_for_work(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async def subscribe(after: int = -1) -> AsyncIterator[list[Any]]:
        yield []
        await asyncio.Event().wait()

    async def stream(request: Any, caller: Any) -> AsyncIterator[list[Any]]:
        yield []
        await finish.wait()
        yield []

    services = SimpleNamespace(
        events=SimpleNamespace(subscribe=subscribe), generation=SimpleNamespace(stream=stream)
    )
    async with owner(services, tmp_path) as (attached, listener):
        watching, working = (
            attached.events.subscribe(),
            attached.generation.stream(ChatRequest("m", ()), CALLER),
        )
        assert await anext(watching) == []
        assert await anext(working) == []
        draining = asyncio.create_task(listener.close(10))
        with pytest.raises(StopAsyncIteration):
            await anext(watching)
        assert not draining.done()
        finish.set()
        assert [batch async for batch in working] == [[]]
        await draining


async def test_work_that_outlasts_the_drain_is_told_so(tmp_path: Path) -> None:
    async with owner(SimpleNamespace(generation=Slow()), tmp_path) as (attached, listener):
        batches = attached.generation.stream(ChatRequest("m", ()), CALLER)
        await anext(batches)
        closing = asyncio.create_task(listener.close(0))
        with pytest.raises(GatewayError) as caught:
            await anext(batches)
        await closing
        assert caught.value.failure.kind is Kind.CANCELLED


async def test_an_owner_that_is_gone_is_named_as_such(tmp_path: Path) -> None:
    attached = AttachedServices(str(tmp_path / "nobody.sock"))
    with pytest.raises(GatewayError) as caught:
        await attached.keys.show()
    assert caught.value.failure.kind is Kind.UNAVAILABLE
    await attached.aclose()


def test_the_socket_is_for_this_user_only_even_under_umask_000(tmp_path: Path) -> None:
    path = tmp_path / "owner.sock"
    before = os.umask(0)
    try:
        sock = listening_socket(path)
    finally:
        os.umask(before)
    with sock:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ours(path)


def test_a_state_directory_with_a_long_name_gets_a_private_place(tmp_path: Path) -> None:
    path = Paths.at(tmp_path / ("x" * 150)).socket
    with listening_socket(path), socket.socket(socket.AF_UNIX) as peer:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        peer.connect(os.fspath(path))
    path.unlink()
    path.parent.rmdir()


def test_a_place_that_others_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(GatewayError) as caught:
        listening_socket(tmp_path / "owner.sock")
    assert caught.value.failure.kind is Kind.FORBIDDEN


def test_a_leftover_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "owner.sock"
    listening_socket(path).close()
    assert path.exists()
    listening_socket(path).close()


async def test_a_call_without_a_stream_that_outlasts_the_drain_is_told_so(tmp_path: Path) -> None:
    slow = Slow()
    async with owner(SimpleNamespace(generation=slow), tmp_path) as (attached, listener):
        asking = asyncio.create_task(attached.generation.answer(ChatRequest("m", ()), CALLER))
        await until(lambda: slow.state == "running")
        closing = asyncio.create_task(listener.close(0))
        with pytest.raises(GatewayError) as caught:
            await asking
        await closing
    assert (caught.value.failure.kind, slow.state) == (Kind.CANCELLED, "ended")


async def test_a_call_that_is_ended_before_its_first_step_is_answered(tmp_path: Path) -> None:
    services: Any = SimpleNamespace(keys=SimpleNamespace(show=None))
    app = AttachServer(services)
    messages: asyncio.Queue[Any] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b"{}"})
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "path": "/keys/show", "headers": []}
    serving = asyncio.create_task(app(scope, messages.get, send))
    await asyncio.sleep(0)  # the work is a task by now, which has not begun
    app.end_streams()
    await serving
    assert sent[0]["status"] == 503
    assert b"stopped before" in sent[1]["body"]


async def test_an_answer_that_can_not_be_read_is_no_riddle(tmp_path: Path) -> None:
    async def garbage(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{half a"})

    path = tmp_path / "owner.sock"
    listener = await Listener.open(garbage, sock=listening_socket(path))
    attached = AttachedServices(str(path))
    try:
        for asking in (attached.keys.show(), anext(attached.events.subscribe())):
            with pytest.raises(GatewayError) as caught:
                await asking
            assert caught.value.failure.kind is Kind.UNAVAILABLE
    finally:
        await attached.aclose()
        await listener.close(0)
