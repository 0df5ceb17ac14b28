"""Reverse proxies: whose word counts for address and scheme, and whose does not."""

from __future__ import annotations

import pytest

from core.domain.events import Finished
from core.server.proxies import client_behind
from tests.fakes import FakeProvider

from .conftest import KEY, Start

WRONG = {"authorization": "Bearer sk-agtui-wrong"}
MODELS = "/v1/models"
PROXY = ("127.0.0.1",)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("127.0.0.1", ["203.0.113.5"], (), "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], ("127.0.0.1",), "203.0.113.5"),
        ("127.0.0.1", [], ("127.0.0.1",), "127.0.0.1"),
        ("203.0.113.5", ["127.0.0.1"], ("127.0.0.1",), "203.0.113.5"),
        ("127.0.0.1", ["10.1.1.1", "203.0.113.5"], ("127.0.0.1",), "203.0.113.5"),
        ("127.0.0.1", ["203.0.113.5", "10.1.1.1"], ("127.0.0.1", "10.0.0.0/8"), "203.0.113.5"),
        ("::1", ["[2001:db8::7]:443"], ("::1",), "2001:db8::7"),
        ("::ffff:127.0.0.1", ["203.0.113.5:1234"], ("127.0.0.1",), "203.0.113.5"),
        ("127.0.0.1", ["unknown"], ("127.0.0.1",), "unknown"),
        ("127.0.0.1", ["203.0.113.5"], ("nonsense", ""), "127.0.0.1"),
        ("", ["203.0.113.5"], ("127.0.0.1",), ""),
        ("127.0.0.1", ["203.0.113.5"] * 1000, ("127.0.0.1",), "203.0.113.5"),
    ],
)
def test_only_trusted_hops_are_believed(
    peer: str, forwarded: list[str], trusted: tuple[str, ...], client: str
) -> None:
    assert client_behind(peer, forwarded, trusted) == client


async def test_wrong_keys_are_counted_by_client_behind_a_trusted_proxy(start: Start) -> None:
    world = await start(trusted_proxies=PROXY)
    for _ in range(10):
        answer = await world.client.get(MODELS, headers=WRONG | {"x-forwarded-for": "203.0.113.5"})
        assert answer.status_code == 401
    again = await world.client.get(MODELS, headers=WRONG | {"x-forwarded-for": "evil, 203.0.113.5"})
    assert again.status_code == 429
    other = await world.client.get(MODELS, headers=WRONG | {"x-forwarded-for": "203.0.113.6"})
    assert other.status_code == 401


async def test_nobody_escapes_the_count_by_claiming_addresses(start: Start) -> None:
    world = await start()
    statuses = [
        (await world.client.get(MODELS, headers=WRONG | {"x-forwarded-for": f"203.0.113.{n}"})).status_code
        for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]


@pytest.mark.parametrize(
    ("trusted", "claim", "scheme"),
    [
        (PROXY, "https", "https"),
        (PROXY, "http, HTTPS", "https"),
        (PROXY, "gopher", "http"),
        ((), "https", "http"),
        (("192.0.2.1",), "https", "http"),
    ],
)
async def test_links_to_pictures_have_the_scheme_of_a_trusted_proxy(
    start: Start, trusted: tuple[str, ...], claim: str, scheme: str
) -> None:
    world = await start(
        FakeProvider([[Finished()]]), trusted_proxies=trusted, allowed_hosts=("pictures.example",)
    )
    answer = await world.client.post(
        "/v1/images/generations",
        json={"prompt": "a kite", "model": "p1", "response_format": "url"},
        headers={"x-forwarded-proto": claim, "host": "pictures.example"},
    )
    assert answer.json()["data"][0]["url"].startswith(f"{scheme}://pictures.example/files/")


@pytest.mark.parametrize("trusted", [(), PROXY])
@pytest.mark.parametrize("forwarded", ["203.0.113.5", "127.0.0.1", "nonsense"])
async def test_no_key_is_needed_on_this_machine_only(
    start: Start, trusted: tuple[str, ...], forwarded: str
) -> None:
    """With the mode `off`, what a proxy passes on still needs a key: it may come from anywhere."""
    world = await start(auth_mode="off", trusted_proxies=trusted)
    world.client.headers.pop("authorization")
    assert (await world.client.get(MODELS)).status_code == 200
    asked = {"x-forwarded-for": forwarded}
    assert (await world.client.get(MODELS, headers=asked)).status_code == 401
    assert (await world.client.get(MODELS, headers=asked | {"x-api-key": KEY})).status_code == 200
