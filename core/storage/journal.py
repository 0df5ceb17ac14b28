"""A private file of lines that only grows, until it is written anew. For facts that are cheap to lose.

Everything here blocks; call it off the loop. Who writes holds the state directory.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .files import PRIVATE_FILE, sweep_temporaries, write_atomic

LONGEST: Final = 64 * 1024 * 1024
"""Bytes that are read back at most: the last ones."""


class Journal:
    """Lines in `path`. A crash loses at most what the last call wrote.

    A line feed stands before each line and not behind it: a line that a crash has torn spoils no other.
    Methods raise OSError for what the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = 0

    def read(self) -> list[bytes]:
        """The lines, oldest first; what is no line of ours is the caller's to find out."""
        sweep_temporaries(self._path)
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        with os.fdopen(descriptor, "rb") as file:
            self.size = os.fstat(descriptor).st_size
            file.seek(max(0, self.size - LONGEST))
            return [line for line in file.read(LONGEST).split(b"\n") if line]

    def find(self, start: bytes) -> bytes | None:
        """The last line that begins with `start`, without reading the others into memory."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not os.fstat(descriptor).st_size:
                return None
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                at = content.rfind(b"\n" + start)
                if at < 0:
                    return None
                end = content.find(b"\n", at + 1)
                return content[at + 1 : end if end >= 0 else len(content)]

    def append(self, lines: Iterable[bytes]) -> None:
        """Add `lines`; no line may hold a line feed."""
        content = b"".join(b"\n" + line for line in lines)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, PRIVATE_FILE)
        try:
            os.fchmod(descriptor, PRIVATE_FILE)
            while content:
                content = content[os.write(descriptor, content) :]
            self.size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Replace the whole file by `lines`: after a crash it holds the old ones or these."""
        content = b"".join(b"\n" + line for line in lines)
        write_atomic(self._path, content)
        self.size = len(content)
