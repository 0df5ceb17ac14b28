"""The owner's socket as a file: 0600, in a directory that only this user may write.

Opens sockets for listening; says nothing of what is spoken on them.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from core.domain.failure import Cause, GatewayError, Kind


def listening_socket(path: Path) -> socket.socket:
    """A listening Unix socket at `path`, for this user only.

    A leftover file of an owner that was killed is replaced; the caller holds the owner's lock. Raises
    GatewayError(forbidden) when the directory is somebody else's or open to others: a path below the
    temporary directory may have been taken by another user.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    place = path.parent.lstat()
    if not stat.S_ISDIR(place.st_mode) or place.st_uid != os.geteuid() or place.st_mode & 0o022:
        raise GatewayError.of(
            Kind.FORBIDDEN,
            f"{path.parent} must be a directory that belongs to you and that nobody else may write: "
            "the owner's socket is opened there.",
            cause=Cause.CONFIG,
        )
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
    return listener


def ours(path: Path) -> bool:
    """Whether a socket of this user is there: nobody else's is ever spoken to."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
