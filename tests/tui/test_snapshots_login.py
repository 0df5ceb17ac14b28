"""Signing in, as pictures that are compared cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.fake_services import FakeServices
from tests.tui.panes.conftest import (  # noqa: F401
    app_over,
    failures_are_seen,
    services,
    settled,
    still_time,
    until,
)
from tui.screens.login import LoginScreen

SIZES = ((80, 24), (100, 30), (160, 48))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_signing_in_looks_as_designed(
    snap_compare: Any,
    services: FakeServices,  # noqa: F811
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    async def sign_in(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: bool(app.shell.query("#tabs")))
        await until(pilot, lambda: app.shell.pane is not None and app.shell.pane.services is not None)
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LoginScreen))
        await until(pilot, lambda: "Waiting" in str(app.screen.progress.render()))
        await pilot.pause(0.2)

    app = app_over(services, tmp_path / "home", "accounts")
    assert snap_compare(app, terminal_size=size, run_before=sign_in)
