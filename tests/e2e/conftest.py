"""The real program: `agtui serve --sandbox` as a process of its own on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

AGTUI = (sys.executable, "-P", "-m", "core.cli.main")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(home: Path) -> dict[str, str]:
    """The caller's environment without anything of agtui's, NO_COLOR or terminal sizes."""
    foreign = ("AGTUI_", "ANTIGRAVITY_", "IMA2_", "ABV_", "OPENAI_", "NO_COLOR", "COLUMNS", "LINES", "SSH_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "AGTUI_HOME": str(home),
        "AGTUI_STUDIO__PORT": str(free_port()),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "LANG": "C.UTF-8",
    }


class Served(Struct, frozen=True):
    """A running gateway."""

    process: subprocess.Popen[str]
    home: Path
    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """A second agtui beside the running one."""
        return subprocess.run(
            [*AGTUI, *arguments],
            env=environment(self.home),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def start(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Served:
    """Start `agtui serve` and wait until it answers."""
    port = free_port()
    process = subprocess.Popen(
        [*AGTUI, "serve", "--port", str(port), *arguments],
        env=environment(home) | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"agtui serve ended: {process.stdout and process.stdout.read()}")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(0.05)
    else:
        process.kill()
        raise AssertionError("agtui serve did not answer in 15 s")
    key = (home / "api.key").read_text().strip()
    return Served(process, home, port, key)


def stop(served: Served) -> int:
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGTERM)
    try:
        code = served.process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        served.process.kill()
        raise
    if served.process.stdout:
        served.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = start(tmp_path_factory.mktemp("home"), "--sandbox")
    yield running
    assert stop(running) == 0
