"""Steering words: what a prompt can make the sandbox do, for trying a client against bad moments.

They count only in the last text block of the last user turn, so that system texts, reminders and history
never set one off.
"""

import re
from typing import Final

from msgspec import Struct

POSSIBLE: Final = range(400, 600)
"""Statuses that an upstream refuses with."""

_ERROR: Final = re.compile(r"\[\[error (\d{3})(?: (\d+(?:\.\d+)?)(ms|s|m|h)?)?\]\]")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_ANY_ERROR: Final = re.compile(r"\[\[error(?: [^\]]{0,40})?\]\]")
_WORDS: Final = re.compile(r"\[\[(?:slow|cut|hang|empty|big|search|error(?: [^\]]{0,40})?)\]\]")

USE_THE_TOOL: Final = "use the tool"


class Steering(Struct, frozen=True):
    """What the last user text asks of the sandbox. `delay` (seconds) belongs to `error`; `mistaken` is
    an `[[error ...]]` that names no status to refuse with."""

    use_tool: bool = False
    slow: bool = False
    cut: bool = False
    hang: bool = False
    empty: bool = False
    big: bool = False
    search: bool = False
    error: int | None = None
    delay: float | None = None
    mistaken: str = ""


def read(text: str) -> Steering:
    """The steering words in `text`; `use the tool` in any case, the others exactly."""
    use_tool = USE_THE_TOOL in text.lower()
    if "[[" not in text:
        return Steering(use_tool=use_tool)
    error = _ERROR.search(text)
    status = int(error[1]) if error and int(error[1]) in POSSIBLE else None
    unclear = _ANY_ERROR.search(text) if status is None else None
    delay = float(error[2]) * _SECONDS[error[3] or "s"] if error and error[2] else None
    return Steering(
        use_tool=use_tool,
        slow="[[slow]]" in text,
        cut="[[cut]]" in text,
        hang="[[hang]]" in text,
        empty="[[empty]]" in text,
        big="[[big]]" in text,
        search="[[search]]" in text,
        error=status,
        delay=delay if status is not None else None,
        mistaken=unclear[0] if unclear else "",
    )


def without_words(text: str) -> str:
    """`text` as the question it is, the words in brackets taken out."""
    return re.sub(r"[ \t]{2,}", " ", _WORDS.sub("", text)).strip()


def correction(mistaken: str) -> str:
    """What to write instead of an `[[error ...]]` that says nothing."""
    return (
        f"`{mistaken}` names no status that an upstream refuses with. Possible are {POSSIBLE[0]} to "
        f"{POSSIBLE[-1]}, for example `[[error 429]]`, `[[error 429 90s]]` or `[[error 503]]`."
    )
