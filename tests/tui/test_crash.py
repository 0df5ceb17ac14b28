"""An error of the program's own: a report without values, a short notice, and nothing typed is lost."""

from __future__ import annotations

import json
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.tui.pilot import PLAIN_TABS, PlainPane, plain_app, wait_until
from tui.app import AgtuiApp
from tui.crash import KEPT, Report, panel, write_report
from tui.guard import CRASHED

TOKEN = "1//0g" + "CanaryRefreshTokenThatNobodyMaySee"


def fail_with(secret: str) -> Exception:
    """An error whose frames hold `secret` in a variable and in its message."""
    token = secret
    try:
        raise ValueError(f"refresh_token={token}")
    except ValueError as error:
        return error


def report_of(error: Exception, folder: Path, stamp: str = "20260102-030405") -> Report:
    return write_report(error, folder, stamp=stamp, program="0.1.0")


def test_a_report_names_the_place_and_holds_no_secret(tmp_path: Path) -> None:
    report = report_of(fail_with(TOKEN), tmp_path)
    assert report.path is not None
    text = report.path.read_text()
    assert "test_crash.py" in text
    assert "ValueError" in text
    assert "agtui 0.1.0" in text
    assert TOKEN not in text
    assert report.place.startswith("tests/tui/test_crash.py:")


def test_a_report_is_private_and_only_the_newest_ones_stay(tmp_path: Path) -> None:
    error = fail_with("x")
    for number in range(KEPT + 3):
        last = report_of(error, tmp_path, f"20260102-0304{number:02}")
    kept = sorted((tmp_path / "crashes").iterdir())
    assert len(kept) == KEPT
    assert kept[-1] == last.path
    assert stat.S_IMODE(kept[-1].stat().st_mode) == 0o600


def test_a_report_that_cannot_be_written_is_said_and_not_raised(tmp_path: Path) -> None:
    (tmp_path / "crashes").write_text("not a folder")
    report = report_of(fail_with("x"), tmp_path)
    assert report.path is None
    assert "could not be written" in panel(report, kept=False)


def test_a_masking_that_fails_leaves_the_traceback_out(tmp_path: Path) -> None:
    def broken(error: BaseException) -> str:
        raise RuntimeError

    report = write_report(fail_with(TOKEN), tmp_path, stamp="1", describer=broken)
    assert report.path is not None
    assert "left out" in report.path.read_text()
    assert TOKEN not in report.path.read_text()


def test_the_notice_is_short_and_points_to_the_report(tmp_path: Path) -> None:
    report = report_of(fail_with(TOKEN), tmp_path)
    notice = panel(report, kept=True)
    assert str(report.path) in notice
    assert "there again" in notice
    assert TOKEN not in notice
    assert len(notice.splitlines()) <= 6


async def test_a_crash_keeps_what_was_typed_and_ends_with_its_own_code(
    tmp_path: Path, opener: Callable[[], Awaitable[Any]]
) -> None:
    app = plain_app(tmp_path, opener)
    with pytest.raises(ValueError, match="refresh_token"):
        await crash(app)
    assert app.return_code == CRASHED
    kept = json.loads((tmp_path / "ui.json").read_text())
    assert kept["panes"]["chat"] == {"text": "half a question"}
    (report,) = (tmp_path / "crashes").iterdir()
    assert TOKEN not in report.read_text()


async def crash(app: AgtuiApp) -> None:
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: app.shell.pane is not None)
        await wait_until(pilot, lambda: app.screen is not app.shell)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.focused, Input))
        app.query_one(Input).value = "half a question"
        app.call_later(raise_error)
        await wait_until(pilot, lambda: not app.is_running)


def raise_error() -> None:
    raise fail_with(TOKEN)


async def test_a_worker_that_fails_is_reported_and_the_program_goes_on(
    tmp_path: Path, opener: Callable[[], Awaitable[Any]]
) -> None:
    app = plain_app(tmp_path, opener, tabs=PLAIN_TABS[:1])
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: isinstance(app.shell.pane, PlainPane))
        pane = app.query_one(PlainPane)

        async def work() -> None:
            raise_error()

        pane.run_worker(work(), exit_on_error=False)
        await wait_until(pilot, lambda: app.shell.flash_line.said)
        said = app.shell.flash_line.said
        assert said is not None
        assert "ValueError" in said.text
        assert TOKEN not in said.text
        assert len(list((tmp_path / "crashes").iterdir())) == 1
