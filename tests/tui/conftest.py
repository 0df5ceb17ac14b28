"""Fixtures of the screen's tests: services over fixed values, and a screen that draws the same each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.tui.fake_services import FakeServices
from tui.state import UiState


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour switch, locale, tmux or SSH of the machine that runs the tests shows in them."""
    for name in ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def world(tmp_path: Path) -> FakeServices:
    """Every service, filled."""
    folder = tmp_path / "library"
    folder.mkdir()
    return FakeServices(folder)


@pytest.fixture
def opener(world: FakeServices) -> Callable[[], Awaitable[FakeServices]]:
    """What opens the gateway: `world`, at once."""

    async def open_services() -> FakeServices:
        return world

    return open_services


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state directory of somebody who has seen the first page."""
    UiState(onboarded=True).save(tmp_path / "home")
    return tmp_path / "home"
