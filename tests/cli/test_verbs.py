from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.cli import accounts, output
from core.cli.exits import Exit, exit_of
from core.cli.output import clean, terminal_size
from core.cli.root import VERBS
from core.domain.accounts import AccountState, Cooldown
from core.domain.failure import Cause, Failure, Kind
from core.domain.plan import Candidate, Plan
from tests.tui.fake_services import (
    ANSWER,
    QUOTA_FAILURE,
    FakeAccounts,
    FakeGeneration,
    FakeOwner,
    FakeServices,
    account,
    sample_picture,
)

from .conftest import Run


def test_every_verb_has_its_help(run: Run) -> None:
    shown = run("--help").stdout
    for verb in VERBS:
        assert verb in shown
        result = run(verb, "--help")
        assert result.exit_code == 0
        assert "Usage: agtui " + verb in result.stdout


def test_a_verb_that_is_unknown_is_a_wrong_command_line(run: Run) -> None:
    assert run("dance").exit_code == Exit.USAGE


def test_without_a_terminal_agtui_shows_help_and_exits_64(run: Run) -> None:
    result = run()
    assert result.exit_code == Exit.NO_TERMINAL
    assert "Usage: agtui" in result.stderr
    assert result.stdout == ""


class TestChat:
    def test_the_answer_goes_to_stdout_and_nothing_else_does(self, run: Run) -> None:
        result = run("chat", "hello")
        assert result.exit_code == 0
        assert result.stdout == ANSWER.rstrip("\n") + "\n"

    def test_json_holds_text_model_and_usage(self, run: Run) -> None:
        said = json.loads(run("chat", "--json", "--model", "sandbox-chat", "hello").stdout)
        assert said["text"] == ANSWER
        assert said["model"] == "sandbox-chat"
        assert said["usage"]["output"] == 180
        assert said["finish"] == "stop"

    def test_what_is_piped_in_is_asked(self, run: Run, world: FakeServices) -> None:
        asked = watch_requests(world)
        assert run("chat", stdin="from a pipe\n").exit_code == 0
        assert run("chat", "sum this up:", stdin="one two").exit_code == 0
        assert run("chat", "before", "-", "after", stdin="middle\n").exit_code == 0
        texts = [request.turns[0].parts[0].text for request in asked]
        assert texts == ["from a pipe", "sum this up:\n\none two", "before\n\nmiddle\n\nafter"]

    def test_the_system_instruction_rides_along(self, run: Run, world: FakeServices) -> None:
        asked = watch_requests(world)
        run("chat", "--system", "Be brief.", "hello")
        assert asked[0].system == ("Be brief.",)

    def test_asking_nothing_is_a_wrong_command_line(self, run: Run) -> None:
        result = run("chat")
        assert result.exit_code == Exit.USAGE
        assert "nothing was asked" in result.stderr

    def test_a_failure_is_one_sentence_and_an_exit_code(self, run: Run, world: FakeServices) -> None:
        world.fail_next = QUOTA_FAILURE
        result = run("chat", "hello")
        assert result.exit_code == Exit.UNAVAILABLE
        assert result.stderr == f"agtui: {QUOTA_FAILURE.public_message}\n"
        assert result.stdout == ""

    def test_without_accounts_it_offers_the_sandbox(
        self, run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_accounts(world, monkeypatch)
        for arguments in (("chat", "hello"), ("gen", "a fox")):
            result = run(*arguments)
            assert result.exit_code == Exit.UNAVAILABLE
            assert "--sandbox" in result.stderr
            assert "agtui accounts login" in result.stderr

    def test_control_characters_reach_a_pipe_but_no_terminal(
        self, run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.answer_text = "a\x1b]52;c;aGk=\x07b\x9b31m\u202ec"
        assert run("chat", "hello").stdout == world.answer_text + "\n"
        monkeypatch.setattr("core.cli.output.on_terminal", lambda: True)
        assert "a]52;c;aGk=b31mc\n" in run("chat", "--quiet", "hello").stdout


class TestShow:
    def test_a_picture_becomes_half_blocks(self, run: Run, tmp_path: Path) -> None:
        sample_picture(tmp_path / "dusk.png", 40, 20)
        result = run("show", "dusk.png", "--ansi", "--width", "20", FORCE_COLOR="1")
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert len(lines) == 5
        assert all(line.count("▀") + line.count("▄") == 20 for line in lines)
        assert "\x1b[38;2;" in result.stdout

    @pytest.mark.parametrize("size", [(24, 24), (80, 24), (200, 50)])
    def test_a_picture_fits_with_its_path_and_the_prompt(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
    ) -> None:
        monkeypatch.setattr("core.cli.show.terminal_size", lambda: size)
        for shape in ((30, 90), (90, 30), (40, 40)):
            sample_picture(tmp_path / "dusk.png", *shape)
            shown = run("show", "dusk.png", "--ansi").stdout.splitlines()
            assert 4 <= len(shown) <= size[1] - 5
            assert max(line.count("▀") + line.count("▄") for line in shown) <= size[0]

    def test_piped_it_says_where_and_how_large(self, run: Run, tmp_path: Path) -> None:
        sample_picture(tmp_path / "dusk.png", 40, 20)
        assert run("show", "dusk.png").stdout == "dusk.png\t40x20\n"

    def test_a_picture_of_the_library_is_found_by_id(self, run: Run, world: FakeServices) -> None:
        assert run("show", "pic0").stdout == f"{world.pictures_kept[0].path}\t344x192\n"

    def test_what_is_no_picture_is_refused(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "note.txt").write_text("hello")
        result = run("show", "note.txt")
        assert result.exit_code == Exit.FAILURE
        assert "no picture" in result.stderr


class TestAccounts:
    def test_a_list_is_tabs_below_a_header_when_piped(self, run: Run) -> None:
        rows = [line.split("\t") for line in run("accounts", "list").stdout.splitlines()]
        assert [row[0] for row in rows] == ["account", "ada@sandbox.test", "alan@sandbox.test"]
        assert (rows[0][2], rows[1][2]) == ("state", "ready")

    def test_the_bare_group_lists(self, run: Run) -> None:
        assert run("accounts").stdout == run("accounts", "list").stdout
        assert run("accounts", "--json").stdout == run("accounts", "list", "--json").stdout
        assert run("accounts", "--json", "list").exit_code == Exit.USAGE

    def test_one_that_rests_is_not_called_ready(self, run: Run, world: FakeServices) -> None:
        until = time.time() + 59
        rests = Cooldown("acc_ada", "", until, "auth"), Cooldown("acc_ada", "claude", until, "quota")
        world.pool = [account("ada", cooldowns=rests), account("alan", cooldowns=rests[1:])]
        rows = [line.split("\t") for line in run("accounts", "list").stdout.splitlines()]
        assert re.fullmatch(r"rests 5\d s \(auth\)", rows[1][2])
        assert rows[2][2] == "ready"

    def test_models_that_rest_equally_long_are_counted(self, run: Run, world: FakeServices) -> None:
        until = time.time() + 59
        rests = tuple(Cooldown("acc_ada", model, until, "quota") for model in ("claude-a", "claude-b"))
        world.pool = [account("ada", cooldowns=rests)]
        row = run("accounts", "list").stdout.splitlines()[1].split("\t")
        assert row[4].startswith("claude-a and 1 more until ")

    def test_in_a_terminal_what_google_says_of_an_account_stands_below_the_table(
        self, run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note = "Google wants you to verify this account. https://accounts.google.com/signin/continue?plt=abc"
        monkeypatch.setattr(output, "terminal_size", lambda: (80, 24))
        for module in (output, accounts):
            monkeypatch.setattr(module, "on_terminal", lambda: True)
        world.pool = [account("ada", state=AccountState.VERIFY, state_note=note), account("alan")]
        lines = run("accounts").stdout.splitlines()
        assert [line.split()[:2] for line in lines[1:3]] == [
            ["ada@sandbox.test", "verify"],
            ["alan@sandbox.test", "ready"],
        ]
        assert lines[3:] == [
            "ada@sandbox.test: Google wants you to verify this account.",
            "   https://accounts.google.com/signin/continue?plt=abc",
        ]

    def test_a_broken_accounts_file_is_no_empty_list(
        self, run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.pool = []
        notice(monkeypatch, "The accounts file is kept as x.bad-1.")
        result = run("accounts", "list")
        assert "agtui: The accounts file is kept as x.bad-1." in result.stderr
        assert "No accounts yet" not in result.stderr

    def test_a_list_as_json_has_no_credential(self, run: Run) -> None:
        views = json.loads(run("accounts", "list", "--json").stdout)
        assert views[0]["email"] == "ada@sandbox.test"
        assert not [name for name in views[0] if "token" in name or "credential" in name]

    def test_a_token_is_read_from_stdin(self, run: Run, world: FakeServices) -> None:
        result = run("accounts", "add", "--token-stdin", stdin="1//sandbox-grace\n")
        assert result.exit_code == 0
        assert world.pool[-1].email == "grace@sandbox.test"
        assert "sandbox-grace" not in result.output

    def test_without_acknowledgement_nothing_is_added(self, run: Run, world: FakeServices) -> None:
        needed = Failure(Kind.FORBIDDEN, "Not yet.", params={"code": "ACKNOWLEDGEMENT_REQUIRED"})
        world.fail_next = needed
        result = run("accounts", "add", "--token-stdin", stdin="1//real-eve\n")
        assert result.exit_code == Exit.NOT_PERMITTED
        assert "suspended accounts" in result.stderr
        assert len(world.pool) == 2
        world.fail_next = needed
        assert run("accounts", "add", "--token-stdin", "--acknowledge", stdin="1//real-eve\n").exit_code == 0
        assert world.pool[-1].email == "eve@sandbox.test"

    def test_an_account_that_is_not_there_is_said_before_any_question(self, run: Run) -> None:
        result = run("accounts", "remove", "nope")
        assert result.exit_code == Exit.FAILURE
        assert "no account nope" in result.stderr

    def test_removing_needs_a_yes(self, run: Run, world: FakeServices) -> None:
        assert run("accounts", "remove", "ada@sandbox.test").exit_code == Exit.USAGE
        assert len(world.pool) == 2
        assert run("accounts", "remove", "ada@sandbox.test", "--yes").exit_code == 0
        assert [view.email for view in world.pool] == ["alan@sandbox.test"]

    def test_an_account_is_switched_off_by_its_email(self, run: Run, world: FakeServices) -> None:
        assert run("accounts", "disable", "ada@sandbox.test").exit_code == 0
        assert [view.enabled for view in world.pool] == [False, True]
        assert run("accounts", "disable", "nobody").exit_code == Exit.FAILURE

    def test_a_project_is_set_and_taken_back(self, run: Run, world: FakeServices) -> None:
        result = run("accounts", "project", "ada@sandbox.test", "my-project-42")
        assert "ada@sandbox.test uses the project my-project-42." in result.stderr
        assert world.pool[0].project == "my-project-42"
        assert "will be found" in run("accounts", "project", "ada@sandbox.test").stderr

    def test_an_email_that_names_two_accounts_changes_none(self, run: Run, world: FakeServices) -> None:
        world.pool.append(account("ada", id="acc_other"))
        result = run("accounts", "disable", "ada@sandbox.test")
        assert result.exit_code == Exit.FAILURE
        assert "use an id" in result.stderr
        assert all(view.enabled for view in world.pool)


class TestLogs:
    def test_requests_are_shown_oldest_first(self, run: Run, world: FakeServices) -> None:
        world.rows.reverse()
        lines = run("logs").stdout.splitlines()[1:]
        assert ["req0" in lines[0], "req1" in lines[1]] == [True, True]
        assert "alan@sandbox.test" in lines[0]

    def test_piped_they_are_columns_below_a_header(self, run: Run, world: FakeServices) -> None:
        header, *rows = (line.split("\t") for line in run("logs").stdout.splitlines())
        assert (header[0], header[7]) == ("at", "id")
        assert {len(row) for row in rows} == {len(header)}
        assert [row[7] for row in rows] == [record.id for record in reversed(world.rows)]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[0]) for row in rows)

    def test_errors_leaves_out_what_went_well(self, run: Run) -> None:
        (line,) = run("logs", "--errors", "--json").stdout.splitlines()
        assert json.loads(line)["kind"] == "quota"

    def test_one_request_is_shown_with_plan_and_attempts(self, run: Run) -> None:
        shown = run("logs", "--id", "req0").stdout
        assert "Attempt 1: ada@sandbox.test" in shown
        assert "Not ada@sandbox.test (antigravity): resting 41 s: rate" in shown

    def test_following_needs_somebody_to_follow(self, run: Run) -> None:
        for arguments in (("logs", "-f"), ("logs", "--lines")):
            result = run(*arguments)
            assert result.exit_code == Exit.UNAVAILABLE
            assert "agtui serve" in result.stderr

    def test_the_log_lines_of_the_running_agtui(
        self, run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world, "attached", True, raising=False)
        shown = run("logs", "--lines", "--limit", "3").stdout.splitlines()
        assert len(shown) == 3
        assert all(json.loads(line)["seq"] for line in run("logs", "--lines", "--json").stdout.splitlines())


def test_what_is_on_disk_can_be_found(run: Run, tmp_path: Path) -> None:
    assert run("config", "path").stdout == f"{tmp_path}/home/config.toml\n"
    header, *rows = (line.split("\t") for line in run("config", "path", "--all").stdout.splitlines())
    assert header == ["what", "path"]
    assert dict(rows) == json.loads(run("config", "path", "--json").stdout)
    assert dict(rows)["accounts"] == f"{tmp_path}/home/accounts.json"
    assert {"settings", "key", "log", "library"} <= dict(rows).keys()


def test_models_can_be_narrowed_to_a_kind(run: Run) -> None:
    kinds = {model["kind"] for model in json.loads(run("models", "--kind", "image", "--json").stdout)}
    assert kinds == {"image"}


def test_a_kind_that_nobody_offers_is_not_a_missing_account(run: Run, world: FakeServices) -> None:
    assert "No model of the kind video is offered." in run("models", "--kind", "video").stderr
    assert run("models").stdout.startswith("model\tkind\t")


def test_explain_ends_with_69_when_nobody_can_answer(
    run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(self: FakeGeneration, model: str, conversation: str = "") -> Plan:
        return Plan(model, model, ())

    monkeypatch.setattr(FakeGeneration, "explain", nobody)
    for arguments in (("explain", "nope"), ("explain", "nope", "--json")):
        result = run(*arguments)
        assert result.exit_code == Exit.UNAVAILABLE
        assert "nope" in result.stdout


def test_every_verb_says_what_the_person_should_know(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    notice(monkeypatch, "Something is odd.")
    for arguments in (
        ("models",),
        ("config",),
        ("accounts",),
        ("keys", "show"),
        ("logs",),
        ("chat", "hello"),
    ):
        result = run(*arguments)
        assert result.stderr.count("agtui: Something is odd.") == 1, arguments
        assert "odd" not in result.stdout


def test_what_the_settings_file_holds_now_is_noticed_beside_a_running_agtui(
    run: Run, world: FakeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "attached", True, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("[sever]\nport = 1\n[antigravity]\nclient_id = 'x'\n")
    for arguments in (("config", "show"), ("models",), ("status",)):
        shown = run(*arguments, AGTUI_SERVER_PORT="1").stderr
        assert "unknown section sever. Did you mean server?" in shown
        assert "Did you mean AGTUI_SERVER__PORT?" in shown
        assert "section antigravity" not in shown


def test_every_verb_takes_sandbox(run: Run) -> None:
    for verb in VERBS:
        if verb != "completion":
            assert "--sandbox" in run(verb, "--help").stdout, verb
    for arguments in (("accounts", "list"), ("config", "get"), ("db", "rebuild"), ("keys", "show")):
        assert "--sandbox" in run(*arguments, "--help").stdout, arguments
    assert run("accounts", "list", "--sandbox").exit_code == 0


def test_the_port_belongs_to_the_terminal_program_and_to_serve(run: Run) -> None:
    assert run("--port", "9130").exit_code == Exit.NO_TERMINAL
    assert run("--port", "9130", "models").exit_code == Exit.USAGE


def test_explain_names_who_would_answer(run: Run) -> None:
    assert "1. ada@sandbox.test (antigravity) as sandbox-chat" in run("explain", "sandbox-chat").stdout


def test_explain_names_some_of_many_who_are_passed_over_for_the_same(
    run: Run, world: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(self: FakeGeneration, model: str, conversation: str = "") -> Plan:
        reasons = dict.fromkeys("abcde", f"does not offer {model}") | {"e": "is resting"}
        return Plan(
            model, model, tuple(Candidate(name, name, "p", model, why) for name, why in reasons.items())
        )

    monkeypatch.setattr(FakeGeneration, "explain", none)
    shown = run("explain", "m").stdout.splitlines()
    assert "Not a and 3 more (p): does not offer m" in shown
    assert "Not e (p): is resting" in shown
    assert not any("agtui models" in line for line in shown), "e may have it"


def test_the_key_is_data(run: Run) -> None:
    assert run("keys", "show").stdout == "sk-agtui-fake\n"
    assert run("keys", "renew").exit_code == Exit.USAGE
    assert run("keys", "renew", "--yes").stdout == "sk-agtui-newer\n"


def test_settings_are_shown_with_their_origin(run: Run) -> None:
    header, row = run("config", "show", "--origin").stdout.splitlines()
    assert header == "setting\tvalue\tfrom\tenvironment"
    assert row == "ui.theme\tharbor\tdefault\tAGTUI_UI__THEME"
    assert run("config").stdout == run("config", "show").stdout
    assert run("config", "get", "ui.theme").stdout == "harbor\n"
    assert run("config", "get", "ui.hteme").exit_code == Exit.FAILURE


def test_the_path_of_the_settings_is_told_without_opening_anything(run: Run, tmp_path: Path) -> None:
    assert run("config", "path").stdout == f"{tmp_path}/home/config.toml\n"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(run: Run, shell: str) -> None:
    assert "_AGTUI_COMPLETE" in run("completion", shell).stdout


def test_no_color_yields_no_escape_byte(run: Run) -> None:
    for arguments in (("logs",), ("accounts", "list"), ("doctor",), ("show", "pic0")):
        assert "\x1b" not in run(*arguments, NO_COLOR="1").output


def test_json_of_every_list_is_json(run: Run) -> None:
    for arguments in (
        ("accounts", "list"),
        ("accounts", "refresh"),
        ("models",),
        ("config", "show"),
        ("db", "rebuild"),
        ("db", "purge-sandbox", "--yes"),
        ("explain", "m"),
        ("keys", "show"),
        ("doctor",),
    ):
        json.loads(run(*arguments, "--json").stdout)


def test_each_kind_of_failure_has_its_exit_code() -> None:
    expected = {
        Kind.UNAUTHENTICATED: Exit.NOT_PERMITTED,
        Kind.FORBIDDEN: Exit.NOT_PERMITTED,
        Kind.QUOTA: Exit.UNAVAILABLE,
        Kind.RATE: Exit.UNAVAILABLE,
        Kind.CAPACITY: Exit.UNAVAILABLE,
        Kind.TIMEOUT: Exit.UNAVAILABLE,
        Kind.UPSTREAM: Exit.UNAVAILABLE,
        Kind.UNAVAILABLE: Exit.UNAVAILABLE,
        Kind.INTERNAL: Exit.INTERNAL,
    }
    for kind in Kind:
        assert exit_of(Failure(kind, "x")) == expected.get(kind, Exit.FAILURE)
    assert exit_of(Failure(Kind.BAD_REQUEST, "x", cause=Cause.CONFIG)) == Exit.CONFIG
    assert exit_of(Failure(Kind.UNAVAILABLE, "x", params={"next_port": "8046"})) == Exit.BUSY
    for code in ("STORAGE_FULL", "STORAGE_FAILED"):
        assert exit_of(Failure(Kind.UNAVAILABLE, "x", params={"code": code})) == Exit.CANT_CREATE


def test_a_terminal_that_tells_no_size_is_80_by_24(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_size(_file: int) -> os.terminal_size:
        return os.terminal_size((0, 0))

    monkeypatch.setattr("core.cli.output.os.get_terminal_size", no_size)
    monkeypatch.setattr("sys.stdout", sys.__stdout__)
    assert terminal_size() == (80, 24)


def test_cleaning_leaves_letters_of_all_scripts_alone() -> None:
    assert clean("Grüße, 日本語 \U0001f600\n\tשלום") == "Grüße, 日本語 \U0001f600\n\tשלום"
    assert clean("".join(map(chr, range(32)))) == "\t\n"


def watch_requests(world: FakeServices) -> list[Any]:
    """The requests that the fake gateway gets from now on."""
    asked: list[Any] = []
    generation = world.generation

    class Watched:
        def stream(self, request: Any, caller: Any) -> Any:
            asked.append(request)
            return generation.stream(request, caller)

    world.__class__ = type("Watching", (type(world),), {"generation": property(lambda self: Watched())})
    return asked


def without_accounts(world: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    real = FakeOwner.status

    async def status(self: FakeOwner) -> Any:
        found = await real(self)
        return msgspec.structs.replace(found, accounts=0, accounts_ready=0, sandbox_active=False)

    monkeypatch.setattr(FakeOwner, "status", status)


def notice(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Something for the person to know, from settings, key or accounts."""
    real = FakeOwner.status

    async def status(self: FakeOwner) -> Any:
        return msgspec.structs.replace(await real(self), notices=(text,))

    async def notices(self: FakeAccounts) -> list[str]:
        return [text]

    monkeypatch.setattr(FakeOwner, "status", status)
    monkeypatch.setattr(FakeAccounts, "notices", notices)
