"""Services in this process, and agtui as processes of their own, each with a home below tmp_path."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.config.paths import Paths
from core.runtime.opening import open_services
from core.services import Services

from .faults import Faults, Play, start

AGTUI = (sys.executable, "-P", "-m", "core.cli.main")
ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ("AGTUI_", "ANTIGRAVITY_", "NO_COLOR", "FORCE_COLOR", "API_KEY", "ABV_", "COLUMNS")

Open = Callable[..., Awaitable[Services]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def opened(home: Path) -> AsyncIterator[Open]:
    """`await opened(sandbox="on")`: services that are closed at the end of the test."""
    made: list[Services] = []

    async def start(**options: Any) -> Services:
        services = await open_services(Paths.at(home), env={}, **options)
        made.append(services)
        return services

    yield start
    for services in reversed(made):
        await services.aclose()


@pytest.fixture
async def play(home: Path) -> AsyncIterator[Play]:
    """`await play(script)`: agtui with a sandbox that plays it, ended with the test."""
    made: list[Faults] = []

    async def started(script: str, **env: str) -> Faults:
        made.append(await start(home, script, **env))
        return made[-1]

    yield started
    for faults in made:
        await faults.aclose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Programs:
    """Starts agtui processes with one home."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack

    @property
    def env(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        return kept | {"AGTUI_HOME": str(self.home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*AGTUI, *arguments],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(end, process)
        return process

    def serve(self, *arguments: str, **env: str) -> tuple[subprocess.Popen[str], int]:
        """A gateway that listens, and its port."""
        port = free_port()
        process = self.start("serve", "--port", str(port), *arguments, **env)
        until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        return process, port

    def run(self, *arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*AGTUI, *arguments],
            env=self.env | env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


@pytest.fixture
def programs(home: Path) -> Iterator[Programs]:
    with ExitStack() as stack:
        yield Programs(home, stack)


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(predicate: Callable[[], object], seconds: float = 15) -> None:
    """Poll with a deadline."""
    deadline = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
