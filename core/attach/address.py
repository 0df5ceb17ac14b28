"""Where the owner's socket is: a 0600 file in the state directory, or in a private place if that path
is too long for a socket. Opens sockets for listening; says nothing of what is spoken on them.
"""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

LONGEST = 100
"""Bytes of a socket's path that every system takes (Linux holds 107, macOS 103)."""


def listening_socket(wanted: Path) -> tuple[socket.socket, Path]:
    """A listening Unix socket for this user only, and where it is.

    A leftover file of an owner that was killed is replaced; the caller holds the owner's lock.
    """
    path = wanted
    if len(os.fsencode(wanted)) > LONGEST:
        path = Path(tempfile.mkdtemp(prefix="agtui-")) / "owner.sock"
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(128)
    listener.setblocking(False)
    return listener, path


def remove_socket(path: Path, wanted: Path) -> None:
    """Take the socket's file away, and its private directory if it has one."""
    path.unlink(missing_ok=True)
    if path != wanted:
        path.parent.rmdir()


def ours(path: Path) -> bool:
    """Whether a socket of this user is there: nobody else's is ever spoken to."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()
