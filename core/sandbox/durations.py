"""Lengths of time as Go and people write them: `3.957525076s`, `1h16m3.2s`, `5h`, `7d`."""

import re
from typing import Final

_UNITS: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_STEP: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_WHOLE: Final = re.compile(rf"(?:{_STEP.pattern})+")


def seconds(text: str) -> float | None:
    """The seconds of `1h16m3.2s`, `700ms`, `7d` or a bare number; None for anything else."""
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _STEP.findall(text))


def duration(seconds: float) -> str:
    """A Go duration."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
