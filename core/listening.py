"""Who listens on a TCP port of this machine, and which port is free. Knows nothing of agtui."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from msgspec import Struct

_LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


class Holder(Struct, frozen=True):
    """The process that has a port; `name` is its program, for example `python`."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})" if self.name else f"process {self.pid}"


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port that only waits for its last packets counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def next_free(host: str, port: int, tries: int = 100) -> int | None:
    """The first free port above `port`."""
    return next((n for n in range(port + 1, min(port + 1 + tries, 65536)) if is_free(host, n)), None)


def holder_of(port: int) -> Holder | None:
    """The process that listens on `port`, where the system tells us (Linux, our own processes)."""
    inodes = {inode for table in _TABLES for inode in _listening(Path(table), port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _has_any(process / "fd", wanted):
            return Holder(int(process.name), _name_of(process))
    return None


def _listening(table: Path, port: int) -> list[str]:
    """Inodes of the sockets that listen on `port`; columns as in proc(5)."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rsplit(":", 1)[1], 16) == port]


def _has_any(descriptors: Path, wanted: set[str]) -> bool:
    try:
        return any(os.readlink(descriptor) in wanted for descriptor in descriptors.iterdir())
    except OSError:
        return False  # another user's process, or one that just ended


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
