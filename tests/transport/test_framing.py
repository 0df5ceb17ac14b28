"""The transport kit, second part: answers in every shape, well-formed or not."""

from __future__ import annotations

import pytest

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Call, Transport

from .answers import BODILESS, BODY, BROKEN, PIECES, RAW, SURPLUS, WHOLE
from .asking import body_of, collect, failure, post
from .behaviours import HUGE
from .torture import Torture


async def test_one_huge_chunk_arrives_whole_and_a_piece_at_a_time(
    transport: Transport, server: Torture, at: str
) -> None:
    for _ in range(2):
        reads = [read async for read in (await transport.send(post(f"{at}/huge_chunk"))).reads()]
        assert sum(map(len, reads)) == HUGE
        assert max(map(len, reads)) < HUGE // 4
    assert server.connections == 1


@pytest.mark.parametrize("name", ["chunked", "interim", "zipped", "trailers"])
async def test_an_answer_may_stop_and_go_on(transport: Transport, at: str, name: str) -> None:
    for place in (1, len(RAW[name]) // 3, len(RAW[name]) // 2, len(RAW[name]) - 1):
        reply = await transport.send(post(f"{at}/late/{name}/{place}", idle=5.0))
        assert await collect(reply.reads()) == BODY, place


@pytest.mark.parametrize("path", ["stream", "bytewise", "one_packet", "extensions", "until_close", "zipped"])
async def test_a_body_arrives_whole_however_it_is_framed(transport: Transport, at: str, path: str) -> None:
    assert await body_of(transport, post(f"{at}/{path}")) == BODY
    assert (await transport.read(post(f"{at}/{path}")))[2] == BODY


@pytest.mark.parametrize("name", WHOLE)
async def test_an_answer_may_be_split_anywhere(
    transport: Transport, server: Torture, at: str, name: str
) -> None:
    for place in range(1, len(RAW[name])):
        assert await body_of(transport, post(f"{at}/split/{name}/{place}")) == BODY, place
    assert server.connections == 1


@pytest.mark.parametrize("name", BODILESS)
async def test_an_answer_without_a_body_leaves_the_connection_usable(
    transport: Transport, server: Torture, at: str, name: str
) -> None:
    for _ in range(3):
        assert await body_of(transport, post(f"{at}/raw/{name}")) == b""
    assert server.connections == 1


async def test_head_is_answered_without_a_body(transport: Transport, at: str) -> None:
    reply = await transport.send(Call("HEAD", f"{at}/head_only"))
    assert (reply.status, reply.headers["content-length"]) == (200, "500")
    assert [read async for read in reply.reads()] == []


async def test_trailers_do_not_become_headers(transport: Transport, at: str) -> None:
    reply = await transport.send(post(f"{at}/raw/trailers"))
    assert await collect(reply.reads()) == BODY
    assert "x-sum" not in reply.headers


@pytest.mark.parametrize("path", ["cut_chunked", "cut_sized", "bad_chunk"])
async def test_a_body_that_breaks_off_is_cut(transport: Transport, at: str, path: str) -> None:
    caught = (await failure(transport, post(f"{at}/{path}"))).failure
    assert (caught.kind, caught.cause) == (Kind.UPSTREAM, Cause.CUT)
    assert at.removeprefix("http://") in caught.public_message


@pytest.mark.parametrize("name", BROKEN)
async def test_an_answer_that_makes_no_sense_is_refused(transport: Transport, at: str, name: str) -> None:
    caught = (await failure(transport, post(f"{at}/raw/{name}"))).failure
    assert (caught.kind, caught.cause) == (Kind.UPSTREAM, Cause.CUT)
    assert (await transport.read(post(f"{at}/whole")))[2] == b"hello"


@pytest.mark.parametrize("name", ["sized", "trailers", "zipped"])
async def test_an_answer_may_break_off_anywhere(transport: Transport, at: str, name: str) -> None:
    for place in range(len(RAW[name])):
        caught = (await failure(transport, post(f"{at}/cut/{name}/{place}"))).failure
        assert (caught.kind, caught.cause) == (Kind.UPSTREAM, Cause.CUT), place


async def test_a_small_answer_does_not_become_a_huge_one(transport: Transport, at: str) -> None:
    with pytest.raises(GatewayError) as caught:
        await transport.read(post(f"{at}/bomb"), limit=1_000_000)
    assert "more than" in caught.value.failure.public_message


async def test_what_came_before_a_cut_is_given(transport: Transport, at: str) -> None:
    reads = (await transport.send(post(f"{at}/cut_chunked"))).reads()
    assert await anext(reads) == PIECES[0]


async def test_a_body_may_not_be_larger_than_the_call_takes(transport: Transport, at: str) -> None:
    with pytest.raises(GatewayError) as caught:
        await transport.read(post(f"{at}/huge"), limit=1_000_000)
    assert "more than" in caught.value.failure.public_message


@pytest.mark.parametrize("name", SURPLUS)
async def test_bytes_that_nobody_asked_for_are_never_an_answer(
    transport: Transport, server: Torture, at: str, name: str
) -> None:
    assert await body_of(transport, post(f"{at}/raw/{name}")) in (BODY, b"")
    assert (await transport.read(post(f"{at}/whole")))[2] == b"hello"
    assert server.connections == 2
