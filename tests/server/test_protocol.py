"""HTTP as attackers and broken programs speak it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import pytest

from core.domain.content import Text
from core.domain.events import PartDelta, PartOpened
from core.server import protocol, serve
from core.server.asgi import Message, Receive, Scope, Send
from core.server.serve import Listener
from tests.fakes import FakeProvider

from .conftest import Start
from .raw import Wire, get, post, wire

CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "m1", "messages": []}
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


HOST = b"Host: localhost\r\n"
MISREAD = {
    "length and chunked": (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked and length": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "same length twice": (HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "two lengths": (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    "two codings": (
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        400,
    ),
    # The parser refuses the cases above by itself and lets this one through.
    "packed and chunked": (
        HEAD + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "negative length": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "length in words": (HEAD + b"Content-Length: 1e3\r\n\r\n", 400),
    "absolute target": (b"GET http://evil.test/v1/models HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "two slashes": (b"GET //evil.test/v1/models HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /health HTTP/1.1\r\n" + HOST + b"Host: evil.test\r\n\r\n", 400),
    "foreign host": (b"GET /health HTTP/1.1\r\nHost: evil.test\r\n\r\n", 421),
    "blank in path": (b"GET /hea lth HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no http": (b"NONSENSE\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "large header": (b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "long path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "many headers": (b"GET /health HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000 + b"\r\n", 431),
}


@pytest.mark.parametrize("name", MISREAD)
async def test_what_could_be_misread_is_refused(start: Start, name: str) -> None:
    request_bytes, status = MISREAD[name]
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(request_bytes)
        assert (await line.until(b"\r\n")).startswith(b"HTTP/1.1 %d " % status)
        if status in (400, 431) and "host" not in name:
            await line.rest()  # the connection is closed, too
    assert not world.provider.calls


@pytest.mark.parametrize("name", ["length and chunked", "no http", "absolute target"])
async def test_what_never_reaches_a_route_is_refused_in_openais_words_too(start: Start, name: str) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(MISREAD[name][0])
        head, _, body = (await line.rest()).partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


async def test_an_endless_header_is_cut_off(start: Start) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await flood(line)


async def flood(line: Wire) -> None:
    for _ in range(4096):
        await line.send(b"a" * 16384)
    await line.until(b"200 OK")


async def test_a_slow_header_is_closed_at_its_deadline(start: Start) -> None:
    world = await start(header_timeout_s=0.2)
    async with wire(world.listener.port) as line:
        began = time.monotonic()
        await line.send(b"GET /health HT")
        seen = await line.rest()
        assert 0.15 < time.monotonic() - began < 1.0
    assert seen.startswith(b"HTTP/1.1 408")


async def test_a_trickling_header_gets_no_more_time(start: Start) -> None:
    world = await start(header_timeout_s=0.2)
    async with wire(world.listener.port) as line:
        began = time.monotonic()
        await line.send(b"GET /health HTTP/1.1\r\nX: ")
        answer = asyncio.create_task(line.rest())
        while not answer.done() and time.monotonic() - began < 2:
            line.writer.write(b"X")
            await asyncio.wait([answer], timeout=0.02)
        assert (await answer).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 1.0


async def test_a_connection_that_says_nothing_is_closed(start: Start) -> None:
    world = await start(header_timeout_s=0.1)
    async with wire(world.listener.port) as line:
        assert await line.rest(2) == b""


@pytest.mark.parametrize("first", [b"", b"a request"])
async def test_blank_lines_do_not_keep_a_connection(start: Start, first: bytes) -> None:
    world = await start(header_timeout_s=0.2)
    async with wire(world.listener.port) as line:
        if first:
            await line.send(get("/health"))
            await line.until(b'"ok"')
            await line.until(b"}")
        began = time.monotonic()
        rest = asyncio.create_task(line.rest())
        while not rest.done() and time.monotonic() - began < 2:
            line.writer.write(b"\r\n")
            await asyncio.wait([rest], timeout=0.05)
        assert rest.done()
        assert time.monotonic() - began < 1.0
        assert (await rest == b"") or not first


async def test_a_blank_line_before_the_next_request_is_read_past(start: Start) -> None:
    world = await start(header_timeout_s=5.0)
    async with wire(world.listener.port) as line:
        for _ in range(3):
            await line.send(b"\r\n")
            await line.send(get("/health"))
            assert (await line.until(b"\r\n")).startswith(b"HTTP/1.1 200")
            await line.until(b"}")


async def test_a_thousand_tricklers_do_not_stop_the_others(start: Start) -> None:
    world = await start(header_timeout_s=1.0)
    lines = [await asyncio.open_connection("127.0.0.1", world.listener.port) for _ in range(300)]
    for _, writer in lines:
        writer.write(b"GET /health HTTP/1.1\r\nX: ")
    times: list[float] = []
    for _ in range(50):
        began = time.monotonic()
        assert (await world.client.get("/health")).status_code == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[-1] < 0.5
    async with asyncio.timeout(10):
        for reader, writer in lines:
            assert (await reader.read()).startswith(b"HTTP/1.1 408")
            writer.close()


async def test_a_slow_body_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_S", 0.1)
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(
            HEAD + b"Authorization: Bearer sk-agtui-the-right-one\r\nContent-Length: 100\r\n\r\n{"
        )
        assert await line.rest(2) == b""
    assert world.app.in_flight == 0


async def test_a_client_that_reads_nothing_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "STALLED_S", 0.1)
    flood: Any = [[PartOpened(Text(""))], *([[PartDelta("x" * 65536)]] * 2000)]
    world = await start(FakeProvider(flood))
    async with wire(world.listener.port) as line:
        await line.send(post(CHAT, ASK | {"stream": True}))
        await world.provider.until_open(1)
        await world.provider.until_open(0)
    assert world.recorder.last.kind == "cancelled"


async def test_a_slow_reader_that_goes_on_reading_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "STALLED_S", 0.2)
    size = 32 * 1024 * 1024

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        head = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": bytes(size)})

    listener = await Listener.open(large)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(sock, ("127.0.0.1", listener.port))
        await loop.sock_sendall(sock, get("/", "Connection: close"))
        began, seen = time.monotonic(), 0
        async with asyncio.timeout(15):
            while read := await loop.sock_recv(sock, 1024 * 1024):
                seen += len(read)
                # The body takes 1.5 s at least, so that it takes far longer than STALLED_S.
                await asyncio.sleep(max(0.0, began + 1.5 * seen / size - time.monotonic()) / 2)
        assert seen > size
        assert time.monotonic() - began > 0.8
    finally:
        sock.close()
        await listener.close(0)


async def test_a_large_body_is_welcomed_with_100_continue(start: Start) -> None:
    world = await start()
    body = post(CHAT, ASK, "Expect: 100-continue")
    head, _, content = body.partition(b"\r\n\r\n")
    async with wire(world.listener.port) as line:
        await line.send(head + b"\r\n\r\n")
        assert await line.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await line.send(content)
        assert (await line.until(b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_refused_body_is_not_welcomed(start: Start) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        await line.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n"
            b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        )
        assert (await line.until(b"\r\n")).startswith(b"HTTP/1.1 401")


async def test_connections_are_kept_alive(start: Start) -> None:
    world = await start()
    async with wire(world.listener.port) as line:
        for _ in range(3):
            await line.send(get("/health"))
            await line.until(b'"ok"')
            await line.until(b"}")
        assert world.listener.connections == 1


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: x=1", "\x00", "caf\u00e9 \u2603 \U0001f600", "x" * 5000, "\x7f\t"]
)
async def test_a_reflected_value_never_breaks_a_response(start: Start, value: str) -> None:
    world = await start(FakeProvider(dropped=(value,)))
    answer = await world.client.post(CHAT, json=ASK)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert len(answer.headers.get("x-agtui-dropped", "")) <= 1024


async def test_an_application_can_drop_its_connection_quietly(caplog: pytest.LogCaptureFixture) -> None:
    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        head: Message = {"type": "http.response.start", "status": 200, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        scope["extensions"][protocol.ABORT]()

    listener = await Listener.open(cutting)
    try:
        async with wire(listener.port) as line:
            await line.send(get("/"))
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await line.until(b"never")
    finally:
        await listener.close(0)
    assert caplog.records == []
