"""Which process holds a port, as far as this user may see it. Linux; elsewhere the answer is empty."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

LISTEN: Final = "0A"
TABLES: Final = ("tcp", "tcp6")


def process_on(port: int, proc: Path = Path("/proc")) -> str:
    """`python3 (pid 4711)` for the process that listens on `port`; empty if it can't be told."""
    inodes = _inodes(port, proc)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for directory in proc.iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            names = os.listdir(directory / "fd")
        except OSError:
            continue
        for name in names:
            try:
                if os.readlink(directory / "fd" / name) in wanted:
                    return f"{_command(directory)} (pid {directory.name})"
            except OSError:
                continue
    return ""


def _inodes(port: int, proc: Path) -> set[str]:
    found: set[str] = set()
    for table in TABLES:
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if len(words) > 9 and words[3] == LISTEN and int(words[1].rpartition(":")[2], 16) == port:
                found.add(words[9])
    return found


def _command(directory: Path) -> str:
    try:
        return (directory / "comm").read_text().strip() or "a process"
    except OSError:
        return "a process"


def next_free(host: str, port: int, tries: int = 100) -> int:
    """The first port above `port` that can be listened on; 0 if there is none near."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port + 1, min(port + 1 + tries, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return 0
