"""Prompts from the command line and from standard input."""

from __future__ import annotations

import os
import select
import stat
import sys

from .output import words

PATIENCE = 1.0
"""Seconds of an open but silent stdin after which we say what we are waiting for."""


def prompt_text(given: tuple[str, ...]) -> str:
    """The words of the command line, then what stdin holds when it is a pipe or a file.

    `-` stands for stdin at its place. A terminal is only read when `-` asks for it.
    """
    piped = _is_piped()
    if not given:
        return _read_stdin().strip() if piped else ""
    pieces = [_read_stdin().strip() if word == "-" else word for word in given]
    text = "\n\n".join(pieces) if "-" in given else " ".join(pieces)
    if piped and "-" not in given:
        more = _read_stdin().strip()
        text = f"{text}\n\n{more}" if more else text
    return text.strip()


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return not sys.stdin.isatty()  # not a real file: a test's, or none
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _read_stdin() -> str:
    try:
        ready, _, _ = select.select([sys.stdin], [], [], PATIENCE)
    except (OSError, ValueError):
        ready = [sys.stdin]
    if not ready:
        words("agtui: reading standard input (ctrl+d ends it; `< /dev/null` leaves it out)")
    return sys.stdin.read()
