"""The program on a real terminal: however it ends, the terminal is as it was and what was typed is kept."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.state import FILE, UiState

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
import tui.tabs
names = ("chat", "generate", "history", "accounts", "logs")
tui.tabs.TABS = tuple(tui.tabs.TabSpec(name, name, name, "tests.tui.pilot:PlainPane") for name in names)
from tui.__main__ import run
from tui.start import Options
from tests.tui.fake_services import FakeServices
home = Path(sys.argv[1])
async def open_services():
    (home / "library").mkdir(exist_ok=True)
    return FakeServices(home / "library")
def crash(pane):
    token = "canary-" + "token-in-a-variable"
    raise LookupError(pane)
if "crash" in sys.argv:
    import tests.tui.pilot as plain
    plain.PlainPane.action_mark = crash
sys.exit(run(open_services, Options(state_dir=home, version="0.1.0")))
"""
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]", re.S)
SECONDS = 15.0


class Terminal:
    """A terminal of 120 columns with the program in it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self.output = bytearray()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        env = {
            **{name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")},
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=env,
            start_new_session=True,
        )

    def read(self, seconds: float) -> bool:
        """Take what is written within `seconds`; whether there was anything."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.output += os.read(self.master, 65536)
        return True

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + SECONDS
        while text.encode() not in ESCAPES.sub(b"", bytes(self.output)):
            assert time.monotonic() < deadline, f"{text!r} did not appear"
            self.read(0.05)

    def type(self, content: bytes) -> None:
        os.write(self.master, content)

    def ended(self) -> int:
        """The exit code, once the program has ended and all it wrote is read."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it did not end"
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.returncode

    def kept(self) -> UiState:
        return UiState.load(self.home)

    def is_as_it_was(self) -> bool:
        """Main screen, cursor, no mouse, no paste marks, and the line settings of before."""
        last = bytes(self.output)
        off = all(
            last.rfind(f"\x1b[?{mode}l".encode()) > last.rfind(f"\x1b[?{mode}h".encode())
            for mode in (1049, 1000, 1003, 1006, 2004, 1004)
        )
        shown = last.rfind(b"\x1b[?25h") > last.rfind(b"\x1b[?25l")
        return off and shown and termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for handle in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(handle)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    UiState(onboarded=True).save(tmp_path)
    screen = Terminal(tmp_path)
    yield screen
    screen.close()


def started(terminal: Terminal) -> Terminal:
    """The program is up, its field has the focus, and something has been typed."""
    terminal.wait_for("SANDBOX")
    terminal.wait_for("F1 help")
    terminal.type(b"halfaquestion")
    terminal.wait_for("halfaquestion")
    return terminal


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_order(terminal: Terminal, ending: signal.Signals) -> None:
    started(terminal)
    terminal.process.send_signal(ending)
    assert terminal.ended() == 0
    assert terminal.kept().panes["chat"] == {"text": "halfaquestion"}
    assert terminal.is_as_it_was()


def test_a_terminal_that_goes_away_ends_it_with_everything_kept(terminal: Terminal) -> None:
    started(terminal)
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.process.wait(SECONDS)
    assert terminal.process.returncode == 0
    assert terminal.kept().panes["chat"] == {"text": "halfaquestion"}


def test_a_key_leaves_it_and_the_terminal_is_as_it_was(terminal: Terminal) -> None:
    started(terminal)
    terminal.type(b"\x11")
    assert terminal.ended() == 0
    assert terminal.is_as_it_was()
    assert json.loads((terminal.home / FILE).read_text())["tab"] == "chat"


def test_an_old_mouse_report_far_to_the_right_does_not_end_it(terminal: Terminal) -> None:
    started(terminal)
    terminal.type(b"\x1b[M" + bytes((32, 32 + 110, 32 + 10)) + b"\x1b[M" + bytes((35, 32 + 110, 32 + 10)))
    terminal.type(b"\xff\xfe\xc3")
    terminal.type(b"\x1b3")
    terminal.type(b"\x07")
    terminal.wait_for("a letter goes there")
    terminal.type(b"\x1b")
    terminal.type(b"\x11")
    assert terminal.ended() == 0
    assert terminal.kept().tab == "history"


def test_while_nothing_happens_not_one_byte_is_written(terminal: Terminal) -> None:
    started(terminal)
    while terminal.read(0.5):
        pass
    assert not terminal.read(1.5)


def test_a_crash_leaves_a_short_notice_and_no_variable_on_the_screen(tmp_path: Path) -> None:
    UiState(onboarded=True).save(tmp_path)
    terminal = Terminal(tmp_path, "crash")
    try:
        started(terminal)
        terminal.type(b"\x14")
        assert terminal.ended() == 70
        assert terminal.is_as_it_was()
        after = bytes(terminal.output).rpartition(b"\x1b[?1049l")[2]
        notice = ESCAPES.sub(b"", after).decode()
        assert "LookupError" in notice
        assert "crashes/crash-" in notice.replace("\r\n", "")
        assert "canary-" not in terminal.output.decode(errors="replace")
        assert "Traceback" not in notice
        assert terminal.kept().panes["chat"] == {"text": "halfaquestion"}
        (report,) = (tmp_path / "crashes").iterdir()
        assert "canary-" + "token" not in report.read_text()
    finally:
        terminal.close()
