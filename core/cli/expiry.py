"""The end of something, as people write it: a span from now, or a date."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Final

import click

SPANS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_SPAN: Final = re.compile(r"(\d{1,6})\s*([mhdw])", re.IGNORECASE)


class Expiry(click.ParamType[float]):
    """Becomes unix seconds in the future."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text, now = str(value), time.time()
        try:
            at = expiry(text, now)
        except ValueError:
            self.fail(f"{text!r} is no time: write 12h, 30d, 8w, or a date like 2027-01-01.", param, ctx)
        if at <= now:
            self.fail(f"{text} has passed.", param, ctx)
        return at


def expiry(text: str, now: float) -> float:
    """Unix seconds of `30d` (from `now`) or of `2027-01-01`, `2027-01-01T18:00`, `…+02:00`.

    A date is its first moment; without an offset, times are of this machine's zone. Raises ValueError.
    """
    if span := _SPAN.fullmatch(text.strip()):
        return now + int(span[1]) * SPANS[str(span[2]).lower()]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except OverflowError as error:
        raise ValueError(text) from error
