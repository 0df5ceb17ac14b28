"""When the program itself is wrong: a report in a file, and a few lines in place of a traceback.

Textual would print the values of local variables, tokens among them, into the person's scrollback. Here
the report holds file, line and source of each frame, secrets masked, and never a variable's value.
What a person can act on (no network, a refused token) is not a crash and never comes here.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KEPT = 10
"""How many reports are kept, the newest ones."""
FOLDER = "crashes"


@dataclass(frozen=True)
class Report:
    """A crash: the file that tells of it (None: it could not be written), and where it happened."""

    path: Path | None
    kind: str
    place: str


def describe(error: BaseException) -> str:
    """The traceback without values of variables, with everything that looks like a secret masked."""
    from core.redact import Redactor

    return Redactor().exception(error)


def write_report(
    error: BaseException,
    directory: Path,
    *,
    stamp: str,
    program: str = "",
    describer: Callable[[BaseException], str] | None = None,
) -> Report:
    """Write `<directory>/crashes/crash-<stamp>.txt` (0600), and drop all but the newest ten.

    `stamp` sorts by time, for example 20260102-150405. Never raises for a full or read-only disk.
    """
    kind, place = type(error).__name__, _place(error)
    try:
        body = (describer or describe)(error)
    except Exception as second:
        body = (
            f"{kind} in {place}\n(the traceback is left out: masking it failed with {type(second).__name__})"
        )
    facts = "\n".join(_facts(program))
    folder = directory / FOLDER
    path = folder / f"crash-{stamp}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{facts}\n\n{body}\n")
    except OSError:
        return Report(None, kind, place)
    for old in sorted(folder.glob("crash-*.txt"))[:-KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return Report(path, kind, place)


def panel(report: Report, kept: bool) -> str:
    """The few lines that are printed once the terminal is itself again."""
    lines = [
        "agtui had to stop because of an error of its own; the terminal is as it was.",
        f"  what    {report.kind} in {report.place}",
        f"  report  {report.path}" if report.path else "  report  could not be written (is the disk full?)",
    ]
    if kept:
        lines.append("  kept    what you had typed is there again at the next start")
    lines.append("The report holds no variables and no keys. Look at it before you send it to anyone.")
    return "\n".join(lines)


def _place(error: BaseException) -> str:
    """The innermost frame of our own code, else the innermost of all: `tui/panes/chat.py:120`."""
    root = Path(__file__).resolve().parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    own = [frame for frame in own if "site-packages" not in Path(frame.filename).relative_to(root).parts]
    if not frames:
        return "an unknown place"
    last = (own or list(frames))[-1]
    path = Path(last.filename)
    return f"{path.relative_to(root) if own else path.name}:{last.lineno}"


def _facts(program: str) -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        textual = version("textual")
    except PackageNotFoundError:
        textual = "?"
    return [
        f"agtui {program or '?'}, textual {textual}, Python {platform.python_version()} on {sys.platform}",
        f"TERM={os.environ.get('TERM', '')} COLORTERM={os.environ.get('COLORTERM', '')}",
    ]
