"""agtui as people run it: processes, signals, ports and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from core.cli.exits import Exit

from .conftest import AGTUI, Programs, until

SLOW = "what is SSH? [[slow]]"


def test_the_version_is_told_without_the_screen_or_the_server(programs: Programs) -> None:
    code = (
        "import sys, core.cli.main as m\n"
        "try: m.main(['--version', '--json'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'textual', 'starlette', 'uvicorn', 'click', 'msgspec', 'httpx', 'sqlalchemy', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=programs.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    facts, heavy = shown.stdout.splitlines()
    assert json.loads(facts).keys() == {"version", "python", "textual", "commit"}
    assert heavy == "[]"


def test_help_imports_no_room(programs: Programs) -> None:
    code = (
        "import sys, core.cli.main as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'textual', 'starlette', 'uvicorn', 'httpx', 'sqlalchemy', 'PIL'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=programs.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert shown.stdout.splitlines()[-1] == "[]"


def test_without_a_terminal_it_is_64(programs: Programs) -> None:
    result = programs.run()
    assert result.returncode == Exit.NO_TERMINAL
    assert "Usage: agtui" in result.stderr
    assert "Traceback" not in result.stderr


def test_one_command_after_the_other_on_the_sandbox(programs: Programs, tmp_path: Path) -> None:
    asked = programs.run("chat", "--sandbox", "what is SSH?")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "SSH" in asked.stdout
    made = programs.run("gen", "--sandbox", "a fox", "--aspect", "16:9", "-o", str(tmp_path / "fox.png"))
    assert made.stdout == f"{tmp_path}/fox.png\n"
    rows = [json.loads(line) for line in programs.run("logs", "--json").stdout.splitlines()]
    assert [(row["door"], row["kind"], row["sandbox"]) for row in rows] == [("cli", "ok", True)] * 2
    assert rows[1]["pictures"] == 1
    purged = programs.run("db", "purge-sandbox", "--yes", "--json")
    assert json.loads(purged.stdout)["rows"] == 2
    assert len(programs.run("logs").stdout.splitlines()) == 1, "only the header"


def test_without_an_account_it_is_69_and_says_what_to_do(programs: Programs) -> None:
    result = programs.run("chat", "hello")
    assert result.returncode == Exit.UNAVAILABLE
    assert "--sandbox" in result.stderr


def test_every_verb_works_beside_a_running_gateway(programs: Programs) -> None:
    process, port = programs.serve("--sandbox")
    key = programs.run("keys", "show").stdout.strip()
    reply = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers={"authorization": f"Bearer {key}"})
    assert reply.status_code == 200
    status = json.loads(programs.run("status", "--json").stdout)
    assert (status["pid"], status["sandbox"]) == (process.pid, "on")
    assert "SSH" in programs.run("chat", "what is SSH?").stdout
    assert programs.run("models", "--json").stdout.startswith("[{")
    assert "ada@sandbox.test" in programs.run("explain", "sandbox-chat").stdout
    added = programs.run("accounts", "add", "--token-stdin", "--json", stdin="1//sandbox-grace\n")
    assert json.loads(added.stdout)["email"] == "grace@sandbox.test"
    listed = json.loads(programs.run("accounts", "list", "--json").stdout)
    assert {view["email"].partition("@")[0] for view in listed} == {"ada", "alan", "grace"}
    assert "listening on" in programs.run("logs", "--lines").stdout
    assert programs.run("doctor").returncode == 0
    assert programs.run("config", "set", "ui.theme", "ansi").returncode == 0
    assert programs.run("config", "get", "ui.theme").stdout == "ansi\n"


def test_a_shell_is_offered_settings_models_and_accounts(programs: Programs) -> None:
    def offered(words: str) -> list[str]:
        asked = programs.run(
            COMP_WORDS=words, COMP_CWORD=str(words.count(" ")), _AGTUI_COMPLETE="bash_complete"
        )
        assert (asked.returncode, asked.stderr) == (0, "")
        return [line.removeprefix("plain,") for line in asked.stdout.split()]

    assert offered("agtui config get server.po") == ["server.port"]
    assert offered("agtui explain sandbox-") == []
    assert not programs.home.exists(), "a completion starts nothing"
    programs.serve("--sandbox")
    assert "sandbox-chat" in offered("agtui explain sandbox-")
    assert "gemini-3-pro-image" in offered("agtui gen --model gemini-3")
    assert offered("agtui accounts disable ad") == ["ada@sandbox.test"]


def test_stop_ends_the_running_gateway(programs: Programs) -> None:
    process, _ = programs.serve("--sandbox")
    result = programs.run("stop")
    assert result.returncode == 0
    assert str(process.pid) in result.stderr
    assert process.wait(10) == 0
    assert programs.run("status").returncode == Exit.UNAVAILABLE


def test_a_second_owner_is_75_and_names_the_first(programs: Programs) -> None:
    process, port = programs.serve("--sandbox")
    second = programs.run("serve", "--sandbox", "--port", str(port + 1))
    assert second.returncode == Exit.BUSY
    assert f"process {process.pid}" in second.stderr
    assert f":{port}" in second.stderr
    assert process.poll() is None


def test_a_taken_port_is_75_and_names_who_has_it(programs: Programs) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = programs.run("serve", "--sandbox", "--port", str(port))
    assert result.returncode == Exit.BUSY
    assert f"pid {os.getpid()}" in result.stderr
    free = re.search(r"Port (\d+) is free. Use it: (agtui serve --sandbox --port \1)\n", result.stderr)
    assert free is not None


def test_broken_settings_are_78_with_file_and_line(programs: Programs) -> None:
    programs.home.mkdir(mode=0o700)
    (programs.home / "config.toml").write_text("\n[server]\nport = true\n")
    (programs.home / "config.toml").chmod(0o600)
    for arguments in (("serve", "--sandbox"), ("chat", "--sandbox", "hi"), ("config", "show")):
        result = programs.run(*arguments)
        assert result.returncode == Exit.CONFIG
        assert "config.toml, line 3" in result.stderr
    found = programs.run("doctor", "--json")
    assert found.returncode == Exit.FAILURE
    assert [finding["check"] for finding in json.loads(found.stdout) if finding["level"] == "bad"] == [
        "settings"
    ]


@pytest.mark.parametrize("key", ["secret", "sk-your-api-key-here-0123456789abcdef"])
def test_beyond_loopback_a_weak_key_is_78(programs: Programs, key: str) -> None:
    result = programs.run("serve", "--sandbox", "--host", "0.0.0.0", "--port", "0", AGTUI_API_KEY=key)
    assert result.returncode == Exit.CONFIG
    assert key not in result.stderr
    assert "strong key" in result.stderr


def test_an_upstream_that_refuses_is_69(programs: Programs) -> None:
    result = programs.run("chat", "--sandbox", "hello [[error 503]]")
    assert result.returncode == Exit.UNAVAILABLE
    assert result.stderr.startswith("agtui: ")
    (row,) = [json.loads(line) for line in programs.run("logs", "--errors", "--json").stdout.splitlines()]
    assert len(row["attempts"]) >= 1


def test_an_account_without_acknowledgement_is_77(programs: Programs) -> None:
    result = programs.run("accounts", "add", "--token-stdin", stdin="1//real\n")
    assert result.returncode == Exit.NOT_PERMITTED
    assert "1//real" not in result.stdout + result.stderr


def test_the_sandbox_is_never_exchanged_for_real_accounts(programs: Programs) -> None:
    programs.serve()
    result = programs.run("chat", "--sandbox", "hello")
    assert result.returncode == Exit.BUSY
    assert "--home" in result.stderr


def test_a_broken_accounts_file_is_said_by_every_verb(programs: Programs) -> None:
    programs.home.mkdir(mode=0o700)
    (programs.home / "accounts.json").write_text("garbage{")
    for arguments in (("accounts", "list"), ("models",), ("config", "show")):
        result = programs.run(*arguments)
        assert result.returncode == 0
        (kept,) = programs.home.glob("accounts.json.bad-*")
        assert f"kept as {kept}" in result.stderr
        assert "No accounts yet" not in result.stderr


@pytest.mark.parametrize("arguments", [("logs",), ("chat", "--sandbox", "-q", "hello"), ("db", "rebuild")])
def test_a_broken_database_is_said_once_by_who_meets_it(
    programs: Programs, arguments: tuple[str, ...]
) -> None:
    programs.home.mkdir(mode=0o700)
    (programs.home / "records.db").write_text("garbage{" * 20)
    result = programs.run(*arguments)
    assert result.returncode == 0
    (kept,) = programs.home.glob("records.db.bad-*")
    assert result.stderr.count(f"It was kept as {kept}") == 1
    assert "damaged" not in programs.run(*arguments).stderr


def test_a_broken_accounts_file_is_in_the_log(programs: Programs) -> None:
    programs.home.mkdir(mode=0o700)
    (programs.home / "accounts.json").write_text("garbage{")
    programs.serve("--sandbox")
    assert "no copy of it is good" in programs.run("logs", "--lines", "--errors").stdout


def test_a_place_that_cannot_be_written_is_78_without_a_traceback(programs: Programs) -> None:
    (programs.home / "owner.lock").mkdir(parents=True)
    programs.home.chmod(0o700)
    result = programs.run("models")
    assert result.returncode == Exit.CONFIG
    assert result.stderr.startswith(f"agtui: {programs.home} can't be written")
    found = programs.run("doctor")
    assert found.returncode == Exit.FAILURE
    assert "agtui stop" not in found.stdout


def test_doctor_looks_at_the_port_that_the_running_gateway_has(programs: Programs) -> None:
    _, port = programs.serve("--sandbox")
    assert f"The gateway listens on port {port}." in programs.run("doctor").stdout


def test_following_ends_with_69_and_words_when_the_other_ends(programs: Programs) -> None:
    programs.serve("--sandbox")
    assert programs.run("chat", "hello").returncode == 0
    following = programs.start("logs", "-f"), programs.start("logs", "-f", "--lines")
    for process in following:
        assert process.stdout is not None
        assert process.stdout.readline()
    assert programs.run("stop").returncode == 0
    for process in following:
        assert process.wait(10) == Exit.UNAVAILABLE
        assert "has ended" in process.communicate()[1]


def test_doctor_names_a_directory_that_others_may_read(programs: Programs) -> None:
    programs.home.mkdir(mode=0o700)
    programs.home.chmod(0o755)
    result = programs.run("doctor")
    assert result.returncode == Exit.FAILURE
    assert f"chmod 700 {programs.home}" in result.stdout


def test_ctrl_c_keeps_what_arrived_and_is_130(programs: Programs) -> None:
    for beside in (False, True):
        if beside:
            programs.serve("--sandbox")
        process = programs.start("chat", "--sandbox", SLOW)
        assert process.stdout is not None
        first = process.stdout.read(20)
        process.send_signal(signal.SIGINT)
        rest, words = process.communicate(timeout=10)
        assert process.returncode == Exit.INTERRUPTED
        assert len(first) == 20
        assert (first + rest).endswith("\n")
        assert "Traceback" not in words
    (row,) = [json.loads(line) for line in programs.run("logs", "--json", "--limit", "1").stdout.splitlines()]
    assert row["kind"] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_open_streams_finish_and_is_0(programs: Programs, number: int) -> None:
    process, port = programs.serve("--sandbox", AGTUI_SERVER__DRAIN_S="0.5")
    key = programs.run("keys", "show").stdout.strip()
    body = {"model": "sandbox-chat", "stream": True, "messages": [{"role": "user", "content": SLOW}]}
    headers = {"authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=15) as reply:
        lines = reply.iter_lines()
        assert next(lines).startswith("data: ")
        process.send_signal(number)
        ending = [line for line in lines if line][-1]
    assert "being stopped" in ending
    assert process.wait(10) == 0
    assert not (programs.home / "server.json").exists()


def test_a_second_signal_ends_at_once(programs: Programs) -> None:
    process, _ = programs.serve("--sandbox")
    chat = programs.start("chat", "--sandbox", SLOW)
    assert chat.stdout is not None
    chat.stdout.read(10)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    until(lambda: "finishing open streams" in ((process.stderr and process.stderr.readline()) or ""))
    process.send_signal(signal.SIGTERM)
    assert process.wait(2) == 128 + signal.SIGTERM
    # Its client is told, and the next owner is not kept from starting.
    assert chat.wait(10) == Exit.UNAVAILABLE
    assert programs.run("keys", "show").returncode == 0


def test_a_signal_to_the_process_and_to_its_group_is_one_wish(programs: Programs) -> None:
    process, _ = programs.serve("--sandbox")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 0
    assert not (programs.home / "server.json").exists()
    assert not (programs.home / "owner.sock").exists()


def test_the_url_of_a_gateway_for_everybody_can_be_asked(programs: Programs) -> None:
    process = programs.start("serve", "--sandbox", "--host", "0.0.0.0", "--port", "0")
    assert process.stderr is not None
    until(lambda: "the key they need" in ((process.stderr and process.stderr.readline()) or ""))
    status = json.loads(programs.run("status", "--json").stdout)
    (gateway,) = [door for door in status["listeners"] if door["name"] == "gateway"]
    assert (gateway["host"], gateway["url"]) == ("0.0.0.0", f"http://127.0.0.1:{gateway['port']}")
    assert httpx.get(f"{gateway['url']}/health", trust_env=False).status_code == 200


def test_following_the_log_shows_what_comes(programs: Programs) -> None:
    programs.serve("--sandbox")
    assert programs.run("chat", "before").returncode == 0
    following = programs.start("logs", "-f", "--json")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["kind"] == "ok"
    assert programs.run("chat", "hello [[error 400]]").returncode != 0
    assert json.loads(following.stdout.readline())["kind"] != "ok"
    following.send_signal(signal.SIGINT)
    assert following.wait(10) == Exit.INTERRUPTED


def test_a_reader_that_goes_away_is_no_traceback(programs: Programs) -> None:
    process = programs.start("chat", "--sandbox", SLOW)
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(15) == Exit.FAILURE
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


def test_python_m_core_is_the_same_program(programs: Programs) -> None:
    shown = subprocess.run(
        [AGTUI[0], "-P", "-m", "core", "--version"],
        env=programs.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert shown.stdout.startswith("agtui ")
