"""Saving a setting: comments stay, bad values don't get in, secrets are masked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.config.load import load
from core.config.service import SettingsService
from core.domain.failure import GatewayError
from core.domain.state import SettingView

from .test_load import Upstream

FILE = """\
# my settings
[server]   # the door
port = 9000      # not the usual one

[aliases]
fast = "gemini-3-flash"
"""


class World:
    def __init__(self, home: Path, env: dict[str, str] | None = None, **flags: object) -> None:
        self.file = home / "config.toml"
        self.published: list[tuple[str, dict[str, object]]] = []
        providers = {"upstream": Upstream}
        named = {name.replace("__", "."): value for name, value in flags.items()}
        config = load(self.file, env or {}, named, providers)
        self.service = SettingsService(config, env or {}, named, providers, self.publish)

    def publish(self, topic: str, **facts: object) -> None:
        self.published.append((topic, facts))

    async def view(self, name: str) -> SettingView:
        return next(view for view in await self.service.list() if view.name == name)


async def test_setting_one_keeps_comments_order_and_spacing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(FILE)
    world = World(tmp_path)
    view = await world.service.set("server.port", "9001")
    assert (view.value, view.origin) == ("9001", "file")
    assert world.file.read_text() == FILE.replace("9000", "9001")
    await world.service.set("ui.mouse", "no")
    assert world.file.read_text().startswith(FILE.replace("9000", "9001"))
    assert world.service.current.value("ui.mouse") is False
    assert world.published[0] == ("settings.changed", {"name": "server.port", "restart": True})


async def test_the_file_is_made_private_when_it_is_not_there(tmp_path: Path) -> None:
    world = World(tmp_path / "new" / "home")
    await world.service.set("upstream.endpoints", "https://a.test, https://b.test")
    assert world.service.current.value("upstream.endpoints") == ("https://a.test", "https://b.test")
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o600
    assert await world.service.path() == str(world.file)


async def test_a_linked_settings_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("# kept elsewhere\n")
    (tmp_path / "config.toml").symlink_to(real)
    await World(tmp_path).service.set("ui.theme", "ansi")
    assert (tmp_path / "config.toml").is_symlink()
    assert real.read_text().startswith("# kept elsewhere\n")
    assert 'theme = "ansi"' in real.read_text()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("server.port", "many", "server.port must be a whole number"),
        ("server.auth_mode", "open", "one of off, strict"),
        ("server.prot", "1", "There is no setting server.prot. Did you mean server.port?"),
    ],
)
async def test_a_bad_value_is_refused_and_the_file_stays(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    (tmp_path / "config.toml").write_text(FILE)
    world = World(tmp_path)
    with pytest.raises(GatewayError) as refused:
        await world.service.set(name, value)
    assert said in refused.value.failure.public_message
    assert world.file.read_text() == FILE
    assert world.published == []


async def test_what_the_environment_sets_can_not_be_set(tmp_path: Path) -> None:
    world = World(tmp_path, {"AGTUI_SERVER__PORT": "1"})
    with pytest.raises(GatewayError) as refused:
        await world.service.set("server.port", "2")
    assert refused.value.failure.params["code"] == "ENV_KEY_IMMUTABLE"
    assert "AGTUI_SERVER__PORT" in refused.value.failure.public_message
    assert not world.file.exists()


async def test_a_flag_wins_for_this_run_and_the_file_keeps_the_value(tmp_path: Path) -> None:
    world = World(tmp_path, server__port=5)
    view = await world.service.set("server.port", "6")
    assert (view.value, view.origin) == ("5", "flag")
    assert "port = 6" in world.file.read_text()


async def test_a_file_that_was_broken_meanwhile_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.file.write_text("[server\n")
    with pytest.raises(GatewayError):
        await world.service.set("server.port", "2")
    assert world.file.read_text() == "[server\n"


async def test_secrets_are_masked_and_facts_are_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.service.set("upstream.client_secret", "CANARY")
    secret, mode = await world.view("upstream.client_secret"), await world.view("server.auth_mode")
    assert (secret.value, secret.default, secret.kind) == ("***", "", "secret")
    assert "CANARY" not in repr(await world.service.list())
    assert mode.choices == ("off", "strict", "all_except_health", "auto")
    assert (mode.env, mode.origin, mode.restart) == ("AGTUI_SERVER__AUTH_MODE", "default", False)
    assert (await world.view("server.host")).restart
    assert (await world.view("server.host")).doc.startswith("Address to listen on.")


ALIASES = """\
[aliases]  # my names
fast = "gemini-3-flash"   # for titles
"gpt-4*" = "gemini-3-pro"

[ui]
mouse = false
"""


async def test_names_for_models_are_changed_together_and_comments_stay(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(ALIASES)
    world = World(tmp_path)
    assert await world.service.aliases() == {"fast": "gemini-3-flash", "gpt-4*": "gemini-3-pro"}
    after = await world.service.change_aliases({"gpt-4*": None, "o3-*": "claude", "claude-3.5": "m1"})
    assert after == {"fast": "gemini-3-flash", "o3-*": "claude", "claude-3.5": "m1"}
    assert world.service.current.aliases == after
    text = world.file.read_text()
    assert text.startswith(ALIASES.split('"gpt')[0])
    assert text.endswith("[ui]\nmouse = false\n")
    assert world.published == [("settings.changed", {"name": "aliases", "restart": False})]


async def test_the_first_name_for_a_model_makes_the_table(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert await world.service.change_aliases({"fast": "m1"}) == {"fast": "m1"}
    assert world.file.read_text() == '[aliases]\nfast = "m1"\n'


@pytest.mark.parametrize("changes", [{"": "m1"}, {"fast": " "}])
async def test_a_name_that_leads_nowhere_is_refused(tmp_path: Path, changes: dict[str, str | None]) -> None:
    world = World(tmp_path)
    with pytest.raises(GatewayError, match="needs a name and the model"):
        await world.service.change_aliases(changes)
    assert not world.file.exists()
