"""Text from outside made safe for a terminal: model output, log lines, file names, prompts.

Pure. Everything that a terminal could obey (escape sequences, control characters) or that could make
text read differently from what it is (bidirectional overrides, invisible joiners in odd places) goes
out here, before any widget lays it out. Nothing here knows of markup: callers never interpret it.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    # Sequences with a body (OSC, DCS, SOS, PM, APC) up to BEL or ST, or to the end of the line.
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    # CSI with its parameters, in both spellings.
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    # Everything else that ESC introduces: charset choices, single shifts, resets.
    r"|\x1b[ -/]*[0-~]?"
)
_SPECIAL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"
    # Bidirectional embeddings, overrides, isolates, marks; line and paragraph separators; BOM; tags.
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\U000e0000-\U000e007f"
    # Interlinear annotation and lone surrogates, which no terminal draws and no UTF-8 encoder accepts.
    r"\ufff9-\ufffb\ud800-\udfff]"
)

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _stand_in(found: re.Match[str]) -> str:
    char = found.group()
    if char in "\u2028\u2029\x85":
        return "\n"
    return REPLACEMENT if "\ud800" <= char <= "\udfff" else ""


def clean_text(text: str, tab: int = 4) -> str:
    """`text` with escape sequences, control characters and bidi controls removed.

    Line ends become `\\n`, tabs become spaces up to the next multiple of `tab` columns (0 keeps tabs).
    Lone surrogates become U+FFFD, so the result can always be encoded as UTF-8. Idempotent.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _SPECIAL.search(text):  # which every escape sequence begins with, too
        # One removal can join the halves of another sequence, so repeat until nothing is left to remove.
        before = None
        while before != text:
            before = text
            text = _SPECIAL.sub(_stand_in, _ESCAPES.sub("", text))
    if tab and "\t" in text:
        text = "\n".join(line.expandtabs(tab) if "\t" in line else line for line in text.split("\n"))
    return text


def clean_line(text: str) -> str:
    """`clean_text` on one row: line ends become spaces, so that the result never breaks a layout."""
    return clean_text(text).replace("\n", " ")
