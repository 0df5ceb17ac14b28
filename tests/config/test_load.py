"""Settings: where a value comes from, and what is said of one that can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from core.config.load import Config, load
from core.config.settings import ServerSettings, doc
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.secret import Secret


class Upstream(Struct, frozen=True, kw_only=True):
    """A provider's own settings."""

    endpoints: Annotated[tuple[str, ...], doc("Hosts, in order.")] = ("https://one.test",)
    client_secret: Annotated[Secret, doc("The client secret.", env=["UPSTREAM_SECRET"])] = Secret("")
    retries: Annotated[int, Meta(ge=0, le=5, description="How often to try.")] = 2
    project: Annotated[str | None, doc("A project.")] = None


def read(tmp_path: Path, toml: str = "", env: dict[str, str] | None = None, **flags: object) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(toml)
    named = {name.replace("__", "."): value for name, value in flags.items()}
    return load(file, env or {}, named, {"upstream": Upstream})


def refusal(tmp_path: Path, toml: str = "", env: dict[str, str] | None = None, **flags: object) -> str:
    with pytest.raises(GatewayError) as refused:
        read(tmp_path, toml, env, **flags)
    failure = refused.value.failure
    assert (failure.kind, failure.cause) == (Kind.BAD_REQUEST, Cause.CONFIG)
    return failure.public_message


def test_without_a_file_everything_is_its_default(tmp_path: Path) -> None:
    config = load(tmp_path / "none.toml", {})
    assert config.section("server", ServerSettings) == ServerSettings()
    assert config.origin("server.port") == "default"
    assert not (tmp_path / "none.toml").exists()


def test_flags_win_over_the_environment_over_the_file(tmp_path: Path) -> None:
    toml = "[server]\nport = 1\nhost = 'file'\nheader_timeout_s = 1\n"
    env = {"AGTUI_SERVER__PORT": "2", "AGTUI_SERVER__HOST": "env"}
    config = read(tmp_path, toml, env, server__port=3, server__drain_s=None)
    server = config.section("server", ServerSettings)
    assert (server.port, server.host, server.header_timeout_s, server.drain_s) == (3, "env", 1.0, 30.0)
    names = ("port", "host", "header_timeout_s", "drain_s")
    assert [config.origin(f"server.{name}") for name in names] == ["flag", "environment", "file", "default"]
    assert config.source("server.host") == "AGTUI_SERVER__HOST"


def test_environment_texts_become_the_type_of_the_setting(tmp_path: Path) -> None:
    env = {
        "AGTUI_UPSTREAM__ENDPOINTS": "https://a.test, https://b.test,",
        "AGTUI_UPSTREAM__RETRIES": " 5 ",
        "AGTUI_UI__MOUSE": "off",
        "AGTUI_SERVER__DRAIN_S": "2.5",
        "AGTUI_SERVER__HOST": "",
    }
    config = read(tmp_path, env=env)
    upstream = config.section("upstream", Upstream)
    assert upstream.endpoints == ("https://a.test", "https://b.test")
    assert upstream.retries == 5
    assert config.value("ui.mouse") is False
    assert config.value("server.drain_s") == 2.5
    assert config.origin("server.host") == "default"


def test_other_programs_names_are_read_after_ours(tmp_path: Path) -> None:
    env = {"UPSTREAM_SECRET": "theirs"}
    assert read(tmp_path, env=env).section("upstream", Upstream).client_secret == Secret("theirs")
    env["AGTUI_UPSTREAM__CLIENT_SECRET"] = "ours"
    assert read(tmp_path, env=env).section("upstream", Upstream).client_secret == Secret("ours")
    url = {"AGTUI_DATABASE_URL": "postgresql://x"}
    assert read(tmp_path, env=url).value("records.database_url") == Secret("postgresql://x")


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("[server]\nport = 1\nhost = 'unclosed\n", 3),
        ("[server]\nport = \n", 2),
        ("[server\n", 1),
        ("[server]\nport = 1\nport = 2\n", 3),
        ("[server]\nhost = '''never closed\nand on", 3),
        ("a = 1\n\n\nb = [1, 2", 4),
    ],
)
def test_broken_toml_names_file_and_line_and_is_left_alone(tmp_path: Path, toml: str, line: int) -> None:
    said = refusal(tmp_path, toml)
    assert f"{tmp_path / 'config.toml'}, line {line}:" in said
    assert (tmp_path / "config.toml").read_text() == toml


