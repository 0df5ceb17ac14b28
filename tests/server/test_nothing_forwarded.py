"""Nothing that a client says in its headers reaches an upstream."""

from __future__ import annotations

from typing import Any, get_args

import httpx
import pytest

from core.domain.ports import Call
from core.gateway.generation import GenerationService
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.headers import PROFILES
from core.providers.antigravity.settings import AntigravitySettings, Profile
from core.server.app import build_app
from core.studio.jobs import StudioService
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeRecorder, FakeShelf, Ids, entry
from tests.providers.test_client import OneReply, event

from .conftest import KEY, FakeKeys

MARK = "of-the-client"
NOSY = {
    "x-goog-user-project": MARK,
    "x-goog-api-client": MARK,
    "x-api-key": MARK,
    "anthropic-version": MARK,
    "anthropic-beta": MARK,
    "openai-organization": MARK,
    "x-stainless-lang": MARK,
    "cookie": f"session={MARK}",
    "user-agent": MARK,
    "accept": f"text/{MARK}",
    "x-forwarded-for": "203.0.113.9",
    "x-request-id": MARK,
    "traceparent": MARK,
}

ASKED = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
PATHS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": ASKED,
    "/v1/messages": ASKED,
    "/v1/messages/count_tokens": ASKED,
    "/v1/images/generations": {"prompt": "Hi"},
    "/v1beta/models/gemini-3-pro-high:generateContent": {"contents": [{"parts": [{"text": "Hi"}]}]},
}


@pytest.mark.parametrize("profile", get_args(Profile))
@pytest.mark.parametrize("path", PATHS)
async def test_no_header_of_a_client_reaches_the_upstream(profile: Profile, path: str) -> None:
    settings = AntigravitySettings(header_profile=profile)
    reply = OneReply(event("Hello", "STOP"))
    clock, events, shelf = FakeClock(), FakeEvents(), FakeShelf()
    provider = AntigravityProvider(lambda: settings, reply, clock)
    pool = FakePool(entry("a", provider="antigravity"))
    generation = GenerationService(pool, {"antigravity": provider}, FakeRecorder(), events, clock)
    studio = StudioService(generation, shelf, events, clock, Ids())
    app = httpx.ASGITransport(build_app(generation, studio, FakeKeys(), clock))
    body = PATHS[path] | {"model": "gemini-3-pro-image"}
    async with httpx.AsyncClient(transport=app, base_url="http://localhost") as client:
        await client.post(path, json=body, headers=NOSY | {"authorization": f"Bearer {KEY}"})
    assert reply.calls
    for call in reply.calls:
        _check(call, profile)


def _check(call: Call, profile: Profile) -> None:
    allowed = {name for names in PROFILES[profile].values() for name in names}
    assert {name for name, _ in call.headers} <= allowed
    said = [value for _, value in call.headers] + [call.url, call.body.decode()]
    assert not [value for value in said if MARK in value or "203.0.113.9" in value]
