"""While nobody does anything, nothing happens: no byte goes to the terminal, and no thread wakes up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.bench.processes import agtui, environment, listens, running
from tests.bench.screen import Screen

pytestmark = pytest.mark.bar

WATCHED_S: Final = 2.0
WAKE_UPS: Final = 6
"""Of all threads together in that time; one timer of ten a second would make twenty."""
PATIENCE_S: Final = 15.0


def wake_ups(pid: int) -> int:
    """How often the process's threads have gone to sleep and been woken."""
    found = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                found += int(line.split()[1])
    return found


def quiet_window(pid: int, watch: Callable[[float], int]) -> list[tuple[int, int]]:
    """Bytes and wake-ups of windows in a row, up to the first quiet one: a start takes as long as it does."""
    windows: list[tuple[int, int]] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        before = wake_ups(pid)
        written = watch(WATCHED_S)
        windows.append((written, wake_ups(pid) - before))
        if written == 0 and windows[-1][1] <= WAKE_UPS:
            return windows
    raise AssertionError(f"never quiet; bytes and wake-ups of each {WATCHED_S:.0f} s: {windows}")


@pytest.mark.timeout(60)
def test_an_idle_screen_writes_nothing_and_wakes_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "ui.json").write_text('{"onboarded": true}')
    with Screen([*agtui(), "--sandbox"], environment(home)) as screen:
        screen.until("SANDBOX")
        assert quiet_window(screen.pid, screen.rest)


@pytest.mark.timeout(60)
def test_an_idle_gateway_wakes_nobody(tmp_path: Path) -> None:
    env = environment(tmp_path / "home")
    port = int(env["AGTUI_SERVER__PORT"])
    with running([*agtui(), "serve", "--sandbox"], None, lambda: listens(port), env) as process:

        def watch(seconds: float) -> int:
            time.sleep(seconds)  # there is nothing to poll for: the silence is what is measured
            return 0

        assert quiet_window(process.pid, watch)
