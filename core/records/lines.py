"""The line in the log that a finished request leaves, for people to read."""

from __future__ import annotations

from core.domain.plan import RequestRecord
from core.domain.state import Level, LogLine
from core.redact import short_email

from .ring import clean


def request_line(row: RequestRecord, seq: int) -> LogLine:
    """`POST /v1/chat/completions 200 812 ms ada@… gemini-3-pro-high ↑120 ↓904`"""
    return LogLine(seq, row.at, _level(row), "requests", clean(_text(row)), row.id, row.account)


def _level(row: RequestRecord) -> Level:
    if row.kind in ("ok", "cancelled"):
        return "info"
    return "error" if row.status >= 500 else "warning"


def _text(row: RequestRecord) -> str:
    # Only a door over HTTP has a path with a slash; the program's own doors name what they do.
    door = f"POST {row.path}" if row.path.startswith("/") else f"{row.door} {row.path}".rstrip()
    words = [door, str(row.status), duration(row.duration_ms)]
    if row.email or row.account:
        words.append(short_email(row.email) or row.account)
    asked = row.asked or row.model
    words.append(asked if row.model in ("", asked) else f"{asked} → {row.model}")
    if row.usage.input or row.usage.output:
        words.append(f"↑{row.usage.input} ↓{row.usage.output}")
    if row.pictures:
        words.append("1 picture" if row.pictures == 1 else f"{row.pictures} pictures")
    if row.replays:
        words.append(f"replays {row.replays}")
    steps = row.plan.steps if row.plan else ()
    if searches := sum(step.kind == "search" for step in steps):
        words.append("1 search" if searches == 1 else f"{searches} searches")
    if len(row.attempts) > max(1, len(steps)):
        words.append(f"{len(row.attempts)} attempts")
    if row.kind != "ok":
        words.append(f"{row.kind}{f' ({row.cause})' if row.cause not in ('', 'none') else ''}: {row.message}")
    return " ".join(word for word in words if word)


def duration(milliseconds: float) -> str:
    """`812 ms`, `12.3 s`"""
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"
