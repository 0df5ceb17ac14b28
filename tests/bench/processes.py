"""Processes that are measured: where they run, what CPU and memory they use, and ending them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parents[2]
UNDER_TEST, OTHERS = 0, 1
"""The core of what is measured, and that of everything around it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def agtui() -> list[str]:
    """The console script of this environment, else the module that it calls."""
    script = Path(sys.executable).with_name("agtui")
    return [str(script)] if script.exists() else [sys.executable, "-P", "-m", "core.cli.main"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The caller's environment without anything that steers agtui or Python, a terminal size or a proxy.

    PYTHONDONTWRITEBYTECODE is among what goes: with it every start compiles the program anew.
    """
    foreign = ("AGTUI_", "ANTIGRAVITY_", "IMA2_", "ABV_", "OPENAI_", "PYTHON")
    foreign += ("NO_COLOR", "COLUMNS", "LINES", "SSH_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy") and name != "TMUX"
    }
    return kept | {
        "AGTUI_HOME": str(home),
        "AGTUI_SERVER__PORT": str(free_port()),
        "AGTUI_STUDIO__PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        **more,
    }


def pinned(argv: Sequence[str | Path], core: int | None) -> list[str]:
    """The command on one core, as far as the machine has it and `taskset`."""
    plain = [str(word) for word in argv]
    if core is None or (os.cpu_count() or 1) <= core or shutil.which("taskset") is None:
        return plain
    return ["taskset", "-c", str(core), *plain]


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                facts = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(facts[1]), []).append(int(entry))
    found = [pid]
    for known in found:
        found += parents.get(known, [])
    return found


def cpu_of(pid: int) -> float:
    """CPU seconds so far, user and system, of a process and its descendants."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            facts = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(facts[11]) + int(facts[12])
    return total / TICK


def memory_of(pid: int) -> tuple[float, float]:
    """RSS and PSS in MB of a process and its descendants."""
    rss = pss = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    rss += int(line.split()[1])
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1])
    return rss / 1024, pss / 1024


@contextlib.contextmanager
def running(
    argv: Sequence[str | Path],
    core: int | None,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    seconds: float = 20.0,
    folder: Path | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    """A process from the moment it is `ready`. What it says goes into the error if it never is."""
    with tempfile.TemporaryFile() as said:  # a pipe that nobody reads would fill up and stop it
        process = subprocess.Popen(
            pinned(argv, core), env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            deadline = time.monotonic() + seconds
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    said.seek(0)
                    raise AssertionError(f"{argv[0]} is not ready: {said.read().decode()[-2000:]}")
                time.sleep(0.002)
            yield process
        finally:
            end(process)


def until(ready: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for it. Raises AssertionError when it never is."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "not ready in time"
        time.sleep(0.002)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; after ten seconds, end it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
