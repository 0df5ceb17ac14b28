"""Who gets in: keys, hosts, origins."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from core.config.settings import ServerSettings
from core.domain.failure import GatewayError, Kind
from core.server.auth import Gate
from core.server.exchange import BodyBudget, Exchange
from core.server.guard import check
from tests.fakes import FakeClock

from .conftest import KEY, FakeKeys, Start

CHAT = "/v1/chat/completions"
ASK = {"model": "m1", "messages": []}


def exchange(
    *headers: tuple[str, str],
    method: str = "GET",
    query: bytes = b"",
    peer: str = "127.0.0.1",
    server: str = "",
) -> Exchange:
    async def nothing(*_: Any) -> Any:
        return {"type": "http.disconnect"}

    scope = {
        "method": method,
        "path": "/v1/models",
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 5) if peer else None,
        "server": (server or "127.0.0.1", 8045),
        "scheme": "http",
    }
    return Exchange(scope, nothing, nothing, "req_1", BodyBudget(1000))


def refused(found: Exchange, allowed: tuple[str, ...] = ()) -> int:
    """The status that the guard answers with; 200 if it lets the request in."""
    try:
        check(found, allowed)
    except GatewayError as error:
        return int(error.failure.params["status"])
    return 200


# --- hosts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:8045", 200), ("LOCALHOST:1", 200), ("127.0.0.1", 200),
        ("127.0.0.1:8045", 200), ("127.8.9.1", 200), ("[::1]", 200), ("[::1]:8045", 200), ("mine.lan", 200),
        ("Mine.LAN:80", 200), ("192.168.1.5:8045", 200),
        ("evil.test", 421), ("localhost.", 421), ("localhost.evil.test", 421), ("127.0.0.1.nip.io", 421),
        ("127.0.0.1.", 421), ("mine.lan.", 421), ("xmine.lan", 421), ("192.168.1.6", 421), ("0.0.0.0", 421),
        ("169.254.169.254", 421), ("[fe80::1]", 421), ("[::]", 421), ("2130706433", 421), ("0x7f.1", 421),
        ("127.1", 421), ("printer.local", 421), ("host.internal", 421), ("[::ffff:8.8.8.8]", 421),
        ("", 400), (" ", 400), ("a b", 400), ("user@localhost", 400), ("localhost:80:80", 400), ("::1", 400),
        ("localhost:", 400), ("localhost/x", 400), ("http://localhost", 400), ("localhost,evil.test", 400),
        ("localh\u00f6st", 400), ("localhost:999999", 400), ("[::1", 400), ("[localhost]", 400),
    ],
)  # fmt: skip
def test_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    found = exchange(("Host", host), server="192.168.1.5")
    assert refused(found, ("mine.lan",)) == status


def test_no_host_and_two_hosts_are_refused() -> None:
    assert refused(exchange()) == 400
    assert refused(exchange(("Host", "localhost"), ("Host", "localhost"))) == 400


# --- origins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200), ("http://localhost:8045", 200), ("HTTP://LOCALHOST:8045", 200),
        ("http://localhost:3000", 403), ("https://localhost:8045", 403), ("http://127.0.0.1:8045", 403),
        ("http://evil.test", 403), ("null", 403), ("file://", 403), ("", 403),
        ("chrome-extension://abcdef", 403), ("http://localhost:8045.evil.test", 403),
        ("http://localhost:8045/", 403), ("http://localhost", 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_web_pages_of_other_origins_can_change_nothing(origin: str | None, status: int, method: str) -> None:
    headers = [("Host", "localhost:8045")] + ([] if origin is None else [("Origin", origin)])
    assert refused(exchange(*headers, method=method)) == (200 if method == "GET" else status)


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)]
)
def test_what_the_browser_says_of_the_site_counts(site: str, status: int) -> None:
    found = exchange(("Host", "localhost"), ("Sec-Fetch-Site", site), method="POST")
    assert refused(found) == status


async def test_a_foreign_page_is_refused_on_every_route_before_its_body_is_read(start: Start) -> None:
    world = await start()
    for path, methods in world.app.routes.items():
        for method in methods:
            if method != "POST":
                continue
            answer = await world.client.request(
                method,
                path,
                headers={"origin": "http://evil.test"},
                content=b"",
            )
            assert answer.status_code == 403, path
    assert not world.provider.calls


async def test_a_rebound_name_is_refused_on_every_route(start: Start) -> None:
    world = await start()
    for path, methods in world.app.routes.items():
        shown = path + "x" if path.endswith("/") else path
        for method in methods:
            answer = await world.client.request(method, shown, headers={"host": "rebound.test"})
            assert answer.status_code == 421, path


# --- keys ------------------------------------------------------------------------------------------

CARRIERS: list[dict[str, str]] = [
    {"authorization": f"Bearer {KEY}"},
    {"authorization": f"bearer   {KEY}"},
    {"authorization": KEY},
    {"x-api-key": KEY},
    {"x-goog-api-key": KEY},
    {"authorization": "Bearer wrong", "x-api-key": KEY},
    {"x-api-key": "wrong", "x-goog-api-key": KEY},
]


@pytest.mark.parametrize("headers", CARRIERS)
async def test_a_valid_key_opens_wherever_it_stands(start: Start, headers: dict[str, str]) -> None:
    world = await start()
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(f"{world.url}/v1/models", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong-key"},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": f"Bearer {KEY}x"},
        {"authorization": f"Bearer {KEY.upper()}"},
        {"authorization": "Bearer sch\u00f6n".encode("latin-1").decode("latin-1")},
        {"x-api-key": "wrong-key"},
        {"x-admin-token": KEY},
    ],
)
async def test_missing_and_wrong_keys_get_the_same_401(start: Start, headers: dict[str, str]) -> None:
    world = await start()
    async with httpx.AsyncClient(trust_env=False) as stranger:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        for path in (f"{world.url}/v1/models", f"{world.url}/v1/models?key={KEY}"):
            answer = await stranger.get(path, headers=raw)
            assert answer.status_code == 401
            error = answer.json()["error"]
            assert "Incorrect API key provided" in error["message"]
            assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
            assert "wrong-key" not in answer.text
            assert "***" not in answer.text
            assert KEY not in answer.text
    assert not world.recorder.rows


@pytest.mark.parametrize(
    ("mode", "health", "models"),
    [("off", 200, 200), ("strict", 401, 401), ("all_except_health", 200, 401), ("auto", 200, 401)],
)
async def test_the_mode_says_what_is_open(start: Start, mode: str, health: int, models: int) -> None:
    world = await start(auth_mode=mode)
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as stranger:
        assert (await stranger.get("/health")).status_code == health
        assert (await stranger.get("/healthz")).status_code == health
        assert (await stranger.get("/api/health")).status_code == 200
        assert (await stranger.get("/v1/models")).status_code == models


async def test_off_ignores_a_wrong_key_but_knows_a_right_one(start: Start) -> None:
    world = await start(auth_mode="off")
    wrong = {"authorization": "Bearer nonsense"}
    assert (await world.client.get("/v1/models", headers=wrong)).status_code == 200
    assert (await world.client.post(CHAT, json=ASK)).status_code == 200
    assert world.recorder.last.key == "local"


def test_off_does_not_open_the_door_to_a_network() -> None:
    gate = Gate(FakeKeys(), FakeClock())
    assert gate.check(exchange(), "openai", "off") == ""
    assert gate.check(exchange(peer=""), "openai", "off") == ""
    with pytest.raises(GatewayError):
        gate.check(exchange(peer="192.168.1.7"), "openai", "off")


def test_a_key_in_the_query_is_for_the_gemini_family_only() -> None:
    gate, found = Gate(FakeKeys(), FakeClock()), exchange(query=f"a=1&key={KEY}".encode())
    assert gate.check(found, "gemini", "strict") == "local"
    with pytest.raises(GatewayError):
        gate.check(found, "openai", "strict")


def test_an_admin_token_is_for_the_admin_api_only() -> None:
    gate, found = Gate(FakeKeys(), FakeClock()), exchange(("x-admin-token", KEY))
    assert gate.check(found, "admin", "strict") == "local"
    with pytest.raises(GatewayError):
        gate.check(found, "openai", "strict")


def test_guessing_is_slowed_down_and_the_right_key_is_not() -> None:
    clock = FakeClock()
    gate = Gate(FakeKeys(), clock)
    wrong, right = exchange(("x-api-key", "guess")), exchange(("x-api-key", KEY))

    def kind(found: Exchange) -> str:
        try:
            return gate.check(found, "openai", "strict")
        except GatewayError as error:
            return error.failure.kind

    assert [kind(wrong) for _ in range(12)] == [Kind.UNAUTHENTICATED] * 10 + [Kind.RATE] * 2
    assert kind(right) == "local"
    assert kind(exchange(("x-api-key", "guess"), peer="10.0.0.9")) is Kind.UNAUTHENTICATED
    clock.move(61)
    assert kind(wrong) is Kind.UNAUTHENTICATED


async def test_health_tells_the_version(start: Start) -> None:
    world = await start()
    for path in ("/health", "/healthz", "/api/health"):
        answer = (await world.client.get(path)).json()
        assert answer["status"] == "ok"
        assert answer["version"]
    assert (await world.client.head("/health")).status_code == 200


async def test_settings_may_change_while_serving(start: Start) -> None:
    world = await start()
    world.settings = ServerSettings(auth_mode="strict")
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(f"{world.url}/health")).status_code == 401


async def test_fifty_strangers_do_not_disturb_who_has_the_key(start: Start) -> None:
    world = await start()
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as stranger:
        wrong = [stranger.get("/v1/models", headers={"x-api-key": str(number)}) for number in range(50)]
        answers = await asyncio.gather(*wrong, world.client.get("/v1/models"))
    assert answers[-1].status_code == 200
    assert {answer.status_code for answer in answers[:-1]} == {401, 429}
