"""Copying to the person's own clipboard, over SSH and inside tmux too.

Which road works depends on what is in between (measured with tmux 3.3a, stock settings): tmux drops OSC 52
and passthrough, but takes `load-buffer -w -`, which sets its buffer and the outer terminal's clipboard.
Outside tmux it is OSC 52; what is too long for that goes to a file whose path is said.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

OSC52_LIMIT = 74_000
"""Bytes of text that terminals are known to take in one OSC 52 (xterm's buffer is 100 kB of base64)."""
TMUX_SECONDS = 2.0

Road = Literal["tmux", "terminal", "file", "nowhere"]


@dataclass(frozen=True)
class Copied:
    """Where a text went; `note` says it to the person in a few words."""

    road: Road
    note: str


async def tmux_load_buffer(text: bytes) -> bool:
    """Hand `text` to tmux and to the terminal around it. False if tmux is missing, too old or silent."""
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-", stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text), TMUX_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0


async def copy(
    text: str,
    *,
    in_tmux: bool,
    write: Callable[[str], None],
    spool: Path,
    load_buffer: Callable[[bytes], Awaitable[bool]] = tmux_load_buffer,
) -> Copied:
    """Copy `text` by the first road that works: tmux, the terminal, a file in the directory `spool`.

    `write` sends control sequences to the terminal. Whether a terminal has obeyed OSC 52 can't be known.
    """
    body = text.encode("utf-8", "replace")
    size = f"{len(text):,} character" + ("" if len(text) == 1 else "s")
    if in_tmux and await load_buffer(body):
        return Copied("tmux", f"copied {size} via tmux")
    if len(body) <= OSC52_LIMIT:
        write(f"\x1b]52;c;{base64.b64encode(body).decode()}\x07")
        return Copied("terminal", f"copied {size} via the terminal (OSC 52)")
    path = spool / "clipboard.txt"
    try:
        _write_private(path, body)
    except OSError as error:
        return Copied("nowhere", f"{size} are too many for the terminal, and {path}: {error.strerror}")
    return Copied("file", f"{size} are too many for the terminal: they are in {path}")


def _write_private(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(body)
