"""`agtui gen`: where pictures go, and what is said when they can't go there."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli.exits import Exit
from core.domain.failure import Failure, Kind
from tests.tui.fake_services import QUOTA_FAILURE, FakeServices

from .conftest import Run


def test_the_path_of_each_picture_is_printed(run: Run) -> None:
    result = run("gen", "a fox", "-n", "2")
    assert result.exit_code == 0
    paths = [Path(line) for line in result.stdout.splitlines()]
    assert len(paths) == 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_o_numbers_the_files_when_there_are_several(run: Run, tmp_path: Path) -> None:
    result = run("gen", "a fox", "-n", "2", "-o", "fox.png")
    assert result.stdout.splitlines() == [str(tmp_path / "fox-1.png"), str(tmp_path / "fox-2.png")]
    assert (tmp_path / "fox-2.png").stat().st_size > 0


def test_nothing_is_overwritten_unless_forced(run: Run, tmp_path: Path, world: FakeServices) -> None:
    (tmp_path / "fox.png").write_text("mine")
    result = run("gen", "a fox", "-o", "fox.png")
    assert result.exit_code == Exit.CANT_CREATE
    assert (tmp_path / "fox.png").read_text() == "mine"
    assert len(world.pictures_kept) == 3, "nothing was made"
    assert run("gen", "a fox", "-o", "fox.png", "--force").exit_code == 0
    assert (tmp_path / "fox.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("place", ["nowhere/fox.png", "folder"])
def test_a_place_that_cannot_be_written_is_73_before_anything_is_made(
    run: Run, tmp_path: Path, world: FakeServices, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    result = run("gen", "a fox", "-o", place, "--force")
    assert result.exit_code == Exit.CANT_CREATE
    assert "directory" in result.stderr
    assert len(world.pictures_kept) == 3, "nothing was made"


def test_a_disk_that_fills_up_leaves_what_was_there_and_says_where_the_picture_is(
    run: Run, tmp_path: Path, world: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fox-1.png").write_text("mine")
    open_file = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if "b" in mode and path.parent == Path():
            open_file(path, mode).close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return open_file(path, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    result = run("gen", "a fox", "-n", "2", "-o", "fox.png", "--force")
    assert result.exit_code == Exit.CANT_CREATE
    kept = [picture.path for picture in world.pictures_kept[:2]]
    assert sorted(result.stdout.splitlines()) == sorted(kept)
    assert all(
        f"No space left on device. The picture is in the library: {path}" in result.stderr for path in kept
    )
    assert (tmp_path / "fox-1.png").read_text() == "mine"
    assert [path.name for path in tmp_path.glob("*fox*")] == ["fox-1.png"]


def test_what_the_library_can_not_keep_goes_to_a_free_name_here_and_is_said(
    run: Run, tmp_path: Path, world: FakeServices
) -> None:
    (tmp_path / "agtui-1.png").write_text("mine")
    world.library_full = Failure(Kind.UNAVAILABLE, "The disk is full.")
    result = run("gen", "a fox")
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path}/agtui-2.png\n"
    assert "not in the library: The disk is full." in result.stderr
    assert (tmp_path / "agtui-1.png").read_text() == "mine"


def test_a_picture_that_fails_does_not_take_the_others_along(run: Run, world: FakeServices) -> None:
    world.fail_next = QUOTA_FAILURE
    result = run("gen", "a fox", "-n", "2", "--json")
    assert result.exit_code == Exit.UNAVAILABLE
    said = json.loads(result.stdout)
    assert [picture["index"] for picture in said["pictures"]] == [1]
    assert said["failures"][0]["kind"] == "quota"


def test_a_ratio_that_pictures_do_not_come_in_is_a_wrong_command_line(run: Run, world: FakeServices) -> None:
    result = run("gen", "a fox", "--aspect", "foo")
    assert result.exit_code == Exit.USAGE
    assert "foo is no ratio" in result.stderr
    assert "16:9" in result.stderr
    assert len(world.pictures_kept) == 3
    assert run("gen", "a fox", "--aspect", "16x9").exit_code == 0


def test_quiet_shows_only_paths(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cli.gen.on_terminal", lambda: True)
    assert "▄" in run("gen", "a fox").stdout
    assert len(run("gen", "a fox", "-q").stdout.splitlines()) == 1


def test_a_name_of_another_type_is_mentioned(run: Run) -> None:
    result = run("gen", "a fox", "-o", "fox.jpg")
    assert result.exit_code == 0
    assert "holds image/png" in result.stderr
