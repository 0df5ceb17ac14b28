"""`agtui quota`: what is left, for people and for the next program."""

from __future__ import annotations

import json
import time

import click
import pytest

from core.cli import output, quota
from core.cli.quota import lines
from core.domain.accounts import AccountState, ModelQuota, QuotaWindow
from tests.tui.fake_services import FakeServices, account

from .conftest import Run

RESET = 1_767_983_400.0  # 2026-01-09T18:30:00Z
WINDOWS = (
    QuotaWindow("claude", 0.42, RESET, (ModelQuota("claude-sonnet-4-6", 0.42, RESET), ModelQuota("opus"))),
    QuotaWindow("gemini-pro", 0.0, RESET + 9_000),
    QuotaWindow("gpt-oss"),
)


@pytest.fixture(autouse=True)
def accounts(world: FakeServices) -> None:
    world.pool = [account("ada", quotas=WINDOWS)]


def test_piped_it_is_a_table_of_windows_and_their_models(run: Run) -> None:
    rows = [line.split("\t") for line in run("quota").stdout.splitlines()]
    assert rows == [
        ["account", "window", "model", "left", "resets"],
        ["ada@sandbox.test", "claude", "-", "0.42", "2026-01-09T18:30:00Z"],
        ["ada@sandbox.test", "claude", "claude-sonnet-4-6", "0.42", "2026-01-09T18:30:00Z"],
        ["ada@sandbox.test", "claude", "opus", "-", "-"],
        ["ada@sandbox.test", "gemini-pro", "-", "0", "2026-01-09T21:00:00Z"],
        ["ada@sandbox.test", "gpt-oss", "-", "-", "-"],
    ]


def test_it_asks_the_upstream_each_time(run: Run, world: FakeServices) -> None:
    run("quota")
    run("quota", "ada@sandbox.test", "--json")
    assert world.quota_calls == 2


def test_json_holds_windows_and_models(run: Run) -> None:
    (ada,) = json.loads(run("quota", "--json").stdout)
    assert ada["quotas"][0]["members"][0] == {
        "model": "claude-sonnet-4-6",
        "fraction": 0.42,
        "reset_at": RESET,
    }


def test_an_account_that_is_not_there_is_named(run: Run) -> None:
    result = run("quota", "nobody@x.test")
    assert result.exit_code == 1
    assert "no account nobody@x.test" in result.stderr


def test_without_accounts_it_says_what_to_do(run: Run, world: FakeServices) -> None:
    world.pool = []
    result = run("quota")
    assert result.exit_code == 0
    assert "agtui accounts login" in result.stderr


def said(*, by_model: bool = False, now: float = RESET - 7_860, **changes: object) -> list[str]:
    view = account("ada", **({"quotas": WINDOWS} | changes))
    return [click.unstyle(line) for line in lines(view, by_model, now)]


def test_a_person_sees_a_bar_for_each_window() -> None:
    assert said() == [
        "ada@sandbox.test",
        "  claude      ━━━━······  42%  resets in 2 h 11 m",
        "  gemini-pro  ··········   0%  resets in 4 h 41 m",
        "  gpt-oss     -",
    ]


def test_models_stand_below_their_window() -> None:
    assert said(by_model=True)[1:4] == [
        "  claude               ━━━━······  42%  resets in 2 h 11 m",
        "    claude-sonnet-4-6  ━━━━······  42%  resets in 2 h 11 m",
        "    opus               -",
    ]


def test_what_keeps_numbers_from_coming_is_said() -> None:
    assert said(enabled=False)[0].startswith("ada@sandbox.test  off (checked ")
    refused = said(state=AccountState.NEEDS_LOGIN, quotas=(), quotas_at=None)
    assert refused == ["ada@sandbox.test  needs_login", "  nothing is known of its quota"]
    assert "Google refuses" in said(last_error="Google refuses.")[0]


def test_a_name_from_the_upstream_drives_no_terminal() -> None:
    odd = (QuotaWindow("a\x1b[2Jb\n", 0.5),)
    assert said(quotas=odd)[1] == "  a[2Jb  ━━━━━·····  50%"


def test_on_a_terminal_the_bars_are_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, world: FakeServices
) -> None:
    monkeypatch.setattr(quota, "on_terminal", lambda: True)
    assert output.on_terminal is not quota.on_terminal
    world.pool = [account("ada", quotas=(QuotaWindow("claude", 0.5, time.time() + 600),))]
    assert "━━━━━·····" in run("quota").stdout
