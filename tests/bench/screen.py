"""A terminal program on a pseudo-terminal: what it draws, when, and what that costs.

Queries of the terminal are answered as tmux answers them, so that nobody waits for a reply.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.bench.processes import cpu_of, memory_of

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^X].*?(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]", re.DOTALL
)
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*)?\Z")
MODE = re.compile(rb"\x1b\[\?(\d+)\$p")
BLINK = 0.05


class Screen:
    """`with Screen(argv, env) as screen:`; what it drew without escape sequences is `text`."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], columns: int = 100, rows: int = 30
    ) -> None:
        self._argv, self._size = list(argv), (columns, rows)
        self._env = {**env, "TERM": "tmux-256color", "COLORTERM": "truecolor"}
        self.text = ""
        self.bytes = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._partial = ""
        self.ended = False

    def __enter__(self) -> Self:
        columns, rows = self._size
        self._fd, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, columns * 8, rows * 16))
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            self._argv,
            env=self._env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.pid = self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(ending)
            if self.leaves(5.0):
                break
        os.close(self._fd)

    def read(self, seconds: float) -> bool:
        """Take what comes within `seconds`; whether something came."""
        if self.ended or not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self._fd, 65536)
        except OSError:
            read = b""
        if not read:
            self.ended = True
            return False
        self.bytes += len(read)
        self._answer(read)
        text = self._partial + self._decode(read)
        if cut := UNFINISHED.search(text):
            text, self._partial = text[: cut.start()], text[cut.start() :]
        else:
            self._partial = ""
        self.text += ESCAPES.sub("", text)
        return True

    def _answer(self, read: bytes) -> None:
        columns, rows = self._size
        said = b""
        if b"\x1b[c" in read or b"\x1b[0c" in read:
            said += b"\x1b[?1;2c"
        if b"\x1b[>c" in read or b"\x1b[>0c" in read:
            said += b"\x1b[>84;0;0c"
        if b"\x1b[6n" in read:
            said += b"\x1b[1;1R"
        if b"\x1b[>q" in read or b"\x1b[>0q" in read:
            said += b"\x1bP>|tmux 3.4\x1b\\"
        for number in MODE.findall(read):
            said += b"\x1b[?" + number + b";0$y"
        if b"\x1b[14t" in read:
            said += b"\x1b[4;%d;%dt" % (rows * 16, columns * 8)
        if b"\x1b[16t" in read:
            said += b"\x1b[6;16;8t"
        if b"\x1b[18t" in read:
            said += b"\x1b[8;%d;%dt" % (rows, columns)
        if said:
            self.type(said)

    def type(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def until(self, wanted: str, seconds: float = 20.0, after: int = 0) -> float:
        """Seconds since the start at which `wanted` stood on the screen. `after`: only text from there on.

        Raises AssertionError with the end of what was drawn.
        """
        deadline = time.perf_counter() + seconds
        while wanted not in self.text[after:]:
            if time.perf_counter() > deadline or (self.ended and not self.read(0)):
                raise AssertionError(f"{wanted!r} never came; the screen ends with {self.text[-2000:]!r}")
            self.read(BLINK)
        return time.perf_counter() - self.began

    def rest(self, seconds: float) -> int:
        """Watch for so long; how many bytes were written."""
        before, deadline = self.bytes, time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0 and not self.ended:
            self.read(left)
        return self.bytes - before

    def settle(self, quiet: float = 1.0, seconds: float = 30.0) -> None:
        """Wait until nothing has been written for `quiet` seconds."""
        deadline = time.perf_counter() + seconds
        while self.rest(quiet) and time.perf_counter() < deadline:
            pass

    def reads(self, seconds: float) -> Iterator[float]:
        """The moments (perf_counter) at which something came, for so long."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0 and not self.ended:
            if self.read(left):
                yield time.perf_counter()

    def leaves(self, seconds: float) -> bool:
        """Whether the process ends within so long; reads what it still says."""
        deadline = time.perf_counter() + seconds
        while self._process.poll() is None:
            if time.perf_counter() > deadline:
                return False
            if not self.read(0.005):
                time.sleep(0.002)
        return True

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_of(self.pid)

    @property
    def pss(self) -> float:
        """Memory in MB, pages shared with others counted in part."""
        return memory_of(self.pid)[1]
