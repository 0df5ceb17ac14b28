"""How commands speak: data to stdout, words to stderr, plain when piped, nothing that drives a terminal
but what we style ourselves.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import click
import msgspec

GAP: Final = "  "
"""Between two columns of a table."""
NARROWEST: Final = 10
"""Characters below which no column of a table is folded."""

# C0 (but tab and newline), DEL, C1, and the characters that turn the direction of text around.
_UNSAFE = dict.fromkeys(
    [
        *(*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)),
        *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    ]
)


def clean(text: str) -> str:
    """`text` without what a terminal would obey: control characters and direction marks.

    An escape sequence loses its ESC and stays as harmless text, so that pieces of a stream can be
    cleaned one by one.
    """
    return text.translate(_UNSAFE)


def one_line(text: str, width: int = 0) -> str:
    """`text` cleaned, on one line, cut to `width` characters (0: as long as it is)."""
    line = " ".join(clean(text).split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def color_choice(env: Mapping[str, str]) -> bool | None:
    """What the environment asks for: never (False), always (True), or only on a terminal (None)."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR") or env.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return False if env.get("CLICOLOR") == "0" else None


def on_terminal() -> bool:
    return sys.stdout.isatty()


def words(text: str = "") -> None:
    """Something for the person: stderr."""
    click.echo(text, err=True)


def data(text: str) -> None:
    """Something for the next program, or to be read: stdout."""
    click.echo(text)


def write(text: str) -> None:
    """A piece of an answer as it arrives; cleaned when it goes to a terminal."""
    sys.stdout.write(clean(text) if on_terminal() else text)
    sys.stdout.flush()


def emit_json(value: Any) -> None:
    """One JSON document on stdout, indented for a terminal."""
    encoded = msgspec.json.encode(value)
    if on_terminal():
        # Control characters are \u escapes in JSON; C1 and direction marks are not.
        data(clean(msgspec.json.format(encoded, indent=2).decode()))
    else:
        data(encoded.decode())


def emit_line(value: Any) -> None:
    """One line of JSON on stdout: for lists that grow."""
    line = msgspec.json.encode(value).decode()
    data(clean(line) if on_terminal() else line)


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
    """Columns on stdout below a header; tabs instead of spaces when piped, where the header always comes.

    In a terminal that is too narrow the widest columns are folded.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not on_terminal():
        for row in [header, *cells]:
            data("\t".join(row))
        return
    if not cells:
        return
    natural = [max(len(row[at]) for row in [list(header), *cells]) for at in range(len(header))]
    widths = _fitted(natural, terminal_size()[0])
    for line in _columns(header, widths):
        data(click.style(line, bold=True))
    for row in cells:
        for line in _columns(row, widths):
            data(line)


def _fitted(widths: Sequence[int], room: int) -> list[int]:
    """`widths`, the widest made narrower until they fit side by side, but never too narrow to read.

    The first column, which names its row, comes last.
    """
    fitted = list(widths)
    for first in (1, 0):
        while sum(fitted) + len(GAP) * (len(fitted) - 1) > room:
            widest = max(range(first, len(fitted)), key=fitted.__getitem__, default=0)
            if fitted[widest] <= NARROWEST:
                break
            fitted[widest] -= 1
    return fitted


def _columns(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    folded = [_folded(cell, width) for cell, width in zip(row, widths, strict=True)]
    for pieces in zip_longest(*folded, fillvalue=""):
        yield GAP.join(piece.ljust(width) for piece, width in zip(pieces, widths, strict=True)).rstrip()


def _folded(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    from textwrap import wrap

    return wrap(text, width)


def sentence(text: str) -> None:
    """One line on stdout. A terminal that is too narrow gets it folded between words and indented below."""
    line = one_line(text)
    width = terminal_size()[0]
    if not on_terminal() or len(line) <= width:
        data(line)
        return
    from textwrap import wrap

    for piece in wrap(line, width, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False):
        data(piece)


def moment(at: float) -> str:
    """Local date and time of day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def clock(at: float) -> str:
    """Local time of day, with the date when it was another day."""
    then = moment(at)
    return then.removeprefix(time.strftime("%Y-%m-%d ", time.localtime()))


def span(seconds: float) -> str:
    """`59 s`, `12 min`, `1 h 16 min`: how long something still takes."""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def milliseconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def terminal_size() -> tuple[int, int]:
    """Columns and lines of the terminal; 80 by 24 when there is none."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 80, 24
    # A serial line or a bare pty tells 0 by 0.
    return size.columns or 80, size.lines or 24
