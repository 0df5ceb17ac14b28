"""One log line as one row: time, level, source, text, with matches marked. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.domain.state import LogLine
from tui.widgets.clean import clean_line
from tui.widgets.selection import Highlight, highlighted

NAMES = {"debug": "DEBUG", "info": "INFO ", "warning": "WARN ", "error": "ERROR"}
NARROW = 100
"""Below this many cells milliseconds are left out."""


class LogStyles(NamedTuple):
    """Component styles `log--<field>` of a LogView; only their colours and weights are used."""

    time: Style
    source: Style
    debug: Style
    info: Style
    warning: Style
    error: Style
    match: Style
    cursor: Style
    bar: Style


@lru_cache(maxsize=256)
def _second(second: int, local: Callable[[float], time.struct_time]) -> str:
    """`HH:MM:SS` once a second and not once a line."""
    return time.strftime("%H:%M:%S", local(second))


@lru_cache(maxsize=256)
def _ink(base: Style, style: Style) -> Style:
    """`style` without its background: the row has its own."""
    return base + Style(color=style.color, bold=style.bold, underline=style.underline)


def log_row(
    line: LogLine,
    styles: LogStyles,
    base: Style,
    local: Callable[[float], time.struct_time],
    words: str,
    width: int,
    at_cursor: bool,
) -> Strip:
    """A row as wide as it needs to be (the view crops it). `words` are underlined where they occur."""
    under = base + Style(color=styles.cursor.color, bgcolor=styles.cursor.bgcolor) if at_cursor else base
    stamp = _second(int(line.at), local)
    if width >= NARROW:
        stamp += f".{int(line.at % 1 * 1000):03d}"

    def quiet(style: Style) -> Style:
        """A dim ink, which the cursor's row does without: dim on a coloured row cannot be read."""
        return under if at_cursor else _ink(under, style)

    level = quiet(styles.debug) if line.level == "debug" else _ink(under, getattr(styles, line.level))
    segments = [
        Segment("▌" if at_cursor else " ", _ink(under, styles.bar)),
        Segment(stamp + " ", quiet(styles.time)),
        Segment(NAMES[line.level] + " ", level),
        Segment(f"{line.source:<8.8} ", quiet(styles.source)),
        Segment(clean_line(line.text), level if line.level == "debug" else under),
    ]
    if words:
        segments = highlighted(segments, _marks(segments, words.casefold(), styles.match))
    return Strip(segments, sum(cell_len(segment.text) for segment in segments))


def _marks(segments: list[Segment], words: str, style: Style) -> list[Highlight]:
    """Where `words` occur in source and text; times and levels are not what was searched."""
    skip = sum(len(segment.text) for segment in segments[:3])
    text = "".join(segment.text for segment in segments[3:]).casefold()
    ink = Style(color=style.color, bold=style.bold, underline=style.underline)
    found: list[Highlight] = []
    at = text.find(words)
    while at >= 0:
        found.append((skip + at, skip + at + len(words), ink))
        at = text.find(words, at + len(words))
    return found


def plain_row(line: LogLine, local: Callable[[float], time.struct_time]) -> str:
    """The line as text, for the clipboard."""
    return f"{_second(int(line.at), local)} {NAMES[line.level]} {line.source} {clean_line(line.text)}"
