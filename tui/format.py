"""Facts as short texts: when, how long, how many. Pure; times are unix seconds, local in what is shown."""

from __future__ import annotations

import os
from datetime import datetime

from tui.widgets.clean import clean_text


def when(at: float, now: float) -> str:
    """`12:41` today, `11-20 12:41` this year, `2025-11-20` before: never wider than 11 cells."""
    then, present = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    if then.date() == present.date():
        return f"{then:%H:%M}"
    return f"{then:%m-%d %H:%M}" if then.year == present.year else f"{then:%Y-%m-%d}"


def day(at: float, now: float) -> str:
    """The heading a list puts above `at`: today, yesterday, the last 7 days, a month."""
    then, present = datetime.fromtimestamp(at).date(), datetime.fromtimestamp(now).date()
    days = (present - then).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return "last 7 days" if days < 7 else f"{then:%B %Y}"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `41 s`, `2 h 11 m`, `3 d 4 h`."""
    whole = max(round(seconds), 0)
    for unit, size, below, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {below}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def ago(at: float | None, now: float) -> str:
    """`12 s ago`; `never` for None."""
    return "never" if at is None else "just now" if now - at < 2 else f"{span(now - at)} ago"


def count(number: int) -> str:
    """`904`, `9.8k`, `1.2M`: at most 5 cells."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size * 0.9995:
            value = number / size
            return f"{value:.0f}{unit}" if value >= 99.95 else f"{value:.1f}{unit}"
    return str(number)


def plural(number: int, thing: str) -> str:
    """`1 picture`, `2 pictures`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def weight(size: int) -> str:
    """Bytes as `812 B`, `64 KiB`, `1.3 MiB`."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} KiB" if size < 1024 * 1000 else f"{size / 1024 / 1024:.1f} MiB"


def milliseconds(value: float | None) -> str:
    """`812 ms`, `2.1 s`, `3 m 20 s`; empty for None."""
    if value is None:
        return ""
    return (
        f"{value:.0f} ms"
        if value < 1000
        else f"{value / 1000:.1f} s"
        if value < 60_000
        else span(value / 1000)
    )


def short_email(email: str) -> str:
    """`ada@…`: who, without the domain that all of them share."""
    name, at, _ = email.partition("@")
    return f"{name}@…" if at else name


def place(path: str) -> str:
    """A file's path as people write it: the home directory is `~`."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + os.sep) else path


def middle(text: str, cells: int) -> str:
    """`text` in at most `cells` cells, its middle left out: of a path, both ends matter."""
    if len(text) <= cells:
        return text
    tail = max(cells * 2 // 3, 1)
    return text[: max(cells - tail - 1, 0)] + "…" + text[-tail:]


def one_line(text: str) -> str:
    """White space folded, so that a text fits a row, and nothing in it that a terminal could obey."""
    return " ".join(clean_text(text).split())
