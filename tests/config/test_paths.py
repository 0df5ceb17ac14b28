"""Where things are."""

from __future__ import annotations

from pathlib import Path

from core.config.clock import SystemClock
from core.config.paths import Paths


def test_agtui_home_holds_everything(tmp_path: Path) -> None:
    paths = Paths.from_environment({"AGTUI_HOME": str(tmp_path)})
    assert paths.directories == (tmp_path,)
    names = (paths.config_file, paths.accounts_file, paths.key_file, paths.lock_file, paths.database)
    assert [name.name for name in names] == [
        "config.toml",
        "accounts.json",
        "api.key",
        "owner.lock",
        "records.db",
    ]
    assert all(name.parent == tmp_path for name in names)
    assert (paths.library, paths.locks) == (tmp_path / "library", tmp_path / "locks")
    assert not list(tmp_path.iterdir())


def test_without_it_the_platform_says_where_and_never_the_home_itself() -> None:
    paths = Paths.from_environment({"AGTUI_HOME": " "})
    assert all(directory.name == "agtui" for directory in (paths.config, paths.state, paths.data))
    assert Path.home() not in paths.directories
    assert Path.cwd() not in paths.directories


def test_a_relative_home_does_not_move_with_the_working_directory() -> None:
    assert Paths.from_environment({"AGTUI_HOME": "x"}).state.is_absolute()
    assert Paths.from_environment({"AGTUI_HOME": "~/x"}).state == Path.home() / "x"


def test_a_socket_fits_into_its_address_however_long_the_directory(tmp_path: Path) -> None:
    short, long = Paths.at(Path("/s")), Paths.at(tmp_path / ("d" * 90))
    assert short.socket == Path("/s/owner.sock")
    assert len(str(long.socket)) <= 100
    assert long.socket == Paths.at(tmp_path / ("d" * 90)).socket != Paths.at(tmp_path / ("e" * 90)).socket


def test_the_system_clock_runs_on() -> None:
    clock = SystemClock()
    first = clock.monotonic()
    assert clock.monotonic() >= first
    assert clock.now() > 1_700_000_000
