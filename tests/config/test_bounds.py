"""Settings that are numbers have limits, and secrets are typed as such."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Meta

from core.config.fields import Field, fields_in
from core.config.load import load
from core.config.settings import SECTIONS
from core.domain.failure import GatewayError
from core.domain.secret import Secret
from core.providers import PROVIDERS

PROVIDER_SECTIONS = {name: entry.settings for name, entry in PROVIDERS.items()}
FIELDS = fields_in(SECTIONS | PROVIDER_SECTIONS)
NUMBERS = [field for field in FIELDS.values() if field.kind == "number"]


def limits(field: Field) -> Meta:
    return next(note for note in field.type.__metadata__ if isinstance(note, Meta))


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_every_number_has_limits_that_are_said_and_kept(field: Field) -> None:
    meta = limits(field)
    assert meta.ge is not None
    assert meta.le is not None
    assert field.read(str(field.default), loose=True) == field.default
    assert f"from {meta.ge:g} to {meta.le:g}" in field.expected
    for outside in (str(int(meta.ge) - 1), str(int(meta.le) + 1), "inf", "-inf", "nan"):
        with pytest.raises(ValueError, match="number"):
            field.read(outside, loose=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gateway.attempts", "50"),
        ("gateway.per_account", "0"),
        ("server.max_body_mb", "-1"),
        ("server.heartbeat_s", "0"),
        ("antigravity.idle_timeout_s", "nan"),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    section, key = name.split(".")
    file = tmp_path / "config.toml"
    file.write_text(f"[{section}]\n{key} = {value}\n")
    for source in (
        lambda: load(file, {}, providers=PROVIDER_SECTIONS),
        lambda: from_env(tmp_path, name, value),
    ):
        with pytest.raises(GatewayError) as caught:
            source()
        assert name in caught.value.failure.public_message
        assert "number from" in caught.value.failure.public_message


def from_env(home: Path, name: str, value: str) -> None:
    variable = "AGTUI_" + name.replace(".", "__").upper()
    load(home / "none.toml", {variable: value}, providers=PROVIDER_SECTIONS)


@pytest.mark.parametrize("name", ["antigravity.client_secret", "records.database_url"])
def test_a_secret_setting_can_not_be_printed(tmp_path: Path, name: str) -> None:
    field = FIELDS[name]
    config = load(tmp_path / "config.toml", {field.env[-1]: "hush-hush"}, providers=PROVIDER_SECTIONS)
    assert config.value(name) == Secret("hush-hush")
    assert "hush" not in repr(config.section(field.section, (SECTIONS | PROVIDER_SECTIONS)[field.section]))
    assert all(isinstance(one.default, Secret) for one in FIELDS.values() if one.secret)