def test_bytes_that_are_no_text_name_their_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"[server]\nport = 1\nhost = '\xff'\n")
    with pytest.raises(GatewayError) as refused:
        load(tmp_path / "config.toml", {})
    assert "line 3: expected UTF-8" in refused.value.failure.public_message


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("# first\n[server]\nport = 'eight'\n", "line 3: server.port must be a whole number from 0 to"),
        ("server.port = 1.5\n", "line 1: server.port must be a whole number from 0 to 65535."),
        ("[server]\n\nauth_mode = 'open'", "line 3: server.auth_mode must be one of off, strict"),
        ("[ui]\nmouse = 1", "line 2: ui.mouse must be true or false."),
        ("[upstream]\nendpoints = 'https://x'", "line 2: upstream.endpoints must be a list of texts"),
        ("[upstream]\nretries = 6", "line 2: upstream.retries must be a whole number from 0 to 5."),
        ("server = 3", "line 1: expected a table [server]."),
        ("[aliases]\nfast = 3", "line 2: aliases.fast must be a text."),
        ("[keys]\nquit = [1]", "line 2: keys.quit must be a text or a list of texts."),
    ],
)
def test_a_wrong_value_names_line_key_and_what_is_expected(tmp_path: Path, toml: str, said: str) -> None:
    assert said in refusal(tmp_path, toml)


def test_a_wrong_variable_or_flag_is_named(tmp_path: Path) -> None:
    assert "AGTUI_SERVER__PORT server.port must be a whole number" in refusal(
        tmp_path, env={"AGTUI_SERVER__PORT": "http"}
    )
    assert "flag for server.port" in refusal(tmp_path, server__port="x")


def test_unknown_names_warn_with_the_nearest_known_one(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[server]\nprot = 1\n[gatway]\nattempts = 1\n",
        {"AGTUI_SERVER__PROT": "1", "AGTUI_HOME": "x", "AGTUI_API_KEY": "y"},
    )
    assert config.value("server.port") == 8045
    file, gateway, env = config.notices
    assert "line 2: unknown setting server.prot. Did you mean server.port?" in file
    assert "line 3: unknown section gatway. Did you mean gateway?" in gateway
    assert env == "The environment: unknown setting AGTUI_SERVER__PROT. Did you mean AGTUI_SERVER__PORT?"


def test_one_underscore_where_two_belong_is_noticed(tmp_path: Path) -> None:
    config = read(tmp_path, "", {"AGTUI_SERVER_PORT": "1", "AGTUI_HOME": "x", "AGTUI_BENCH_TOOLS": "y"})
    assert config.notices == (
        "The environment: unknown setting AGTUI_SERVER_PORT. Did you mean AGTUI_SERVER__PORT?",
    )


def test_key_map_and_aliases_are_tables_with_free_names(tmp_path: Path) -> None:
    config = read(
        tmp_path, "[keys]\nquit = 'ctrl+q'\nsend = ['enter', 'ctrl+j']\n[aliases]\nfast = 'gemini-3-flash'\n"
    )
    assert config.keys == {"quit": "ctrl+q", "send": ("enter", "ctrl+j")}
    assert config.aliases == {"fast": "gemini-3-flash"}
    assert config.notices == ()


def test_no_secret_appears_in_errors_notices_or_repr(tmp_path: Path) -> None:
    canary = "CANARY-4711"
    said = [
        refusal(tmp_path, f"[upstream]\nclient_secret = '{canary}\n"),
        refusal(tmp_path, f"[upstream]\nclient_secret = {canary}\n"),
        refusal(tmp_path, f"[upstream]\nclient_secret = ['{canary}']\n"),
        refusal(tmp_path, f"[upstream]\nclient_secret = 'a'{canary}\n"),
        refusal(tmp_path, env={"AGTUI_UPSTREAM__RETRIES": canary}),
    ]
    config = read(tmp_path, f"[upstream]\nclient_secret = '{canary}'\nclient_secert = '{canary}'\n")
    said += [repr(config), repr(config.section("upstream", Upstream)), *config.notices]
    said.append(config.fields["upstream.client_secret"].show(config.value("upstream.client_secret")))
    assert not [text for text in said if canary in text]
    assert config.section("upstream", Upstream).client_secret.reveal() == canary
