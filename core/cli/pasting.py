"""Lines from standard input while the program goes on with something else."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator

CHUNK = 65_536


async def typed_lines() -> AsyncGenerator[str]:
    """Each line as it comes, without its end; ends with the input. Close it to stop reading."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    try:
        fd = sys.stdin.fileno()
        # At once in the callback: what is left unread would wake the loop again and again.
        loop.add_reader(fd, lambda: arrived.put_nowait(_read(fd)))
    except (OSError, ValueError):
        # A file or a test's stand-in: reading it never waits for long, but nothing tells when it can be read.
        while line := await asyncio.to_thread(sys.stdin.readline):
            yield line.rstrip("\r\n")
        return
    rest = b""
    try:
        while chunk := await arrived.get():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", "replace").rstrip("\r")
        loop.remove_reader(fd)
        if rest:
            yield rest.decode("utf-8", "replace")
    finally:
        loop.remove_reader(fd)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, CHUNK)
    except OSError:
        return b""  # the terminal is gone
