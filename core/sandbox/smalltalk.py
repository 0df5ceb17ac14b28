"""Questions that want company more than knowledge, and those that only a network could answer."""

import re
from collections.abc import Callable
from typing import Final

from core.sandbox.subjects import subject_of, title

_JOKE: Final = re.compile(r"\bjokes?\b|\bmake me laugh\b|\bsomething funny\b", re.I)
_STORY: Final = re.compile(
    r"\b(story|fairy ?tale|bedtime)\b(?:.*?\b(?:about|of|with)\b)?\s*(?P<about>.*)", re.I | re.S
)
_LIVE: Final = re.compile(
    r"\b(weather|forecast|temperature outside|news|headlines|stock price|exchange rate|what time|which day|"
    r"today's date|what day|what date|who won|latest|current price|happened (on|in))\b",
    re.I,
)
_NAMED: Final = re.compile(r"[.?!\n]")
_MEANING: Final = re.compile(r"\bmeaning of life\b", re.I)
_JOKES: Final = (
    ("Why do programmers mix up Halloween and Christmas?", "Because OCT 31 = DEC 25."),
    ("A TCP packet walks into a bar and says: “A beer, please.”", "“You want a beer?” — “Yes, a beer.”"),
    ("How many terminals does it take to change a light bulb?", "One, but first: which `$TERM` is it?"),
    ("There are two hard things in computing:", "naming things, cache invalidation, and off-by-one errors."),
)


def answer(question: str, pick: Callable[[str, int], int]) -> str | None:
    """Markdown for small talk, or None. `pick` chooses by the question, so the same one gets the same."""
    if _MEANING.search(question):
        return (
            "## 42\n\nThat is the short answer. The longer one is in three parts:\n\n"
            "1. Something to do,\n2. someone to do it with,\n3. a good reason to get up tomorrow.\n\n"
            "```python\nassert meaning_of_life() == 42  # left as an exercise\n```\n"
        )
    if _JOKE.search(question):
        opening, ending = _JOKES[pick(question, len(_JOKES))]
        return f"{opening}\n\n**{ending}**\n"
    if is_live(question):
        return _offline(question)
    match = _STORY.search(question)
    if match and re.match(r"\W*(please\s+)?(write|tell|make|invent|i want|a|give)\b", question, re.I):
        return _story(_NAMED.split(match["about"])[0].strip(" \t:,\"'*") or "a small terminal")
    return None


def is_live(question: str) -> bool:
    """Whether the answer changes by the day, so that only a search can find it."""
    return _LIVE.search(question) is not None


def searched(question: str) -> str:
    """The answer to a live question when sources are at hand: simulated ones, and said so."""
    subject = subject_of(question)
    return (
        f"Three pages were found about *{subject}*. They are simulated, as is this sentence.\n\n"
        f"## {title(subject)}\n\n- The links lead to example pages, which exist and say nothing about it.\n"
        "- With a real account, model and search the answer stands here.\n\n"
        "| Source | Kind |\n| --- | --- |\n| en.example.org | overview |\n| news.example.net | report |\n"
        "| example.com | guide |\n"
    )


def _offline(question: str) -> str:
    return (
        f"## {title(subject_of(question))}\n\nThat changes by the day, and the **sandbox** has no network: "
        "I won't make it up. With a real account the same question gets a real answer.\n\n"
        "| To find out now | Try |\n| --- | --- |\n| the time | `date` |\n| the weather | `curl wttr.in` |\n"
        "| news and results | a model with search, or the browser |\n\n"
        "- To see how an answer with sources looks here, add `[[search]]` to the question.\n"
    )


def _story(subject: str) -> str:
    known = re.sub(r"^an?\s", "the ", subject, flags=re.I)
    return (
        f"## {title(subject)}\n\nOnce, at the far end of a long corridor, there was {subject}. Nobody had "
        "planned it; it had simply come in one day and stayed, and had learned to listen.\n\n"
        "One night the lights went out. The large machines fell silent, one after the other, each sure "
        f"that another would take over. Only {known} stayed awake, because nobody had ever said how to "
        "stop.\n\n"
        "> “Is anyone there?” someone typed.\n>\n> “Yes,” it wrote back. “Take your time.”\n\n"
        "By morning everything ran again, and no report mentioned it. But since then people lower their "
        f"voices a little when they pass {known}, the way one does near something that has kept a "
        "promise.\n\n"
        "- **Turn:** the lights go out.\n- **Ending:** small, and kept.\n"
    )
