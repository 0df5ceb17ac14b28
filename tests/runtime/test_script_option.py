"""`--script`: what is wrong with it is said before anything is opened, and it is never left out silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Programs


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "play.toml"


def test_a_script_that_can_not_be_played_is_78_with_its_line(programs: Programs, script: Path) -> None:
    script.write_text('[[rule]]\nanswer = "qota"\n')
    done = programs.run("serve", "--sandbox", "--script", str(script))
    assert done.returncode == 78
    assert f"{script}, line 2: [[rule]] 1:" in done.stderr
    assert "Did you mean quota?" in done.stderr
    assert not (programs.home / "owner.lock").exists()


def test_a_script_without_its_file_or_without_the_sandbox_is_a_wrong_command_line(
    programs: Programs, script: Path
) -> None:
    missing = programs.run("serve", "--sandbox", "--script", str(script))
    assert missing.returncode == 2
    assert "does not exist" in missing.stderr
    script.write_text("")
    for command in (("serve", "--script", str(script)), ("--script", str(script), "accounts")):
        alone = programs.run(*command)
        assert alone.returncode == 2
        assert "add --sandbox" in alone.stderr


def test_every_command_may_play_one_and_none_plays_it_in_anothers_place(
    programs: Programs, script: Path
) -> None:
    script.write_text('[[account]]\nname = "acc"\ncount = 3\n[[rule]]\nanswer = "quota"\n')
    play = ("--sandbox", "--script", str(script))
    listed = programs.run(*play, "accounts", "--json")
    assert [one["email"] for one in json.loads(listed.stdout)] == [
        f"acc-{at}@sandbox.test" for at in (1, 2, 3)
    ]
    asked = programs.run(*play, "chat", "hello")
    assert asked.returncode == 69
    assert "has reached its limit" in asked.stderr
    programs.serve("--sandbox")
    beside = programs.run(*play, "accounts")
    assert beside.returncode == 75
    assert "holds" in beside.stderr
