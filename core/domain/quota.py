"""What is left of a quota, in cells and words: the same on every screen. Pure.

State shows by length and by number, so it survives NO_COLOR; colour only repeats it.
"""

from __future__ import annotations

from typing import Final, Literal

QuotaLevel = Literal["good", "mid", "low"]

FULL: Final = "━"
EMPTY: Final = "·"


def quota_level(left: float) -> QuotaLevel:
    """`low` below 15 %, `mid` below 40 %, else `good`."""
    return "low" if left < 0.15 else "mid" if left < 0.4 else "good"


def quota_cells(left: float, width: int = 10) -> str:
    """`left` (0 to 1) as `width` cells. Anything left shows at least one full cell, nothing left none."""
    left = min(1.0, max(0.0, left))
    full = min(width, max(1 if left > 0 else 0, round(left * width)))
    if full == width and left < 0.995:
        full = width - 1
    return FULL * full + EMPTY * (width - full)


def percent(left: float) -> str:
    """Four cells: ` 81%`. 0 and 100 are shown only when they are true."""
    left = min(1.0, max(0.0, left))
    shown = 1 if 0 < left < 0.01 else 99 if 0.99 < left < 1 else round(left * 100)
    return f"{shown:>3}%"


def reset_text(seconds: float | None) -> str:
    """When the quota comes back, `in 41 m`, `in 2 h 11 m` or `in 3 d 4 h`; empty if unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"in {max(0, round(seconds))} s"
    minutes = int(seconds) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"in {days} d {hours} h" if hours else f"in {days} d"
    if hours:
        return f"in {hours} h {minutes} m" if minutes else f"in {hours} h"
    return f"in {minutes} m"
