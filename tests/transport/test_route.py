"""Which calls go through httpx: those that a proxy of the environment stands before."""

from __future__ import annotations

import pytest

from core.domain.ports import Call
from core.transport.client import HttpxTransport
from core.transport.pool import PoolTransport
from core.transport.route import Transports

from .asking import body_of, post
from .torture import Torture

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_a_call_goes_through_the_proxy_of_its_scheme(
    server: Torture, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", at)
    direct = PoolTransport()
    transports = Transports(direct)
    assert (await transports.read(post("http://upstream.test/whole")))[2] == b"hello"
    assert await body_of(transports, Call("GET", "http://upstream.test/stream"))
    assert [headers["host"] for _, headers, _ in server.requests] == ["upstream.test"] * 2
    assert direct.open == 0
    await transports.aclose()


@pytest.mark.parametrize(
    ("url", "proxied"),
    [
        ("https://upstream.test/x", True),
        ("http://upstream.test/x", False),
        ("https://inside.corp.test/x", False),
        ("https://localhost:9/x", False),
        ("https://127.0.0.1:9/x", False),
        ("https://[::1]:9/x", False),
    ],
)
def test_only_calls_that_a_proxy_is_set_for_leave_the_pool(
    monkeypatch: pytest.MonkeyPatch, url: str, proxied: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "corp.test")
    pool, httpx = PoolTransport(), HttpxTransport()
    assert Transports(pool, httpx).chosen(url) is (httpx if proxied else pool)


def test_without_proxies_everything_goes_over_the_pool() -> None:
    pool = PoolTransport()
    assert Transports(pool).chosen("https://upstream.test/x") is pool
