"""Names of the user's own for models: the table `[aliases]` of the settings, name or pattern -> model.

Looked up once, before a provider resolves the names that it knows; a model that an alias leads to is no
alias again, so that no circle can come about.
"""

from __future__ import annotations

from collections.abc import Mapping

ANY = "*"


def aliased(model: str, aliases: Mapping[str, str]) -> str:
    """The model that `model` stands for; itself if no alias does.

    A name that is written out wins over patterns, and of those the one with the most literal characters;
    where they have as many, the longest, and of those the first in the alphabet.
    """
    if model in aliases:
        return aliases[model]
    patterns = [name for name in aliases if ANY in name and fits(model, name)]
    if not patterns:
        return model
    return aliases[min(patterns, key=lambda name: (name.count(ANY) - len(name), -len(name), name))]


def written_out(aliases: Mapping[str, str]) -> tuple[str, ...]:
    """The names that can be listed: a pattern is none."""
    return tuple(name for name in aliases if ANY not in name)


def fits(model: str, pattern: str) -> bool:
    """Whether `pattern` is `model`, its `*` standing for any text. Takes time in proportion to the name,
    whatever it is: it comes from clients."""
    if ANY not in pattern:
        return model == pattern
    head, *middle, tail = pattern.split(ANY)
    if len(model) < len(head) + len(tail) or not model.startswith(head) or not model.endswith(tail):
        return False
    at, end = len(head), len(model) - len(tail)
    for piece in middle:
        found = model.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
