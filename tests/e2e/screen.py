"""A program on a pseudo terminal, read through a terminal emulator: what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte


class Terminal:
    """Runs `command` in a terminal of `columns` x `rows` cells. Use as a context manager."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.raw = bytearray()
        self._stream = pyte.ByteStream(self.screen)
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(far)
        self._far = far
        self.process = subprocess.Popen(
            command,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        os.close(self._near)
        os.close(self._far)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def type(self, keys: str) -> None:
        self.send(keys.encode())

    def send(self, data: bytes) -> None:
        """Bytes as a terminal would send them."""
        os.write(self._near, data)

    def read(self, seconds: float) -> int:
        """Take what comes within `seconds`; the number of bytes."""
        taken, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._near], [], [], min(left, 0.1))[0]:
                continue
            try:
                data = os.read(self._near, 65536)
            except OSError:
                break
            if not data:
                break
            taken += len(data)
            self.raw += data
            try:
                self._stream.feed(data)
            except (TypeError, KeyError):  # the emulator knows fewer private sequences than terminals do
                continue
        return taken

    def until(self, holds: Callable[[str], bool], seconds: float = 15.0) -> str:
        """Read until the screen's text satisfies `holds`; that text."""
        end = time.monotonic() + seconds
        while not holds(self.text):
            assert time.monotonic() < end, f"never came to pass on this screen:\n{self.text}"
            self.read(0.1)
        return self.text

    def ended(self, seconds: float = 10.0) -> int:
        """Wait for the program's end, reading what it writes; its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it did not end:\n{self.text}"
            self.read(0.05)
        self.read(0.2)
        return self.process.returncode

    def modes(self) -> list[object]:
        """The line discipline now, to be compared with `before`."""
        return termios.tcgetattr(self._far)
