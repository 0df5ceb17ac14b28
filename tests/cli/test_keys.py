"""`agtui keys`: the local key, and those of clients."""

from __future__ import annotations

import json
import time
from datetime import datetime

import pytest

from core.cli.exits import Exit
from core.cli.expiry import expiry
from core.domain.keys import KeyState
from tests.tui.fake_services import FakeServices

from .conftest import Run


def test_the_text_of_a_key_is_data_and_the_rest_is_words(run: Run) -> None:
    made = run("keys", "create", "ci")
    assert made.exit_code == 0
    assert made.stdout == "sk-agtui-of-ci\n"
    assert "not shown again" in made.stderr
    assert "agtui keys revoke ci" in made.stderr
    assert json.loads(run("keys", "create", "b", "--json").stdout) == {"name": "b", "key": "sk-agtui-of-b"}


def test_the_rules_of_a_key_are_taken_over(run: Run, world: FakeServices) -> None:
    before = time.time()
    rules = (
        "--models",
        "gpt-*, claude-x,gpt-*",
        "--rpm",
        "60",
        "--tokens-per-day",
        "5000",
        "--expires",
        "30d",
    )
    assert run("keys", "create", "ci", *rules).exit_code == 0
    view = world.client_keys["ci"]
    assert (view.models, view.rpm, view.tokens_per_day) == (("gpt-*", "claude-x"), 60, 5000)
    assert view.expires_at is not None
    assert before + 30 * 86_400 <= view.expires_at <= time.time() + 30 * 86_400


@pytest.mark.parametrize(
    "rules",
    [
        ("--rpm", "0"), ("--rpm", "-5"), ("--rpm", "many"), ("--tokens-per-day", "0"),
        ("--models", ""), ("--models", " , "), ("--expires", "soon"), ("--expires", "0d"),
        ("--expires", "2020-01-01"), ("--expires", "2027-13-01"), ("--expires", "99999-01-01"),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_make_no_key(run: Run, world: FakeServices, rules: tuple[str, ...]) -> None:
    refused = run("keys", "create", "ci", *rules)
    assert refused.exit_code == Exit.USAGE
    assert rules[0] in refused.stderr
    assert not world.client_keys


def test_a_name_that_is_taken_is_refused(run: Run) -> None:
    assert run("keys", "create", "ci").exit_code == 0
    again = run("keys", "create", "ci")
    assert again.exit_code == Exit.FAILURE
    assert "already" in again.stderr
    assert not again.stdout


def test_a_list_shows_rules_use_and_no_key(run: Run) -> None:
    empty = run("keys", "list")
    assert empty.stdout.splitlines() == ["name\tkey\tstate\tmodels\trequests/min\ttokens/day\texpires"]
    assert "agtui keys create" in empty.stderr
    run("keys", "create", "ci", "--models", "gpt-*,x", "--rpm", "60", "--tokens-per-day", "5000")
    run("keys", "create", "open", "--expires", "2099-01-01")
    shown = run("keys", "list")
    assert [line.split("\t") for line in shown.stdout.splitlines()[1:]] == [
        ["ci", "…tail", "active", "gpt-*, x", "12 of 60", "1,500 of 5,000", "never"],
        ["open", "…tail", "active", "all", "-", "-", "2099-01-01 00:00"],
    ]
    first, second = json.loads(run("keys", "list", "--json").stdout)
    assert first["standing"]["requests"] == {"limit": 60, "used": 12, "reset": 5.0}
    assert second["models"] == []
    assert "sha256" not in first


def test_revoking_needs_no_second_thought(run: Run, world: FakeServices) -> None:
    run("keys", "create", "ci")
    revoked = run("keys", "revoke", "ci")
    assert (revoked.exit_code, revoked.stdout) == (0, "")
    assert "`ci`" in revoked.stderr
    assert world.client_keys["ci"].state is KeyState.REVOKED
    assert "revoked" in run("keys", "list").stdout
    assert json.loads(run("keys", "revoke", "ci", "--json").stdout)["state"] == "revoked"
    assert run("keys", "revoke", "nobody").exit_code == Exit.FAILURE


def test_a_span_counts_from_now_and_a_date_is_its_first_moment() -> None:
    assert expiry("90m", 1000.0) == 1000.0 + 5400
    assert expiry("12h", 0.0) == 43_200.0
    assert expiry("30D", 0.0) == 30 * 86_400.0
    assert expiry(" 8w ", 0.0) == 56 * 86_400.0
    assert expiry("2027-01-01", 0.0) == datetime(2027, 1, 1).timestamp()
    assert expiry("2027-01-01T10:00+00:00", 0.0) == 1_798_797_600.0
