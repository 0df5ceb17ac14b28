"""Steering words: what a prompt can make the sandbox do, for trying a client against bad moments.

They count only in the last text block of the last user turn, so that system texts, reminders and history
never set one off. A script (`script`) steers with the same values.
"""

import re
from typing import Final

from msgspec import Struct

from core.sandbox.durations import seconds
from core.sandbox.refusals import NAMES, POSSIBLE, Refusal

FORMS: Final = ("body", "array", "stream", "answer")
"""How a refusal travels, see `Refusal`."""

ACCIDENTS: Final = ("slow", "cut", "hang", "close", "silent", "empty", "thoughts", "malformed", "blocked")
"""Words that are a field of `Steering`, and answers of a script."""

USE_THE_TOOL: Final = "use the tool"
CHUNKS: Final = 3
"""Chunks of an answer that arrive before an accident in its middle."""

_ERROR: Final = re.compile(r"\[\[error(?: ([^\]]{0,60}))?\]\]")
_WORDS: Final = re.compile(rf"\[\[(?:{'|'.join((*ACCIDENTS, 'big', 'search'))})\]\]|{_ERROR.pattern}")


class Steering(Struct, frozen=True):
    """What is asked of the sandbox besides an answer.

    `slow`: a chunk every 200 ms. `cut`, `hang`: the connection dies, or falls silent, after `chunks` chunks.
    `close`, `silent`: the same before the first byte. `empty`: no content; `thoughts`: thoughts and nothing
    else; `malformed`: a tool call without a proper form; `blocked`: stopped by a filter. `big`: 2,000
    chunks. `wait` (seconds) comes before all of it. `mistaken` is an `[[error ...]]` that names nothing.
    """

    use_tool: bool = False
    slow: bool = False
    cut: bool = False
    hang: bool = False
    close: bool = False
    silent: bool = False
    empty: bool = False
    thoughts: bool = False
    malformed: bool = False
    blocked: bool = False
    big: bool = False
    search: bool = False
    refusal: Refusal | None = None
    chunks: int = CHUNKS
    wait: float = 0.0
    mistaken: str = ""


def read(text: str) -> Steering:
    """The steering words in `text`; `use the tool` in any case, the others exactly."""
    use_tool = USE_THE_TOOL in text.lower()
    if "[[" not in text:
        return Steering(use_tool=use_tool)
    found = {word: True for word in (*ACCIDENTS, "big", "search") if f"[[{word}]]" in text}
    asked = list(_ERROR.finditer(text))
    refusals = [refusal for one in asked if (refusal := _refusal(one[1] or "")) is not None]
    return Steering(
        use_tool=use_tool,
        **found,
        refusal=refusals[0] if refusals else None,
        mistaken=asked[0][0] if asked and not refusals else "",
    )


def _refusal(words: str) -> Refusal | None:
    """`429`, `quota 90s`, `rate stream`, `rate 2s stream`: a name or status, a reset, a form."""
    name, *rest = words.split(" ")
    if not (name in NAMES or (name.isascii() and name.isdecimal() and int(name) in POSSIBLE)):
        return None
    form = rest.pop() if rest and rest[-1] in FORMS else "body"
    if not rest:
        return Refusal(name, form=form)
    reset = seconds(rest.pop())
    return Refusal(name, reset, form) if reset is not None and not rest else None


def without_words(text: str) -> str:
    """`text` as the question it is, the words in brackets taken out."""
    return re.sub(r"[ \t]{2,}", " ", _WORDS.sub("", text)).strip()


def correction(mistaken: str) -> str:
    """What to write instead of an `[[error ...]]` that says nothing."""
    return (
        f"`{mistaken}` names nothing that an upstream refuses with. Possible are the statuses {POSSIBLE[0]} "
        f"to {POSSIBLE[-1]} and the names {', '.join(NAMES)}; then, if you like, when it is over and how it "
        "travels: `[[error 429]]`, `[[error quota 90s]]`, `[[error capacity stream]]`."
    )
