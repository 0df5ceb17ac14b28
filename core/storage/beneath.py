"""Reading files below a directory without ever following a link on the way.

`confined` says whether a name may be used; this opens it so that a link put there a moment later can't
lead elsewhere: each part is opened relative to the one before it, with O_NOFOLLOW.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.domain.failure import GatewayError, Kind

from .files import confined


def read_beneath(root: Path, name: str, limit: int) -> bytes | None:
    """What the file `name` below `root` holds; None when there is no such regular file.

    Raises GatewayError: bad_request for a name that may not be used, too_large above `limit` bytes.
    """
    confined(root, name)
    descriptor = _open(root, name)
    if descriptor is None:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise GatewayError.of(Kind.TOO_LARGE, f"{name} is larger than {limit} bytes; it was not read.")
    return content


def _open(root: Path, name: str) -> int | None:
    *folders, last = name.split("/")
    try:
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                below = os.open(folder, flags, dir_fd=at)
                os.close(at)
                at = below
            # O_NONBLOCK: a named pipe in our place must not hold the thread.
            return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        finally:
            os.close(at)
    except OSError:
        return None  # gone, or a link: for the caller both are "no such file"
