"""The transport kit: what every transport has to do with an upstream, however that behaves.

A transport joins by standing in TRANSPORTS (conftest.py); test_framing.py is the second part.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import time

import pytest

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Call, Transport

from .answers import BODY, PIECES
from .asking import body_of, collect, failure, post
from .behaviours import FLOOD
from .torture import Torture


async def test_what_has_arrived_is_given_before_the_rest_is_there(
    transport: Transport, server: Torture, at: str
) -> None:
    reply = await transport.send(post(f"{at}/stepwise"))
    reads = reply.reads()
    assert await anext(reads) == PIECES[0]
    server.proceed.set()
    assert b"".join([read async for read in reads]) == b"".join(PIECES[1:])


async def test_a_large_request_arrives_whole(transport: Transport, server: Torture, at: str) -> None:
    body = bytes(range(256)) * 20_000
    await transport.read(Call("POST", f"{at}/whole", body=body))
    assert server.requests[0][2] == body


async def test_an_upstream_is_held_up_while_nobody_reads(
    transport: Transport, server: Torture, at: str
) -> None:
    reply = await transport.send(post(f"{at}/flood"))
    sent = -1
    while sent != server.sent:
        sent = server.sent
        await asyncio.sleep(0.05)
    assert server.sent < FLOOD // 2
    assert sum([len(read) async for read in reply.reads()]) == FLOOD


async def test_a_reader_may_take_its_time(transport: Transport, at: str) -> None:
    reply = await transport.send(post(f"{at}/stream", idle=0.1))
    read: list[bytes] = []
    async for one in reply.reads():
        read.append(one)
        await asyncio.sleep(0.15)
    assert b"".join(read) == BODY


async def test_status_headers_and_body_are_what_was_sent(transport: Transport, at: str) -> None:
    status, headers, body = await transport.read(post(f"{at}/whole"))
    assert (status, headers["x-mixed-case"], body) == (200, "Yes", b"hello")
    status, headers, body = await transport.read(post(f"{at}/refusal"))
    assert (status, headers["retry-after"], body) == (429, "3", b"slow")
    assert (await transport.read(post(f"{at}/empty")))[0] == 204


async def test_a_request_goes_out_as_it_was_given(transport: Transport, server: Torture, at: str) -> None:
    await transport.read(post(f"{at}/whole", ("X-Goog-Api-Client", "a b/0.1"), ("User-Agent", "me/1")))
    _, headers, body = server.requests[0]
    assert body == b'{"a":1}'
    assert headers["user-agent"] == "me/1"
    assert headers["x-goog-api-client"] == "a b/0.1"
    assert set(headers) <= {
        "host",
        "content-length",
        "user-agent",
        "x-goog-api-client",
        "accept-encoding",
        "connection",
    }


async def test_a_stream_is_asked_for_plain(transport: Transport, server: Torture, at: str) -> None:
    await body_of(transport, post(f"{at}/stream"))
    assert server.requests[0][1]["accept-encoding"] == "identity"


async def test_a_connection_is_used_again(transport: Transport, server: Torture, at: str) -> None:
    for _ in range(5):
        await transport.read(post(f"{at}/whole"))
        assert await body_of(transport, post(f"{at}/stream")) == BODY
    assert server.connections == 1


async def test_accounts_never_share_a_connection(transport: Transport, server: Torture, at: str) -> None:
    for account in ("ada", "alan", "ada", "alan"):
        await transport.read(Call("GET", f"{at}/whole", pool=account))
    assert server.connections == 2


async def test_a_connection_that_was_closed_between_requests_is_replaced(
    transport: Transport, server: Torture, at: str
) -> None:
    for _ in range(5):
        assert (await transport.read(post(f"{at}/forgetful")))[2] == b"hello"
        await asyncio.sleep(0.02)
    assert server.connections == 5


async def test_a_connection_that_was_reset_between_requests_is_replaced(
    transport: Transport, server: Torture, at: str
) -> None:
    for _ in range(5):
        assert (await transport.read(post(f"{at}/reset")))[2] == b"hello"
    assert server.connections == 5


async def test_a_server_that_never_answers_on_a_connection_is_not_asked_for_ever(
    transport: Transport, server: Torture, at: str
) -> None:
    await transport.read(post(f"{at}/whole"))
    await failure(transport, post(f"{at}/no_answer"))
    assert [path for path, _, _ in server.requests] == ["/whole", "/no_answer", "/no_answer"]


async def test_however_many_kept_connections_are_dead_a_request_is_sent_again_once(
    transport: Transport, server: Torture, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [await transport.send(post(f"{at}/stepwise")) for _ in range(6)]
    server.proceed.set()
    await asyncio.gather(*(collect(reply.reads()) for reply in replies))
    with caplog.at_level("DEBUG", "agtui.transport"):
        await failure(transport, post(f"{at}/no_answer"))
    assert [path for path, _, _ in server.requests[6:]] == ["/no_answer"] * 2
    assert caplog.messages == [f"a kept connection to {at[7:]} was dead; the request is sent again"]


@pytest.mark.parametrize("path", ["worked", "raw/not_http"])
async def test_a_request_that_has_been_read_is_not_sent_again(
    transport: Transport, server: Torture, at: str, path: str
) -> None:
    await transport.read(post(f"{at}/whole"))
    await failure(transport, post(f"{at}/{path}"))
    assert [path for path, _, _ in server.requests] == ["/whole", f"/{path}"]


async def test_a_call_that_must_not_be_repeated_is_sent_once(
    transport: Transport, server: Torture, at: str
) -> None:
    await transport.read(post(f"{at}/whole"))
    await failure(transport, Call("POST", f"{at}/no_answer", pool="account", repeatable=False))
    assert [path for path, _, _ in server.requests] == ["/whole", "/no_answer"]


async def test_a_call_that_must_not_be_repeated_is_never_put_on_a_dead_connection(
    transport: Transport, server: Torture, at: str
) -> None:
    for _ in range(5):
        assert (await transport.read(post(f"{at}/reset")))[2] == b"hello"
        again = Call("POST", f"{at}/whole", pool="account", repeatable=False)
        assert (await transport.read(again))[2] == b"hello"
    assert len(server.requests) == 10


async def test_many_calls_go_on_at_once(transport: Transport, server: Torture, at: str) -> None:
    replies = [await transport.send(post(f"{at}/stepwise")) for _ in range(150)]
    server.proceed.set()
    bodies = await asyncio.gather(*(collect(reply.reads()) for reply in replies))
    assert set(bodies) == {BODY}


async def test_redirects_are_not_followed(transport: Transport, server: Torture, at: str) -> None:
    assert (await transport.read(post(f"{at}/redirect")))[0] == 302
    assert len(server.requests) == 1


async def test_cookies_are_not_kept(transport: Transport, server: Torture, at: str) -> None:
    for _ in range(2):
        await transport.read(post(f"{at}/cookie"))
    assert "cookie" not in server.requests[1][1]


async def test_proxies_of_the_environment_do_not_get_calls_to_this_machine(
    transport: Transport, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert (await transport.read(post(f"{at}/whole")))[2] == b"hello"


# --- trouble ---------------------------------------------------------------------------------------


async def test_silence_in_a_body_is_given_up(transport: Transport, at: str) -> None:
    caught = (await failure(transport, post(f"{at}/hang", idle=0.1))).failure
    assert (caught.kind, caught.cause) == (Kind.TIMEOUT, Cause.SILENT)


async def test_a_body_that_never_ends_has_a_limit_in_all(transport: Transport, at: str) -> None:
    caught = (await failure(transport, post(f"{at}/drip", idle=5.0, total=0.2))).failure
    assert (caught.kind, caught.cause) == (Kind.TIMEOUT, Cause.SILENT)


@pytest.mark.parametrize("path", ["mute", "trickle"])
async def test_a_head_that_does_not_come_is_a_timeout(transport: Transport, at: str, path: str) -> None:
    caught = (await failure(transport, post(f"{at}/{path}", connect=0.1, first_byte=0.1))).failure
    assert caught.kind is Kind.TIMEOUT
    assert caught.cause is not Cause.CONNECT


@pytest.mark.parametrize("path", ["no_answer", "not_http"])
async def test_no_proper_answer_is_no_failure_to_connect(transport: Transport, at: str, path: str) -> None:
    caught = (await failure(transport, post(f"{at}/{path}"))).failure
    assert caught.kind is Kind.UPSTREAM
    assert caught.cause is Cause.CUT


async def test_nobody_there_is_a_failure_to_connect(transport: Transport) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    caught = (await failure(transport, post(f"http://127.0.0.1:{port}/x"))).failure
    assert (caught.kind, caught.cause) == (Kind.UNAVAILABLE, Cause.CONNECT)
    assert f"127.0.0.1:{port} refuses connections" in caught.public_message


async def test_a_name_that_can_not_be_resolved_is_a_failure_to_connect(transport: Transport) -> None:
    caught = (await failure(transport, post("http://no-such-host.invalid/x?key=hidden"))).failure
    assert caught.cause is Cause.CONNECT
    assert "no-such-host.invalid" in caught.public_message
    assert "hidden" not in caught.public_message


async def test_a_server_without_tls_is_a_failure_to_connect(transport: Transport, at: str) -> None:
    caught = (
        await failure(transport, post(at.replace("http://", "https://") + "/mute", connect=0.3))
    ).failure
    assert caught.cause is Cause.CONNECT


@pytest.mark.parametrize("url", ["ftp://host/x", "nonsense", "http://", "http://[::1"])
async def test_an_address_that_makes_no_sense_is_a_setting_to_correct(transport: Transport, url: str) -> None:
    caught = (await failure(transport, post(url))).failure
    assert caught.cause is Cause.CONFIG


# --- leaving early ---------------------------------------------------------------------------------


async def _gone(server: Torture) -> float:
    started = time.monotonic()
    async with asyncio.timeout(5):
        await server.gone.wait()
    return time.monotonic() - started


async def test_closing_a_reply_early_closes_the_connection_at_once(
    transport: Transport, server: Torture, at: str
) -> None:
    reply = await transport.send(post(f"{at}/hang"))
    await anext(reply.reads())
    await reply.aclose()
    assert await _gone(server) < 1


async def test_cancelling_a_read_closes_the_connection_at_once(
    transport: Transport, server: Torture, at: str
) -> None:
    task = asyncio.create_task(body_of(transport, post(f"{at}/hang")))
    await asyncio.wait_for(server.asked.wait(), 5)
    task.cancel()
    assert await _gone(server) < 1
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_before_the_head_closes_the_connection_at_once(
    transport: Transport, server: Torture, at: str
) -> None:
    task = asyncio.create_task(transport.send(post(f"{at}/mute")))
    await asyncio.wait_for(server.asked.wait(), 5)
    task.cancel()
    assert await _gone(server) < 1
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_aborted_call_does_not_spoil_the_next(
    transport: Transport, server: Torture, at: str
) -> None:
    for _ in range(20):
        reply = await transport.send(post(f"{at}/hang"))
        await reply.aclose()
        assert (await transport.read(post(f"{at}/whole")))[2] == b"hello"


async def test_a_closed_transport_says_so(transport: Transport, at: str) -> None:
    await transport.read(post(f"{at}/whole"))
    await transport.aclose()
    with pytest.raises(GatewayError) as caught:
        await transport.read(post(f"{at}/whole"))
    assert caught.value.failure.cause is Cause.CONNECT


async def test_many_aborted_calls_leave_nothing_behind(
    transport: Transport, server: Torture, at: str
) -> None:
    await transport.read(post(f"{at}/whole"))
    before = len(asyncio.all_tasks())
    for number in range(60):
        reply = await transport.send(post(f"{at}/hang"))
        reads = reply.reads()
        if number % 2:
            await anext(reads)
        await reply.aclose()
    gc.collect()
    await asyncio.wait_for(server.settled(1), 5)
    # The server's own task for its one kept connection is among them.
    assert len(asyncio.all_tasks()) <= before
