"""What is known of a model: the user's own table, live lists, the built-in table, the name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.config.load import load
from core.domain.accounts import Realm
from core.domain.content import Role, Turn
from core.domain.failure import GatewayError
from core.domain.ports import Grant
from core.domain.requests import ChatRequest, Sampling, Thinking
from core.domain.secret import Secret
from core.providers.antigravity.client import AntigravityProvider
from core.providers.antigravity.known import Models
from core.providers.antigravity.settings import AntigravitySettings, OwnModel

from .test_client import DEVICE, FixedClock, OneReply, event

GRANT = Grant("a1", "a@example.org", Realm.REAL, Secret("ya29.secret"), "vivid-river", DEVICE)
LIVE = {
    "models": {
        "gemini-3-flash": {"displayName": "Flash", "maxOutputTokens": 5_000, "maxTokens": 60_000},
        "gpt-oss-120b-medium": {"displayName": "OSS", "supportsThinking": False},
        "claude-sonnet-4-6": {"displayName": "Sonnet", "supportsThinking": False},
        "gemini-pro-agent": {"displayName": "Agent"},
    },
    "deprecatedModelIds": {"gemini-3-pro-old": {"newModelId": "gemini-pro-agent"}},
}


class Upstream(OneReply):
    """Answers chats with a word and metadata calls with LIVE."""

    def __init__(self) -> None:
        super().__init__(event("Hello", "STOP"))

    async def read(self, call: Any, limit: int = 0) -> Any:
        self.calls.append(call)
        return 200, {}, json.dumps(LIVE).encode()


async def config_sent(upstream: Upstream, provider: AntigravityProvider, model: str, **fields: Any) -> Any:
    request = ChatRequest(model, (Turn.of(Role.USER, "Hi"),), **fields)
    async for _ in provider.chat(request, provider.resolve(model), GRANT, "https://h"):
        pass
    return json.loads(upstream.calls[-1].body)["request"].get("generationConfig", {})


def provider(upstream: Upstream, **own: OwnModel) -> AntigravityProvider:
    rows = {name.replace("__", ".").replace("_", "-"): row for name, row in own.items()}
    settings = AntigravitySettings(models=rows)
    return AntigravityProvider(lambda: settings, upstream, FixedClock())


async def test_limits_and_thinking_of_a_live_list_are_kept_to() -> None:
    upstream = Upstream()
    mine = provider(upstream)
    high = Thinking("high")
    assert "thinkingConfig" in await config_sent(upstream, mine, "claude-sonnet-4-6", thinking=high)
    await mine.catalogue(GRANT, "https://h")
    limit = Sampling(max_output_tokens=40_000)
    assert (await config_sent(upstream, mine, "gemini-3-flash", sampling=limit))["maxOutputTokens"] == 5_000
    assert "thinkingConfig" not in await config_sent(upstream, mine, "claude-sonnet-4-6", thinking=high)


async def test_a_row_of_ones_own_wins_over_the_live_list_and_adds_models() -> None:
    upstream = Upstream()
    mine = provider(
        upstream,
        gemini_3_flash=OwnModel(max_output=70_000, budget=(0, 900)),
        house_model=OwnModel(family="claude", label="House"),
    )
    got = await mine.catalogue(GRANT, "https://h")
    shown = {model.id: model for model in got.models}
    assert (shown["gemini-3-flash"].max_output, shown["gemini-3-flash"].context) == (70_000, 60_000)
    assert (shown["house-model"].label, shown["house-model"].family) == ("House", "claude")
    sent = await config_sent(upstream, mine, "gemini-3-flash", thinking=Thinking("high"))
    assert sent["thinkingConfig"] == {"thinkingBudget": 900, "includeThoughts": True}
    sent = await config_sent(upstream, mine, "house-model", sampling=Sampling(max_output_tokens=9))
    assert (sent["maxOutputTokens"], "thinkingConfig" in sent) == (9, False)


async def test_effort_may_stand_in_the_name() -> None:
    upstream = Upstream()
    sent = await config_sent(upstream, provider(upstream), "gemini-3-flash-low")
    assert sent["thinkingConfig"]["thinkingLevel"] == "low"


async def test_a_catalogue_leads_from_what_was_retired_or_is_lacking_to_what_is_there() -> None:
    got = await provider(Upstream()).catalogue(GRANT, "https://h")
    assert got.retired == {"gemini-3-pro-old": "gemini-pro-agent"}
    assert got.aliases["gemini-3-pro-high"] == "gemini-pro-agent"
    assert "gemini-3-flash" not in got.aliases


def test_the_newest_models_are_offered_only_by_live_lists_and_by_ones_own_table() -> None:
    ids = {model.id for model in Models({}).listed(sandbox=False)}
    assert {"gemini-3-pro-high", "gemini-3-pro-image", "gemini-3.1-flash-image"} <= ids
    assert "gemini-pro-agent" not in ids
    assert "sandbox-chat" not in ids
    own = Models({"gemini-pro-agent": OwnModel()}).listed(sandbox=True)
    assert {"gemini-pro-agent", "sandbox-chat"} <= {model.id for model in own}


OWN = """
[antigravity.models."gemini-9-pro"]
family = "gemini-pro"
levels = ["low", "high"]
context = 2_000_000
"""


WRONG = """
[antigravity.models."gemini-9-pro"]
family = "gemini-pro"
"""


def settings(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> AntigravitySettings:
    file = tmp_path / "config.toml"
    file.write_text(text)
    config = load(file, env or {}, None, {"antigravity": AntigravitySettings})
    return config.section("antigravity", AntigravitySettings)


def test_the_own_table_stands_in_the_settings_file(tmp_path: Path) -> None:
    row = settings(tmp_path, OWN).models["gemini-9-pro"]
    assert (row.family, row.levels, row.context, row.budget) == (
        "gemini-pro",
        ("low", "high"),
        2_000_000,
        None,
    )


def test_the_own_table_may_come_from_the_environment(tmp_path: Path) -> None:
    env = {"AGTUI_ANTIGRAVITY__MODELS": '{"x": {"max_output": 7}}'}
    assert settings(tmp_path, OWN, env).models == {"x": OwnModel(max_output=7)}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("contxt = 5", "contxt"),
        ("levels = ['huge']", "levels"),
        ("context = 'many'", "context"),
        ("max_output = 0", "max_output"),
    ],
)
def test_a_wrong_row_is_refused_by_file_line_model_and_field(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(GatewayError) as caught:
        settings(tmp_path, WRONG + line)
    told = caught.value.failure.public_message
    assert f"{tmp_path / 'config.toml'}, line 2" in told
    assert "gemini-9-pro" in told
    assert says in told
