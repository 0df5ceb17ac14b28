"""Finds what a question is about: its words without the asking."""

import re
from typing import Final

_ASKING: Final = re.compile(
    r"^(please|hey|hi|hello|ok|so|well|now|and|but|could you|can you|would you|will you|"
    r"i want you to|i want to|"
    r"i need to|i need|i'd like to|i would like to|help me( to)?|tell me( more)?( about)?|teach me( about)?|"
    r"explain( to me)?|describe|define|discuss|give me|show me|write( me)?|make( me)?|create|draft|compose|"
    r"what('s| is| are| was| were| does| do)|who('s| is| was| are)|where('s| is| are)|when( is| was| did)|"
    r"why( is| are| do| does| did)?|how( do| does| can| to| is| are| did| would| should)?( i| you| we)?|"
    r"which|should i|do you know|is there|are there|the meaning of|meaning of|about|for me)\b[\s,:]*",
    re.I,
)
_ARTICLE: Final = re.compile(r"^(a|an|the|some|my|your)\s+", re.I)
_LONGEST: Final = 60


def subject_of(text: str) -> str:
    """What `text` is about, in its own words, at most 60 characters; empty if nothing is left."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = re.split(r"(?<=[.!?])\s", line)[0]
    before = None
    while before != line:
        before = line
        line = _ASKING.sub("", line, count=1)
    line = _ARTICLE.sub("", line.strip(" \t?!.,:;\"'`*#>-"))
    if len(line) > _LONGEST:
        line = line[:_LONGEST].rsplit(" ", 1)[0] + "…"
    return line.replace("|", "/").replace("`", "'")


def title(subject: str) -> str:
    """`subject` as a heading: its first letter large, the rest as it was."""
    return subject[:1].upper() + subject[1:]
