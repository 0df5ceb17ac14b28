"""What doctor says of broken homes, and that each cure it offers cures."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.findings import Finding

from .conftest import AGTUI, Programs, until

Break = Callable[[Path], object]


def findings(programs: Programs, **env: str) -> list[Finding]:
    return [Finding(**found) for found in json.loads(programs.run("doctor", "--json", **env).stdout)]


def cure(programs: Programs, command: str, tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run what doctor proposed, as a person would paste it."""
    bin_ = tmp_path / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "agtui").write_text(f'#!/bin/sh\nexec {shlex.join(AGTUI)} "$@"\n')
    (bin_ / "agtui").chmod(0o755)
    return subprocess.run(
        ["sh", "-c", command],
        env=programs.env | {"PATH": f"{bin_}:{os.environ['PATH']}"} | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def write(name: str, text: str, mode: int = 0o600) -> Break:
    def broken(home: Path) -> None:
        (home / name).write_text(text)
        (home / name).chmod(mode)

    return broken


def open_wide(home: Path) -> None:
    home.chmod(0o755)


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("permissions", open_wide),
        ("permissions", write("config.toml", "", 0o644)),
        ("database", write("records.db", "garbage{" * 20)),
        ("database", write("records.db.bad-1", "garbage{")),
        ("notices", write("accounts.json", "garbage{")),
        ("notices", write("api.key", "")),
        ("key", write("api.key", "secret-secret")),
        ("settings", write("config.toml", "[server\n")),
        ("settings", write("config.toml", "[sever]\nport = 1\n")),
    ],
)
@pytest.mark.timeout(60)
def test_what_doctor_finds_its_cure_cures(
    programs: Programs, tmp_path: Path, check: str, broken: Break
) -> None:
    home = programs.home = tmp_path / "a home"
    home.mkdir(mode=0o700)
    broken(home)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\n: > "$1"\n')
    editor.chmod(0o755)
    seen = 0
    while found := [one for one in findings(programs) if one.check == check and one.level != "ok"]:
        seen += 1
        assert seen < 4, found
        for one in found:
            assert one.fix, one
            done = cure(programs, one.fix, tmp_path, EDITOR=str(editor))
            assert done.returncode == 0, (one.fix, done.stderr)
    assert seen


@pytest.mark.parametrize("below", ["", "below"])
def test_a_home_that_is_a_file_is_left_alone_and_another_one_offered(
    programs: Programs, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("somebody's")
    programs.home = tmp_path / "file" / below
    (found,) = [one for one in findings(programs) if one.check == "permissions"]
    assert found.what == f"{tmp_path / 'file'} is not a directory."
    assert found.fix == 'export AGTUI_HOME="$HOME/.agtui"'


def test_a_variable_that_is_no_setting_is_unset(programs: Programs) -> None:
    (found,) = [one for one in findings(programs, AGTUI_SERVER_PORT="1") if one.check == "settings"][1:]
    assert found.fix == "unset AGTUI_SERVER_PORT"


def test_a_taken_port_is_answered_with_one_that_is_free(programs: Programs, tmp_path: Path) -> None:
    programs.run("keys", "show")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = {"AGTUI_SERVER__PORT": str(port)}
        (found,) = [one for one in findings(programs, **env) if one.check == "port"]
        assert found.level == "bad"
        words = found.fix.split()
        assert words[:3] == ["agtui", "serve", "--port"]
        _process, at = programs.start(*words[1:]), int(words[3])
        until(lambda: json.loads(programs.run("status", "--json").stdout or "{}").get("listeners"))
        assert json.loads(programs.run("status", "--json").stdout)["listeners"][0]["port"] == at


@pytest.mark.timeout(60)
def test_an_owner_that_hangs_is_ended(programs: Programs, tmp_path: Path) -> None:
    process, _ = programs.serve("--sandbox")
    process.send_signal(signal.SIGSTOP)
    (found,) = [one for one in findings(programs) if one.check == "owner"]
    assert found.level == "bad"
    assert found.fix == f"kill {process.pid}"
    assert cure(programs, found.fix, tmp_path).returncode == 0
    process.send_signal(signal.SIGCONT)
    process.wait(10)
    assert [one.level for one in findings(programs) if one.check == "owner"] == ["ok"]


def test_no_account_is_answered_with_what_works(programs: Programs) -> None:
    programs.run("keys", "show")
    (found,) = [one for one in findings(programs) if one.check == "accounts"]
    assert found.fix == "agtui --sandbox"
    assert "ANTIGRAVITY_CLIENT_ID" in found.why
    (found,) = [one for one in findings(programs, ANTIGRAVITY_CLIENT_ID="x") if one.check == "accounts"]
    assert found.fix == "agtui accounts login"
