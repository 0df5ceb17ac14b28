"""`agtui models`: ids and names, and presets of aliases."""

from __future__ import annotations

import json

from core.cli.exits import Exit
from core.gateway.presets import PRESETS
from tests.tui.fake_services import FakeServices

from .conftest import Run


def test_other_names_are_shown_only_when_they_are_asked_for(run: Run) -> None:
    assert "gpt-4o" not in run("models").stdout
    header, *rows = (line.split("\t") for line in run("models", "--names").stdout.splitlines())
    named = {row[0]: row[header.index("leads to")] for row in rows}
    assert named["gpt-4o"] in named
    assert named[named["gpt-4o"]] == "-"


def test_presets_are_shown_rule_by_rule(run: Run) -> None:
    header, *rows = (line.split("\t") for line in run("models", "presets").stdout.splitlines())
    assert header == ["preset", "alias", "leads to"]
    assert {row[0] for row in rows} == {"default", "performance", "cost", "balanced"}
    assert ["cost", "gpt-4o*", "gemini-2.5-flash"] in rows
    shown = json.loads(run("models", "presets", "--json").stdout)
    assert shown["cost"]["aliases"] == dict(PRESETS["cost"].aliases)


def test_a_preset_is_previewed_and_written_once_that_is_confirmed(run: Run, world: FakeServices) -> None:
    asked = run("models", "preset", "cost")
    assert asked.exit_code == Exit.USAGE
    assert "gpt-4o*\t-\tgemini-2.5-flash" in asked.stdout
    assert "--yes" in asked.stderr
    assert world.aliases == {"fast": "gemini-3-flash"}

    assert "config.toml" in run("models", "preset", "cost", "--yes").stderr
    assert world.aliases == {"fast": "gemini-3-flash"} | dict(PRESETS["cost"].aliases)
    assert "is in place" in run("models", "preset", "cost").stderr


def test_what_another_preset_left_is_shown_to_go(run: Run, world: FakeServices) -> None:
    run("models", "preset", "cost", "--yes")
    shown = run("models", "preset", "default").stdout
    assert "claude-opus-4-*\tgemini-3-flash\t-" in shown


def test_as_json_a_preset_is_only_previewed_without_yes(run: Run, world: FakeServices) -> None:
    wanted = json.loads(run("models", "preset", "balanced", "--json").stdout)
    assert wanted == dict(PRESETS["balanced"].aliases)
    assert world.aliases == {"fast": "gemini-3-flash"}
    assert json.loads(run("models", "preset", "balanced", "--json", "--yes").stdout) == wanted
    assert world.aliases.keys() >= wanted.keys()


def test_a_preset_that_there_is_not_is_a_wrong_command_line(run: Run) -> None:
    result = run("models", "preset", "cheapest")
    assert result.exit_code == Exit.USAGE
    assert "balanced" in result.stderr
