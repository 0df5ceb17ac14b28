"""Which call carries which headers, in each profile, and the device that an account is."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from core.domain.accounts import Device, Realm
from core.domain.content import Role, Turn
from core.domain.ports import Grant
from core.domain.requests import ChatRequest, Thinking
from core.domain.secret import Secret
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.headers import PROFILES, CallKind, Style, headers, new_device
from core.providers.antigravity.settings import AntigravitySettings, Profile

from .test_client import FixedClock, OneReply, event

DEVICE = Device("6f0e8c1a-2b7d-4a53-9b1e-0d7f3c5a9e21", "device-1a2b3c4d5e6f7081")
TOKEN = Secret("ya29.secret")
SEED = Style("1.15.8")
KINDS: tuple[CallKind, ...] = get_args(CallKind)
PROFILE_NAMES: tuple[Profile, ...] = get_args(Profile)


def sent(kind: CallKind, **style: Any) -> dict[str, str]:
    return dict(headers(kind, DEVICE, Style(**{"version": "1.15.8", "run": "r1"} | style), TOKEN))


def test_the_seeds_headers_are_sent_for_a_chat() -> None:
    assert headers("chat", DEVICE, SEED, TOKEN) == (
        ("Authorization", "Bearer ya29.secret"),
        ("Content-Type", "application/json"),
        ("Accept", "text/event-stream"),
        ("User-Agent", "antigravity/1.15.8 windows/amd64"),
        ("X-Goog-Api-Client", "google-cloud-sdk vscode_cloudshelleditor/0.1"),
        ("Client-Metadata", '{"ideType":"ANTIGRAVITY","platform":"WINDOWS","pluginType":"GEMINI"}'),
    )


def test_a_picture_call_names_the_device_and_others_do_not() -> None:
    picture = sent("image")
    assert picture["X-Goog-QuotaUser"] == DEVICE.quota_user
    assert picture["X-Client-Device-Id"] == DEVICE.device_id
    assert picture["Accept"] == "application/json"
    for kind in set(KINDS) - {"image"}:
        assert "X-Client-Device-Id" not in sent(kind)


def test_a_chat_names_the_device_where_that_is_set() -> None:
    chat = sent("chat", device_on_chat=True)
    assert chat["X-Client-Device-Id"] == DEVICE.device_id
    assert chat["Accept"] == "text/event-stream"
    assert "X-Client-Device-Id" not in sent("chat", profile="minimal", device_on_chat=True)


def test_the_minimal_profile_says_hardly_anything() -> None:
    assert list(sent("chat", profile="minimal")) == ["Authorization", "Content-Type", "Accept", "User-Agent"]


def test_the_client_profile_names_program_machine_and_session() -> None:
    chat = sent("chat", profile="client")
    assert (chat["x-client-name"], chat["x-client-version"]) == ("antigravity", "1.15.8")
    assert chat["x-machine-id"] == DEVICE.device_id
    assert chat["x-vscode-sessionid"] == sent("image", profile="client")["x-vscode-sessionid"]
    assert chat["x-vscode-sessionid"] != sent("chat", profile="client", run="r2")["x-vscode-sessionid"]
    assert "Client-Metadata" not in chat


def test_two_accounts_never_share_a_session() -> None:
    style = Style("1", "client", run="r1")
    one, other = (dict(headers("chat", new_device(), style)) for _ in range(2))
    assert one["x-vscode-sessionid"] != other["x-vscode-sessionid"]


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_calls_that_find_project_and_models_are_the_same_in_every_profile(profile: Profile) -> None:
    for kind in ("project", "metadata", "userinfo", "token"):
        assert sent(kind, profile=profile) == sent(kind)
    assert "Client-Metadata" in sent("project", profile=profile)


def test_no_profile_names_a_project_to_be_billed() -> None:
    names = {name.lower() for calls in PROFILES.values() for call in calls.values() for name in call}
    assert "x-goog-user-project" not in names
    assert all(set(calls) == set(KINDS) for calls in PROFILES.values())


def test_platform_and_metadata_agree() -> None:
    mac = dict(headers("chat", Device("d", "q", "darwin/arm64"), Style("2.0"), TOKEN))
    assert mac["User-Agent"] == "antigravity/2.0 darwin/arm64"
    assert '"platform":"MACOS"' in mac["Client-Metadata"]


def test_a_higher_version_changes_nothing_but_itself() -> None:
    before, after = sent("image"), sent("image", version="1.99.0")
    assert {name for name in before if before[name] != after[name]} == {"User-Agent"}
    assert after["User-Agent"] == "antigravity/1.99.0 windows/amd64"


def test_every_new_device_is_its_own() -> None:
    one, two = new_device(), new_device()
    assert one.device_id != two.device_id
    assert one.quota_user.startswith("device-")
    assert len(one.quota_user) == len("device-") + 16


@pytest.mark.parametrize(
    ("profile", "model", "effort", "beta"),
    [
        ("minimal", "claude-opus-4-6-thinking", None, True),
        ("client", "claude-sonnet-4-6", "high", True),
        ("client", "claude-sonnet-4-6", None, False),
        ("client", "gemini-3-pro-high", "high", False),
        ("seed", "claude-opus-4-6-thinking", None, False),
    ],
)
async def test_only_a_claude_that_thinks_is_asked_for_interleaved_thoughts(
    profile: Profile, model: str, effort: Any, beta: bool
) -> None:
    settings = AntigravitySettings(header_profile=profile)
    reply = OneReply(event("Hello", "STOP"))
    provider = AntigravityProvider(lambda: settings, reply, FixedClock())
    grant = Grant("a1", "a@example.org", Realm.REAL, TOKEN, "vivid-river", DEVICE)
    request = ChatRequest("m", (Turn.of(Role.USER, "Hi"),), thinking=Thinking(effort=effort))
    async for _ in provider.chat(request, model, grant, "https://h"):
        pass
    (call,) = reply.calls
    assert ("anthropic-beta" in dict(call.headers)) is beta
    assert json.loads(call.body)["userAgent"] == "antigravity"
