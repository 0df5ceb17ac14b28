"""Sign-in, project discovery, headers and the provider table, without a server."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from core.config.load import load
from core.domain.accounts import Account, Device, OAuth, Realm
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import AccessToken, Call, Callback, Grant, Provider
from core.domain.secret import Secret
from core.providers import PROVIDERS, build
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.settings import AUTOPUSH, DAILY, PRODUCTION, AntigravitySettings
from core.transport import troubles

DEVICE = Device("6f0e8c1a-2b7d-4a53-9b1e-0d7f3c5a9e21", "device-1a2b3c4d5e6f7081")
TOKEN = Secret("ya29.secret")
SETTINGS = AntigravitySettings(client_id="id-of-a-test", client_secret=Secret("hush"))


class FixedClock:
    def now(self) -> float:
        return 1_000_000.0

    def monotonic(self) -> float:
        return 50.0


class Scripted:
    """A transport that answers from a list: (status, body) or an error to raise."""

    def __init__(self, *answers: tuple[int, Any] | GatewayError) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []

    async def send(self, call: Call) -> Any:
        raise NotImplementedError

    async def read(self, call: Call, limit: int = 0) -> tuple[int, Mapping[str, str], bytes]:
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, GatewayError):
            raise answer
        status, body = answer
        return status, {}, body if isinstance(body, bytes) else json.dumps(body).encode()

    async def aclose(self) -> None: ...


class Slept:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def provider(transport: Scripted, slept: Slept | None = None, **settings: Any) -> AntigravityProvider:
    given: dict[str, Any] = {"client_id": "id-of-a-test", "client_secret": Secret("hush")} | settings
    own = AntigravitySettings(**given)
    return AntigravityProvider(lambda: own, transport, FixedClock(), sleep=slept or Slept())


def account(project: str = "") -> Account:
    credential = OAuth(Secret("1//refresh"))
    return Account("a1", "antigravity", "a@example.org", credential, DEVICE, project=project)


UNREACHABLE = troubles.unreachable("https://h", OSError())


# --- the browser -----------------------------------------------------------------------------------

REDIRECT = "http://localhost:51122/oauth-callback"


def test_the_link_asks_for_the_seeds_scopes_and_a_refresh_token() -> None:
    request = provider(Scripted()).sign_in.authorize(Realm.REAL, REDIRECT, "ada@example.org")
    address = urlsplit(request.url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://accounts.google.com/o/oauth2/auth"
    query = dict(parse_qsl(address.query, strict_parsing=True))
    challenge = query.pop("code_challenge")
    assert query == {
        "client_id": "id-of-a-test",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": " ".join(
            f"https://www.googleapis.com/auth/{name}"
            for name in (
                "cloud-platform",
                "userinfo.email",
                "userinfo.profile",
                "cclog",
                "experimentsandconfigs",
            )
        ),
        "access_type": "offline",
        "prompt": "consent",
        "state": request.state,
        "code_challenge_method": "S256",
        "login_hint": "ada@example.org",
    }
    assert " " not in request.url
    assert "+" not in address.query
    assert re.fullmatch("[0-9a-f]{32}", request.state)
    verifier = request.verifier.reveal()
    assert re.fullmatch(r"[\w-]{43}", verifier)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
    assert challenge == digest.rstrip("=")
    assert verifier not in request.url
    assert "hush" not in request.url


def test_every_link_is_its_own() -> None:
    sign_in = provider(Scripted()).sign_in
    first, second = (sign_in.authorize(Realm.REAL, REDIRECT) for _ in range(2))
    assert first.state != second.state
    assert first.verifier != second.verifier
    assert "login_hint" not in first.url


def test_the_browser_comes_back_to_51121_or_the_ports_after_it() -> None:
    assert provider(Scripted()).sign_in.callback == Callback(
        (51121, 51122, 51123, 51124, 51125, 51126), "/oauth-callback"
    )


@pytest.mark.parametrize("settings", [{"client_id": ""}, {"client_secret": Secret("")}])
async def test_a_sign_in_without_a_client_names_both_settings_and_asks_nobody(
    settings: dict[str, str],
) -> None:
    transport = Scripted()
    sign_in = provider(transport, **settings).sign_in
    with pytest.raises(GatewayError) as refused:
        sign_in.authorize(Realm.REAL, REDIRECT)
    said = refused.value.failure
    assert said.cause is Cause.CONFIG
    assert "ANTIGRAVITY_CLIENT_ID" in said.public_message
    assert "ANTIGRAVITY_CLIENT_SECRET" in said.public_message
    assert transport.calls == []


async def test_a_code_is_redeemed_with_the_verifier_and_the_address_of_its_link() -> None:
    transport = Scripted((200, {"access_token": "ya29.new", "expires_in": 3600, "refresh_token": "1//fresh"}))
    sign_in = provider(transport).sign_in
    request = sign_in.authorize(Realm.REAL, REDIRECT)
    got = await sign_in.exchange(Realm.REAL, Secret("4/0code"), request, REDIRECT)
    assert parse_qs(transport.calls[0].body.decode()) == {
        "client_id": ["id-of-a-test"],
        "client_secret": ["hush"],
        "code": ["4/0code"],
        "grant_type": ["authorization_code"],
        "redirect_uri": [REDIRECT],
        "code_verifier": [request.verifier.reveal()],
    }
    assert got == AccessToken(Secret("ya29.new"), 1_003_600, Secret("1//fresh"))


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((200, {"access_token": "t", "expires_in": 3600}), Kind.UPSTREAM, "no refresh token"),
        ((200, b"<html>"), Kind.UPSTREAM, "can't be read"),
        (
            (400, {"error": "invalid_grant", "error_description": "Malformed auth code."}),
            Kind.BAD_REQUEST,
            "a code works once",
        ),
        ((401, {"error": "invalid_client"}), Kind.UNAVAILABLE, "ANTIGRAVITY_CLIENT_ID"),
    ],
)
async def test_a_code_that_gives_no_sign_in_says_what_to_do(answer: Any, kind: Kind, words: str) -> None:
    transport = Scripted(answer)
    sign_in = provider(transport).sign_in
    request = sign_in.authorize(Realm.REAL, REDIRECT)
    with pytest.raises(GatewayError) as refused:
        await sign_in.exchange(Realm.REAL, Secret("4/0code"), request, REDIRECT)
    assert refused.value.failure.kind is kind
    assert words in refused.value.failure.public_message
    assert "4/0code" not in repr(refused.value.failure)
    assert len(transport.calls) == 1


# --- refresh ---------------------------------------------------------------------------------------


async def test_a_refresh_sends_the_seeds_form_and_dates_the_token_from_before_the_call() -> None:
    transport = Scripted((200, {"access_token": "ya29.new", "expires_in": 3600}))
    got = await provider(transport).sign_in.refresh(OAuth(Secret("1//refresh")), Realm.REAL)
    call = transport.calls[0]
    assert call.url == "https://oauth2.googleapis.com/token"
    assert parse_qs(call.body.decode()) == {
        "client_id": ["id-of-a-test"],
        "client_secret": ["hush"],
        "refresh_token": ["1//refresh"],
        "grant_type": ["refresh_token"],
    }
    assert {name for name, _ in call.headers} == {"Content-Type", "Accept", "User-Agent"}
    assert got.token.reveal() == "ya29.new"
    assert got.expires_at == 1_003_600
    assert got.refresh_token is None


@pytest.mark.parametrize(
    ("expires", "seconds"), [(1800, 1800), ("3600", 0), (-5, 0), (True, 0), (None, 0), (12.5, 12.5)]
)
async def test_an_odd_expiry_is_no_life(expires: object, seconds: float) -> None:
    transport = Scripted((200, {"access_token": "t", "expires_in": expires}))
    got = await provider(transport).sign_in.refresh(OAuth(Secret("r")), Realm.REAL)
    assert got.expires_at == 1_000_000 + seconds


async def test_a_replaced_refresh_token_is_handed_on() -> None:
    transport = Scripted((200, {"access_token": "t", "refresh_token": "1//next"}))
    got = await provider(transport).sign_in.refresh(OAuth(Secret("1//refresh")), Realm.REAL)
    assert got.refresh_token == Secret("1//next")
    assert got.expires_at == 1_003_600


async def test_trouble_of_google_is_waited_out() -> None:
    slept = Slept()
    transport = Scripted(UNREACHABLE, (503, b"busy"), (200, {"access_token": "t"}))
    await provider(transport, slept).sign_in.refresh(OAuth(Secret("r")), Realm.REAL)
    assert slept.seconds == [0.5, 2.0]


@pytest.mark.parametrize(
    ("answer", "scope", "cause"),
    [
        ((400, {"error": "invalid_grant", "error_description": "x"}), Scope.ACCOUNT, Cause.INVALID_GRANT),
        ((401, {"error": "invalid_client"}), Scope.PROVIDER, Cause.CONFIG),
        ((400, {"error": "unauthorized_client"}), Scope.PROVIDER, Cause.CONFIG),
        ((400, {"error": {"status": "INVALID_ARGUMENT", "message": "x"}}), Scope.ACCOUNT, Cause.DENIED),
        ((200, b"<html>"), Scope.ENDPOINT, Cause.SERVER),
    ],
)
async def test_a_refused_refresh_is_told_apart_and_not_repeated(
    answer: tuple[int, Any], scope: Scope, cause: Cause
) -> None:
    transport = Scripted(answer)
    with pytest.raises(GatewayError) as caught:
        await provider(transport).sign_in.refresh(OAuth(Secret("1//refresh")), Realm.REAL)
    assert (caught.value.failure.scope, caught.value.failure.cause) == (scope, cause)
    shown = caught.value.failure.public_message + caught.value.failure.detail
    assert "1//refresh" not in shown
    assert "hush" not in shown


async def test_google_down_for_good_is_said_after_three_tries() -> None:
    transport = Scripted((500, b""), (502, b""), (503, b""))
    with pytest.raises(GatewayError) as caught:
        await provider(transport).sign_in.refresh(OAuth(Secret("r")), Realm.REAL)
    assert caught.value.failure.cause is Cause.SERVER
    assert len(transport.calls) == 3


async def test_the_sandbox_realm_needs_the_sandbox() -> None:
    with pytest.raises(GatewayError) as caught:
        await provider(Scripted()).sign_in.refresh(OAuth(Secret("r")), Realm.SANDBOX)
    assert caught.value.failure.cause is Cause.CONFIG


async def test_the_email_is_asked_with_the_token() -> None:
    transport = Scripted((200, {"email": "a@example.org", "id": "1"}))
    assert await provider(transport).sign_in.email(TOKEN, Realm.REAL) == "a@example.org"
    assert ("Authorization", "Bearer ya29.secret") in transport.calls[0].headers


def test_a_client_is_told_by_its_fingerprint() -> None:
    print_of = provider(Scripted()).sign_in.fingerprint(Realm.REAL)
    assert len(print_of) == 12
    assert print_of != provider(Scripted(), client_id="other").sign_in.fingerprint(Realm.REAL)


# --- project ---------------------------------------------------------------------------------------


async def found(
    transport: Scripted, who: Account | None = None, slept: Slept | None = None, **more: Any
) -> Any:
    return await provider(transport, slept, **more).sign_in.project(who or account(), TOKEN)


@pytest.mark.parametrize("project", ["vivid-river-a1b2c", {"id": "vivid-river-a1b2c"}])
async def test_a_project_is_found(project: object) -> None:
    tiers = {"currentTier": {"id": "free-tier"}, "paidTier": {"id": "g1-pro-tier"}}
    transport = Scripted((200, {"cloudaicompanionProject": project, **tiers}))
    got = await found(transport)
    assert (got.id, got.tier) == ("vivid-river-a1b2c", "pro")
    call = transport.calls[0]
    assert call.url == f"{PRODUCTION}/v1internal:loadCodeAssist"
    metadata = {"ideType": "ANTIGRAVITY", "platform": "WINDOWS", "pluginType": "GEMINI"}
    assert json.loads(call.body) == {"metadata": metadata}
    assert dict(call.headers)["Client-Metadata"] == json.dumps(metadata, separators=(",", ":"))


async def test_a_new_account_is_onboarded_by_asking_until_it_is_done() -> None:
    slept = Slept()
    done = {"done": True, "response": {"cloudaicompanionProject": {"id": "made-for-you"}}}
    transport = Scripted(
        (200, {"allowedTiers": [{"id": "standard-tier"}, {"id": "free-tier", "isDefault": True}]}),
        (200, {"done": False}),
        (200, {"done": False}),
        (200, done),
    )
    got = await found(transport, slept=slept)
    assert (got.id, got.tier) == ("made-for-you", "free")
    assert [call.url.rpartition(":")[2] for call in transport.calls] == ["loadCodeAssist"] + [
        "onboardUser"
    ] * 3
    assert json.loads(transport.calls[1].body)["tierId"] == "free-tier"
    assert transport.calls[1].url.startswith(DAILY)
    assert slept.seconds == [5.0, 5.0]


async def test_an_endpoint_that_fails_gives_way_to_the_next() -> None:
    transport = Scripted(UNREACHABLE, (500, b""), (200, {"cloudaicompanionProject": "p"}))
    assert (await found(transport)).id == "p"
    assert [call.url.split("/v1")[0] for call in transport.calls] == [PRODUCTION, DAILY, AUTOPUSH]


async def test_a_refusal_of_the_account_is_not_asked_elsewhere() -> None:
    transport = Scripted((401, {"error": {"code": 401, "message": "x"}}))
    with pytest.raises(GatewayError) as caught:
        await found(transport)
    assert caught.value.failure.cause is Cause.AUTH


async def test_no_project_says_why_and_what_to_do() -> None:
    why = {"reasonMessage": "Not available in your location."}
    transport = Scripted((200, {"ineligibleTiers": [why]}), *[(200, {"done": False})] * 10)
    with pytest.raises(GatewayError) as caught:
        await found(transport)
    failure = caught.value.failure
    assert (failure.kind, failure.cause) == (Kind.FORBIDDEN, Cause.DENIED)
    assert "Not available in your location." in failure.public_message
    assert "set a project" in failure.public_message


@pytest.mark.parametrize("name", ["cloudaicompanionProject", "projectId", "project"])
async def test_a_project_has_had_several_names(name: str) -> None:
    assert (await found(Scripted((200, {name: "p"})))).id == "p"


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_an_endpoint_that_does_not_onboard_gives_way_to_the_next(status: int) -> None:
    slept = Slept()
    refusal = (status, {"error": {"code": status, "message": "no"}})
    done = {"done": True, "response": {"cloudaicompanionProject": "made"}}
    transport = Scripted((200, {}), refusal, (200, {"done": False}), (200, done))
    assert (await found(transport, slept=slept)).id == "made"
    asked = [call.url.split("/v1")[0] for call in transport.calls]
    assert asked == [PRODUCTION, DAILY, AUTOPUSH, AUTOPUSH]
    assert slept.seconds == [5.0]


async def test_an_account_that_may_not_onboard_is_not_asked_about_elsewhere() -> None:
    info = {"reason": "VALIDATION_REQUIRED", "metadata": {}}
    transport = Scripted((200, {}), (403, {"error": {"code": 403, "message": "x", "details": [info]}}))
    with pytest.raises(GatewayError) as caught:
        await found(transport)
    assert caught.value.failure.cause is Cause.VERIFICATION


async def test_a_chosen_project_is_named_to_google_and_needs_no_onboarding() -> None:
    for who, settings in ((account("mine"), {}), (account(), {"project_id": "mine"})):
        transport = Scripted((200, {"currentTier": {"id": "x-ultra"}}))
        got = await found(transport, who, **settings)
        assert (got.id, got.tier) == ("", "ultra")
        assert json.loads(transport.calls[0].body)["metadata"]["duetProject"] == "mine"
    transport = Scripted((200, {"cloudaicompanionProject": "given"}))
    assert (await found(transport, account("mine"))).id == "given"


def test_the_project_of_the_settings_is_for_real_accounts_only() -> None:
    sign_in = provider(Scripted(), project_id=" from-settings ").sign_in
    assert sign_in.default_project(Realm.REAL) == "from-settings"
    assert sign_in.default_project(Realm.SANDBOX) == ""


# --- settings, table -------------------------------------------------------------------------------


def test_endpoints_are_the_seeds_unless_set_otherwise() -> None:
    facts = SETTINGS.realm()
    assert facts.endpoints == (DAILY, AUTOPUSH, PRODUCTION)
    assert facts.metadata == (PRODUCTION, DAILY, AUTOPUSH)
    moved = AntigravitySettings(endpoints=("http://127.0.0.1:1/",)).realm()
    assert moved.endpoints == moved.metadata == ("http://127.0.0.1:1",)
    assert "hush" not in repr(facts)


def test_the_table_builds_every_provider() -> None:
    for name, entry in PROVIDERS.items():
        made: Provider = build(name, entry.settings, Scripted(), FixedClock())
        assert made.name == name
        assert made.endpoints(Realm.REAL)
        assert made.catalogue_endpoints(Realm.REAL)
        assert made.endpoints(Realm.SANDBOX) == made.catalogue_endpoints(Realm.SANDBOX) == ()
        assert made.models()
        assert not any(model.sandbox for model in made.models())


async def test_a_catalogue_is_asked_again_without_a_refused_project() -> None:
    denied = {"error": {"code": 403, "message": "Permission denied on resource project p."}}
    transport = Scripted((403, denied), (200, {"models": {}}))
    grant = Grant("a1", "a@example.org", Realm.REAL, TOKEN, "p", DEVICE)
    await provider(transport).catalogue(grant, "https://h")
    assert [json.loads(call.body) for call in transport.calls] == [{"project": "p"}, {}]


def test_settings_come_from_the_names_that_others_rely_on(tmp_path: Path) -> None:
    env = {
        "AGTUI_ANTIGRAVITY__ENDPOINTS": "http://127.0.0.1:1, http://127.0.0.1:2/",
        "AGTUI_ANTIGRAVITY__TOKEN_URL": "http://127.0.0.1:1/token",
        "AGTUI_ANTIGRAVITY__AUTHORIZE_URL": "http://127.0.0.1:1/authorize",
        "AGTUI_ANTIGRAVITY__USERINFO_URL": "http://127.0.0.1:1/userinfo",
        "AGTUI_ANTIGRAVITY__ACKNOWLEDGED": "2026-01-09",
        "ANTIGRAVITY_CLIENT_ID": "id-of-a-test",
        "ANTIGRAVITY_CLIENT_SECRET": "hush",
    }
    sections = {name: entry.settings for name, entry in PROVIDERS.items()}
    got = load(tmp_path / "config.toml", env, providers=sections).section("antigravity", AntigravitySettings)
    facts = got.realm()
    assert facts.endpoints == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert (facts.token_url, facts.userinfo_url) == (
        "http://127.0.0.1:1/token",
        "http://127.0.0.1:1/userinfo",
    )
    assert facts.authorize_url == "http://127.0.0.1:1/authorize"
    assert (facts.client_id, facts.client_secret) == ("id-of-a-test", Secret("hush"))
    assert got.acknowledged == "2026-01-09"
