"""Signing in at the sandbox works, and fails, as at Google."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core import sandbox
from tests.sandbox.world import FakeClock, new_client, sign_in, token_form

AUTHORIZE = {
    "client_id": sandbox.CLIENT_ID,
    "response_type": "code",
    "redirect_uri": "http://localhost:51121/oauth-callback",
    "state": "s1",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}


async def test_a_ready_account_gets_an_access_token_for_an_hour(client: httpx.AsyncClient) -> None:
    reply = await client.post("/token", data=token_form())
    assert reply.status_code == 200
    assert reply.json()["expires_in"] == 3600
    assert reply.json()["access_token"].startswith("ya29.")


async def test_any_name_can_be_signed_in_and_is_told_by_user_info(client: httpx.AsyncClient) -> None:
    grace = await sign_in(client, "grace-hopper")
    reply = await client.get("/userinfo", headers=grace.headers)
    assert reply.json()["email"] == "grace-hopper@sandbox.test"


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"refresh_token": sandbox.REVOKED}, 400, "invalid_grant"),
        ({"refresh_token": "1//somebody-else"}, 400, "invalid_grant"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "4/0made-up"}, 400, "invalid_grant"),
    ],
)
async def test_what_google_refuses_is_refused_in_its_words(
    client: httpx.AsyncClient, fields: dict[str, str], status: int, error: str
) -> None:
    reply = await client.post("/token", data=token_form(**fields))
    assert reply.status_code == status
    assert reply.json()["error"] == error
    assert reply.json()["error_description"]


async def test_an_access_token_ends_after_an_hour(client: httpx.AsyncClient, clock: FakeClock) -> None:
    ada = await sign_in(client)
    clock.time += 3599
    assert (await ada.post("loadCodeAssist", {})).status_code == 200
    clock.time += 2
    reply = await ada.post("loadCodeAssist", {})
    assert reply.status_code == 401
    assert reply.json()["error"]["status"] == "UNAUTHENTICATED"
    assert reply.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"


@pytest.mark.parametrize("header", [None, "Bearer ", "Basic abc", "Bearer ya29.sandbox-AAAA", "Bearer é"])
async def test_without_a_token_of_ours_there_is_no_answer(
    client: httpx.AsyncClient, header: str | None
) -> None:
    headers = {"Authorization": header.encode()} if header else {}
    reply = await client.post("/v1internal:generateContent", json={}, headers=headers)
    assert reply.status_code == 401


async def test_a_token_of_another_sandbox_is_refused() -> None:
    async with new_client() as first, new_client() as second:
        stranger = await sign_in(first)
        assert (await second.get("/userinfo", headers=stranger.headers)).status_code == 401


async def _redeem(client: httpx.AsyncClient, query: dict[str, str], **fields: str) -> httpx.Response:
    page = await client.get("/authorize", params=query)
    answer = parse_qs(urlsplit(page.headers["location"]).query)
    assert answer["state"] == ["s1"]
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "redirect_uri": AUTHORIZE["redirect_uri"],
        "code_verifier": "verifier",
    }
    return await client.post("/token", data=token_form(**{**form, **fields}))


async def test_the_page_offers_the_ready_accounts_and_the_code_is_worth_a_refresh_token(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/authorize", params=AUTHORIZE)
    assert "ada@sandbox.test" in page.text
    assert "alan@sandbox.test" in page.text
    reply = await _redeem(client, {**AUTHORIZE, "account": "alan"})
    assert reply.json()["refresh_token"] == "1//sandbox-alan"


async def test_a_code_works_once_and_only_with_its_verifier(client: httpx.AsyncClient) -> None:
    query = {**AUTHORIZE, "account": "ada"}
    assert (await _redeem(client, query, code_verifier="other")).json()["error"] == "invalid_grant"
    assert (await _redeem(client, query, redirect_uri="http://localhost:1/")).status_code == 400
    page = await client.get("/authorize", params=query)
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    assert (await _redeem(client, query, code=code)).status_code == 200
    assert (await _redeem(client, query, code=code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://evil.example/"},
        {"client_id": "wrong"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"account": "no such name!"},
    ],
)
async def test_the_page_sends_nobody_anywhere_strange(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    reply = await client.get("/authorize", params={**AUTHORIZE, "account": "ada", **change})
    assert reply.status_code in (400, 401)
    assert "location" not in reply.headers


async def test_the_page_also_refuses_says_nothing_and_comes_back_too_late(client: httpx.AsyncClient) -> None:
    page = await client.get("/authorize", params=AUTHORIZE)
    for play in ("refuse", "wait", "expired"):
        assert f"play={play}" in page.text
    refused = await client.get("/authorize", params={**AUTHORIZE, "play": "refuse"})
    answer = parse_qs(urlsplit(refused.headers["location"]).query)
    assert (answer["error"], answer["state"]) == (["access_denied"], ["s1"])
    waits = await client.get("/authorize", params={**AUTHORIZE, "play": "wait"})
    assert waits.status_code == 200
    assert "five minutes" in waits.text
    assert (await _redeem(client, {**AUTHORIZE, "play": "expired"})).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("play", ["refuse", "wait", "expired"])
async def test_none_of_these_leads_anywhere_strange(client: httpx.AsyncClient, play: str) -> None:
    query = {**AUTHORIZE, "redirect_uri": "http://evil.example/", "play": play}
    reply = await client.get("/authorize", params=query)
    assert reply.status_code == 400
    assert "location" not in reply.headers


async def test_a_hint_puts_that_account_first(client: httpx.AsyncClient) -> None:
    page = await client.get("/authorize", params={**AUTHORIZE, "login_hint": "grace@sandbox.test"})
    assert page.text.index("grace@sandbox.test") < page.text.index("ada@sandbox.test")
