"""What the sandbox's chat models say: a useful Markdown answer, the same for the same question.

Pure: a question and what was asked before it in, text out. It recognises the kind of question by its
words and answers from small tables (`facts`, `snippets`, `phrasebook`), or, where it knows nothing, says
so and helps to think. It is no language model and doesn't pretend to be one.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final

from core.sandbox import arithmetic, essays, facts, phrasebook, smalltalk, snippets
from core.sandbox.subjects import subject_of

_GREETING: Final = re.compile(
    r"(hi|hello|hey|hallo|moin|servus|guten (tag|morgen|abend)|bonjour|salut|hola|ciao|good "
    r"(morning|evening|afternoon)|greetings|yo)\b[\s,!.]*(there|you|agtui|sandbox|all|world)?[\s!.,?]*",
    re.I,
)
_THANKS: Final = re.compile(r"(many )?(thanks|thank you|thx|cheers|merci|danke|gracias)\b.{0,30}", re.I)
_ABILITY: Final = re.compile(
    r"(what|which things) can you do|who are you|what are you\b|how do you work|^help\b|your name", re.I
)
_LONGEST: Final = 4000
"""Characters of a question that are looked at; more are data, and patterns are slow on them."""

_SUMMARY: Final = re.compile(
    r"\b(summari[sz]e|tl;?dr|sum up|shorten)\b[^:\n]*[:\n]\s*(?P<text>.{40,})", re.I | re.S
)


def answer(question: str, earlier: Sequence[str] = (), searched: bool = False) -> str:
    """Markdown about `question`, mostly 150 to 350 tokens.

    `earlier`: the user's texts before it. `searched`: sources will be shown beside the answer.
    """
    asked = question.strip()[:_LONGEST]
    if not asked:
        return "I see no question in your message. Ask me anything; I answer from the sandbox, offline."
    if _GREETING.fullmatch(asked):
        return essays.greeting(pick(asked, 3))
    if _THANKS.fullmatch(asked):
        return essays.thanks(subject_of(earlier[-1]) if earlier else "")
    if len(asked) < 80 and _ABILITY.search(asked):
        return essays.abilities()
    if searched and smalltalk.is_live(asked):
        return smalltalk.searched(asked)
    for kind in _KINDS:
        if text := kind(asked):
            return text
    return essays.outline(subject_of(asked), pick(asked, 3), bool(earlier))


def thoughts(question: str) -> str:
    """What a thinking model says to itself before `answer(question)`."""
    subject = subject_of(question) or "the message"
    steps = (
        f"**Reading the question**\n\nThe user wants something about {subject}. "
        f"{_size(len(question.split()))}, so I look for what it really asks.\n\n",
        "**Choosing a form**\n\nA short heading, the answer first, then details that can be checked: "
        "a list or a table, and a snippet where one helps.\n\n",
        "**Checking**\n\nNothing here needs the network. I keep to what is certain and say what isn't.",
    )
    return "".join(steps)


def _size(words: int) -> str:
    return "It is one word" if words == 1 else f"It has {words} words"


def pick(question: str, among: int) -> int:
    """A number below `among` that depends on `question` alone."""
    return hashlib.sha256(question.encode()).digest()[0] % among


def _summary(asked: str) -> str | None:
    match = _SUMMARY.search(asked)
    return essays.summary(match["text"]) if match else None


def _small_talk(asked: str) -> str | None:
    return smalltalk.answer(asked, pick)


_KINDS: Final[tuple[Callable[[str], str | None], ...]] = (
    _summary,
    phrasebook.translate,
    arithmetic.answer,
    _small_talk,
    snippets.answer,
    essays.verse,
    essays.comparison,
    facts.answer,
    essays.list_of,
    essays.message,
)
