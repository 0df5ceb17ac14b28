"""The address that browsers come back to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from core.domain.failure import GatewayError, Kind
from core.domain.ports import Callback, Landing
from core.server import callback
from core.server.callback import CallbackListener, open_callback

PATH = "/oauth-callback"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Seen:
    """Notes the queries, and answers with what was asked."""

    def __init__(self) -> None:
        self.queries: list[dict[str, str]] = []

    def __call__(self, query: Mapping[str, str]) -> Landing:
        self.queries.append(dict(query))
        return Landing(200 if "code" in query else 400, "Title", query.get("say", "nothing"))


@pytest.fixture
def seen() -> Seen:
    return Seen()


@asynccontextmanager
async def listening(
    landed: Callable[[Mapping[str, str]], Landing], *ports: int
) -> AsyncIterator[CallbackListener]:
    listener = await open_callback(Callback(ports or (free_port(),), PATH), landed)
    try:
        yield listener
    finally:
        await listener.aclose()


async def ask(port: int, target: str, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, str]:
    """The status and the whole answer."""
    raw = await send(port, f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), host)
    return int(raw.split(" ")[1]), raw


async def send(port: int, raw: bytes, host: str = "127.0.0.1") -> str:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(raw)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return answer.decode()


def ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_a_browser_that_comes_back_is_answered_with_a_page(seen: Seen) -> None:
    async with listening(seen) as listener:
        status, raw = await ask(listener.port, f"{PATH}?code=4%2F0abc&state=s1&scope=a%20b")
        assert status == 200
        assert seen.queries == [{"code": "4/0abc", "state": "s1", "scope": "a b"}]
        assert "Referrer-Policy: no-referrer" in raw
        assert "Content-Security-Policy: default-src 'none'" in raw
        assert "4/0abc" not in raw


async def test_other_paths_get_404_and_it_goes_on_listening(seen: Seen) -> None:
    async with listening(seen) as listener:
        for target in ("/favicon.ico", "/", f"{PATH}/", f"/x{PATH}?code=1", "//[", "*"):
            assert (await ask(listener.port, target))[0] in (404, 400)
        assert (await ask(listener.port, f"{PATH}?state=wrong"))[0] == 400
        assert (await ask(listener.port, f"{PATH}?code=1"))[0] == 200
        assert seen.queries == [{"state": "wrong"}, {"code": "1"}]


async def test_what_is_reflected_is_escaped(seen: Seen) -> None:
    async with listening(seen) as listener:
        _, raw = await ask(listener.port, f"{PATH}?say=%3Cscript%3Ealert(1)%3C/script%3E")
        assert "<script>" not in raw
        assert "&lt;script&gt;" in raw


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_a_look_ahead_does_not_use_up_the_code(seen: Seen, method: str) -> None:
    async with listening(seen) as listener:
        assert (await ask(listener.port, f"{PATH}?code=1", method))[0] == 405
        assert seen.queries == []


@pytest.mark.parametrize(
    "raw", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"x" * 40_000]
)
async def test_what_is_no_request_is_refused_and_harms_nobody(seen: Seen, raw: bytes) -> None:
    async with listening(seen) as listener:
        try:
            answer = await send(listener.port, raw)
        except ConnectionError:
            answer = ""
        assert not answer or answer.startswith("HTTP/1.1 400 ")
        assert (await ask(listener.port, f"{PATH}?code=1"))[0] == 200


@pytest.mark.skipif(not ipv6(), reason="no IPv6 here")
async def test_both_address_families_lead_to_it(seen: Seen) -> None:
    async with listening(seen) as listener:
        assert (await ask(listener.port, f"{PATH}?code=4", host="127.0.0.1"))[0] == 200
        assert (await ask(listener.port, f"{PATH}?code=6", host="::1"))[0] == 200
        assert [query["code"] for query in seen.queries] == ["4", "6"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not ipv6(), reason="no IPv6 here"))],
)
async def test_a_taken_port_gives_way_to_the_next_and_then_to_any(seen: Seen, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as first, socket.socket(family) as second:
        for taken in (first, second):
            taken.bind((host, 0))
            taken.listen()
        busy = [each.getsockname()[1] for each in (first, second)]
        free = free_port()
        async with listening(seen, busy[0], free) as listener:
            assert listener.port == free
        async with listening(seen, *busy) as listener:
            assert listener.port not in busy
            assert (await ask(listener.port, f"{PATH}?code=1"))[0] == 200


async def test_when_no_port_can_be_opened_it_says_so(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(callback, "_bound", refused)
    with pytest.raises(GatewayError) as failed:
        await open_callback(Callback((51121,), PATH), seen)
    assert failed.value.failure.kind is Kind.UNAVAILABLE


async def test_closing_frees_the_port_at_once_and_lets_silent_connections_go(seen: Seen) -> None:
    async with listening(seen) as listener:
        port = listener.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(closed(reader), 5)
    writer.close()
    async with listening(seen, port) as again:
        assert again.port == port


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def test_the_page_arrives_though_the_door_closes_while_it_is_written() -> None:
    closing: list[asyncio.Task[None]] = []

    def landed(query: Mapping[str, str]) -> Landing:
        closing.append(asyncio.create_task(listener.aclose()))
        return Landing(200, "Done", "Close the window.")

    listener = await open_callback(Callback((free_port(),), PATH), landed)
    status, raw = await ask(listener.port, f"{PATH}?code=1")
    assert status == 200
    assert "Close the window." in raw
    await closing[0]
