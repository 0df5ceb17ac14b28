"""Answers from the shelf, so that "what is SSH?" gets a real answer offline."""

import re
from typing import Final

from core.sandbox.fact import Fact
from core.sandbox.shelf_computing import COMPUTING
from core.sandbox.shelf_world import CAPITALS, WORLD

_ASKS: Final = re.compile(
    r"\b(what|who|explain|how do(es)?|why|describe|define|tell me|teach me|meaning|know about|introduc\w+)\b",
    re.I,
)
_CAPITAL: Final = re.compile(r"\bcapital (?:city )?of (?:the )?([a-z ]+?)[\s?.!]*$", re.I)


def answer(question: str) -> str | None:
    """Markdown about the subject that `question` asks for, or None if it isn't on the shelf."""
    capital = _CAPITAL.search(question)
    if capital and (city := CAPITALS.get(capital[1].lower())):
        return _capital(capital[1].strip().title(), city)
    lower = question.lower()
    if not _ASKS.search(lower) and len(lower.split()) > 4:
        return None
    named = [
        (lower.find(word), fact)
        for fact in (*WORLD, *COMPUTING)
        for word in fact.words
        if _holds(lower, word)
    ]
    return _text(min(named, key=lambda pair: pair[0])[1]) if named else None


def _holds(lower: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lower) is not None


def _text(fact: Fact) -> str:
    points = "\n".join(f"- {point}" for point in fact.points)
    rows = "\n".join(f"| {left} | {right} |" for left, right in fact.rows)
    language, code = fact.code
    return (
        f"## {fact.title}\n\n{fact.short}\n\n{points}\n\n"
        f"| {fact.head[0]} | {fact.head[1]} |\n| --- | --- |\n{rows}\n\n"
        f"For example:\n\n```{language}\n{code}\n```\n"
    )


def _capital(country: str, city: str) -> str:
    others = "\n".join(f"| {name.title()} | {town} |" for name, town in list(CAPITALS.items())[:4])
    return (
        f"## {city}\n\nThe capital of {country} is **{city}**.\n\n"
        f"Some others for comparison:\n\n| Country | Capital |\n| --- | --- |\n{others}\n"
    )
