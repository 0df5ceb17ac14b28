"""Opening and closing doors: ports, sockets, and what is said when one is taken."""

from __future__ import annotations

import asyncio
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.domain.failure import GatewayError, Kind
from core.server.asgi import Receive, Scope, Send
from core.server.holder import next_free, process_on
from core.server.serve import Listener


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello", "more_body": False})


async def ask(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(url)).text


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "")])
async def test_a_port_is_opened_and_named(host: str, shown: str) -> None:
    listener = await Listener.open(hello, host, 0)
    try:
        assert listener.port > 0
        assert listener.url.endswith(f":{listener.port}")
        assert shown in listener.url
        assert await ask(listener.url) == "hello"
    finally:
        await listener.close(0)
    with pytest.raises(httpx.ConnectError):
        await ask(listener.url)


async def test_a_socket_that_is_already_there_is_used() -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    listener = await Listener.open(hello, sock=sock)
    try:
        assert listener.port == sock.getsockname()[1]
        assert await ask(listener.url) == "hello"
    finally:
        await listener.close(0)


async def test_a_unix_socket_is_for_its_owner_only_and_goes_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    listener = await Listener.open(hello, path=str(path))
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")
        writer.close()
        with pytest.raises(GatewayError):
            await Listener.open(hello, path=str(path))
    finally:
        await listener.close(0)
    assert not path.exists()


async def test_the_socket_of_a_process_that_is_gone_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    listener = await Listener.open(hello, path=str(path))
    await listener.close(0)


HOLD = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
    "print(s.getsockname()[1], flush=True); sys.stdin.read()"
)


@pytest.fixture
def holder() -> Iterator[tuple[int, int]]:
    """A process that holds a port: its pid and the port."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.pid, int(process.stdout.readline())
        process.communicate()


async def test_a_taken_port_names_its_holder_and_the_next_free_one(holder: tuple[int, int]) -> None:
    pid, port = holder
    with pytest.raises(GatewayError) as caught:
        await Listener.open(hello, "127.0.0.1", port)
    failure = caught.value.failure
    assert failure.kind is Kind.UNAVAILABLE
    assert f"(pid {pid})" in failure.public_message
    free = int(failure.params["next_port"])
    assert free > port
    assert str(free) in failure.public_message
    listener = await Listener.open(hello, "127.0.0.1", free)
    await listener.close(0)


async def test_an_address_that_is_not_ours_is_said_so() -> None:
    with pytest.raises(GatewayError) as caught:
        await Listener.open(hello, "192.0.2.1", 0)
    assert "192.0.2.1" in str(caught.value)
    with pytest.raises(GatewayError) as caught:
        await Listener.open(hello, "no.such.name.invalid", 0)
    assert "no.such.name.invalid" in str(caught.value)


def test_nobody_holds_a_free_port(tmp_path: Path) -> None:
    free = next_free("127.0.0.1", 20_000)
    assert free > 20_000
    assert process_on(free) == ""
    assert process_on(free, tmp_path) == ""


async def test_signals_are_left_to_the_program() -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    listener = await Listener.open(hello)
    try:
        await ask(listener.url)
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
    finally:
        await listener.close(0)


async def test_nothing_wakes_up_while_nothing_happens() -> None:
    listener = await Listener.open(hello)
    loop = asyncio.get_running_loop()
    try:
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        assert not getattr(loop, "_scheduled", [])
    finally:
        await listener.close(0)


def test_importing_the_server_brings_in_no_server() -> None:
    program = (
        "import sys; import core.server.app, core.server.serve;"
        "heavy = {'uvicorn', 'starlette', 'httptools', 'httpx'} & set(sys.modules); assert not heavy, heavy"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=30)
