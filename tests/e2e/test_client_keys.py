"""Clients' own keys, as the official packages of three families meet them."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors, types
from openai import OpenAI

from .conftest import Served

SAID: Any = [{"role": "user", "content": "hi"}]


def make(served: Served, name: str, *rules: str) -> str:
    made = served.run("keys", "create", name, *rules)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_openai_tells_a_revoked_key_a_forbidden_model_and_a_limit_apart(served: Served) -> None:
    key = make(served, "openai", "--models", "sandbox-*", "--rpm", "2")
    with OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0, timeout=15) as client:
        assert {model.id.partition("-")[0] for model in client.models.list()} == {"sandbox"}
        with pytest.raises(openai.PermissionDeniedError) as forbidden:
            client.chat.completions.create(model="gemini-3-flash", messages=SAID)
        assert (forbidden.value.code, forbidden.value.param) == ("model_not_allowed", "model")
        raw = client.chat.completions.with_raw_response.create(model="sandbox-chat", messages=SAID)
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        client.responses.create(model="sandbox-chat", input="hi")
        with pytest.raises(openai.RateLimitError) as limited:
            client.chat.completions.create(model="sandbox-chat", messages=SAID, stream=True)
        assert limited.value.code == "rate_limit_exceeded"
        assert 1 <= int(limited.value.response.headers["retry-after"]) <= 60
        with pytest.raises(openai.RateLimitError):
            client.images.generate(model="sandbox-image", prompt="a house")
        served.run("keys", "revoke", "openai")
        with pytest.raises(openai.AuthenticationError) as wrong:
            client.models.list()
        assert wrong.value.code == "invalid_api_key"
        assert "Incorrect API key provided" in wrong.value.message


def test_anthropic_tells_a_revoked_key_a_forbidden_model_and_a_limit_apart(served: Served) -> None:
    key = make(served, "anthropic", "--models", "sandbox-*", "--rpm", "1")

    def ask(client: Anthropic, model: str = "sandbox-chat", **more: Any) -> Any:
        return client.messages.create(model=model, max_tokens=99, messages=SAID, **more)

    with Anthropic(base_url=served.url, api_key=key, max_retries=0, timeout=15) as client:
        assert {model.id.partition("-")[0] for model in client.models.list()} == {"sandbox"}
        with pytest.raises(anthropic.PermissionDeniedError) as forbidden:
            ask(client, "claude-sonnet-4-6")
        assert forbidden.value.type == "permission_error"
        with pytest.raises(anthropic.PermissionDeniedError):
            client.messages.count_tokens(model="claude-sonnet-4-6", messages=SAID)
        raw = client.messages.with_raw_response.create(model="sandbox-chat", max_tokens=9, messages=SAID)
        assert raw.headers["anthropic-ratelimit-requests-limit"] == "1"
        assert raw.headers["anthropic-ratelimit-requests-remaining"] == "0"
        for more in ({}, {"stream": True}):
            with pytest.raises(anthropic.RateLimitError) as limited:
                ask(client, **more)
            assert limited.value.type == "rate_limit_error"
            assert 1 <= int(limited.value.response.headers["retry-after"]) <= 60
        served.run("keys", "revoke", "anthropic")
        with pytest.raises(anthropic.AuthenticationError) as wrong:
            ask(client)
        assert wrong.value.type == "authentication_error"


def test_google_tells_a_revoked_key_a_forbidden_model_and_a_limit_apart(served: Served) -> None:
    key = make(served, "google", "--models", "sandbox-*", "--tokens-per-day", "5")
    options = types.HttpOptions(base_url=served.url, timeout=15_000)
    with genai.Client(api_key=key, http_options=options) as client:

        def fails(model: str) -> tuple[int, str | None]:
            with pytest.raises(errors.ClientError) as caught:
                client.models.generate_content(model=model, contents="hi")
            return caught.value.code, caught.value.status

        assert {(model.name or "").partition("-")[0] for model in client.models.list()} == {"models/sandbox"}
        assert fails("gemini-3-flash") == (403, "PERMISSION_DENIED")
        assert client.models.generate_content(model="sandbox-chat", contents="hi").text
        assert fails("sandbox-chat") == (429, "RESOURCE_EXHAUSTED")
        served.run("keys", "revoke", "google")
        assert fails("sandbox-chat") == (401, "UNAUTHENTICATED")
