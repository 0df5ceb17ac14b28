"""The real program over fixed services: `async with program(...) as pilot`."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.worker import Worker, WorkerState

from tests.tui.fake_services import NOW, FakeServices
from tests.tui.pilot import shown
from tui.app import AgtuiApp
from tui.panes.base import Pane
from tui.start import Options
from tui.state import UiState
from tui.terminal import Terminal

TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
Program = Callable[..., AbstractAsyncContextManager[Pilot[Any]]]


@pytest.fixture(autouse=True)
def still_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One moment, one time zone: ages and clocks are the same in every run."""
    monkeypatch.setattr(Pane, "now", staticmethod(lambda: NOW))
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ") if zone is None else os.environ.update(TZ=zone)
    time.tzset()


FAILED: list[Worker[Any]] = []
"""Workers of the present test that ended in an error; `settled` looks at them."""


@pytest.fixture(autouse=True)
def failures_are_seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Textual forgets a worker at its end; here its error is kept, for the test that it happened in."""
    state: property = Worker.state
    assert state.fset is not None
    tell = state.fset

    def note(worker: Worker[Any], value: WorkerState) -> None:
        tell(worker, value)
        if value is WorkerState.ERROR:
            FAILED.append(worker)

    monkeypatch.setattr(Worker, "state", state.setter(note))
    yield
    FAILED.clear()


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    """Files lie below a relative folder, so that no picture of the screen holds this machine's paths."""
    monkeypatch.chdir(tmp_path)
    return FakeServices(Path("library"))


def app_over(services: FakeServices, home: Path, tab: str = "", theme: str = "harbor") -> AgtuiApp:
    home.mkdir(parents=True, exist_ok=True)
    kept = UiState.load(home)
    kept.onboarded = True
    kept.save(home)

    async def open_services() -> FakeServices:
        return services

    return AgtuiApp(
        open_services, Options(state_dir=home, tab=tab, theme=theme), terminal=Terminal.read(TERMINAL)
    )


@pytest.fixture
def program(services: FakeServices, tmp_path: Path) -> Program:
    @asynccontextmanager
    async def run(
        tab: str, size: tuple[int, int] = (100, 30), world: FakeServices | None = None
    ) -> AsyncIterator[Pilot[Any]]:
        app = app_over(world or services, tmp_path / "home", tab)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.shell.pane is not None and app.shell.pane.services is not None)
            await pilot.pause()
            yield pilot

    return run


async def until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Let the program go on until something is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await pilot.pause(0.01)


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until no worker but the listening ones runs; fail when one ended in an error."""
    lasting = {"bridge", "logs-tail"}
    await until(pilot, lambda: all(w.is_finished for w in pilot.app.workers if w.group not in lasting))
    await pilot.pause()
    assert not FAILED, [(worker.name, worker.error) for worker in FAILED]


def on_screen(pilot: Pilot[Any], *words: str) -> bool:
    """Whether all the words are on the screen, each in one row."""
    app = pilot.app
    assert isinstance(app, AgtuiApp)
    return shown(app, *words)
