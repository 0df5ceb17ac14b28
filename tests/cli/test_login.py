"""`agtui accounts login` over fixed services."""

from __future__ import annotations

import json

import pytest

from core.cli import login as login_module
from core.cli.exits import Exit
from core.cli.login import headless
from core.domain.failure import Cause, Failure, Kind
from tests.tui.fake_services import LINK, FakeServices

from .conftest import Run

NEEDED = Failure(Kind.FORBIDDEN, "Acknowledge it first.", params={"code": "ACKNOWLEDGEMENT_REQUIRED"})


@pytest.mark.parametrize(
    ("env", "system", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
        ({}, "linux", True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "a b c d"}, "linux", True),
        ({}, "darwin", False),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", True),
        ({"CODESPACES": "true", "DISPLAY": ":0"}, "linux", True),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    env: dict[str, str], system: str, expected: bool
) -> None:
    assert headless(env, system) is expected


def test_the_link_is_printed_whole_and_a_paste_signs_in(run: Run, world: FakeServices) -> None:
    result = run("accounts", "login", "--no-browser", "--hint", "g@x.test", stdin="\nhello\ncode-of-grace\n")
    assert result.exit_code == 0, result.stderr
    assert f"\n{LINK}\n" in result.stderr
    assert "ssh -L 51121:localhost:51121" in result.stderr
    assert '"cannot connect"' in result.stderr
    assert "There is no code in that address yet." in result.stderr
    assert "grace@sandbox.test is ready." in result.stderr
    assert result.stdout == ""
    assert world.hints == ["g@x.test"]


def test_json_gives_the_account(run: Run) -> None:
    result = run("accounts", "login", "--no-browser", "--json", stdin="code-of-grace")
    assert json.loads(result.stdout)["email"] == "grace@sandbox.test"


def test_a_browser_is_opened_with_the_link_where_there_is_a_display(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Browser:
        def open(self, url: str) -> bool:
            opened.append(url)
            return True

    monkeypatch.setattr(login_module.webbrowser, "get", Browser)
    for name in login_module.ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    assert run("accounts", "login", stdin="code-of-grace\n", DISPLAY=":0").exit_code == 0
    assert opened == [LINK]
    assert run("accounts", "login", "--no-browser", stdin="code-of-grace\n", DISPLAY=":0").exit_code == 0
    assert opened == [LINK]


def test_a_sign_in_that_failed_says_why(run: Run) -> None:
    result = run("accounts", "login", "--no-browser", stdin="?error=access_denied\n")
    assert result.exit_code == Exit.FAILURE
    assert "agtui: It was refused in the browser." in result.stderr


def test_a_missing_client_ends_it_with_the_code_for_settings(run: Run, world: FakeServices) -> None:
    world.fail_next = Failure(Kind.UNAVAILABLE, "Set ANTIGRAVITY_CLIENT_ID.", cause=Cause.CONFIG)
    result = run("accounts", "login")
    assert result.exit_code == Exit.CONFIG
    assert "ANTIGRAVITY_CLIENT_ID" in result.stderr


def test_the_notice_comes_first_and_can_be_acknowledged_on_the_line(run: Run, world: FakeServices) -> None:
    world.fail_next = NEEDED
    refused = run("accounts", "login")
    assert refused.exit_code == Exit.NOT_PERMITTED
    assert "may be restricted or lost" in refused.stderr
    assert world.hints == []
    world.fail_next = NEEDED
    assert run("accounts", "login", "--acknowledge", stdin="code-of-grace\n").exit_code == 0
