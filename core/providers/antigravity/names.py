"""Names that clients use for models: what is sent for them, and what they say beyond the model.

`gemini-3-flash-low`, `claude-sonnet-4-6(8000)`, `gemini-3-pro-image-16x9-4k`: effort, budget and shape may
stand in a name, for clients that have no field for them. Pure; unknown names pass through.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct, structs

from core.domain.requests import ChatRequest, Effort, ImageOptions, Thinking
from core.wire.pictures import split_model

from .foreign import FOREIGN
from .models import TABLE, Facts

PREFIX: Final = re.compile(r"^(?:antigravity-|models/|google/|anthropic/)")
CONTEXT_MARK: Final = re.compile(r"\[1m\]$", re.IGNORECASE)
"""Claude Code's mark for a long context, which no id here knows."""


class Alias(Struct, frozen=True):
    """The whole name has to match. `low` is sent instead where little effort is asked for."""

    pattern: re.Pattern[str]
    target: str
    low: str = ""


ALIASES: Final[tuple[Alias, ...]] = tuple(
    Alias(re.compile(pattern), *targets)
    for pattern, *targets in (
        (r"gemini-3-pro(-preview(-customtools)?)?", "gemini-3-pro-high", "gemini-3-pro-low"),
        (r"gemini-3-pro-image-preview", "gemini-3-pro-image"),
        (r"gemini-3-flash-preview", "gemini-3-flash"),
        (r"claude-sonnet-4-6-thinking", "claude-sonnet-4-6"),
        (r"claude-sonnet-4([.-]5.*|-\d{8})?", "claude-sonnet-4-6"),
        (r"claude-3[.-][57]-sonnet.*", "claude-sonnet-4-6"),
        (r"claude-sonnet-4\.6", "claude-sonnet-4-6"),
        (r"claude-haiku-.*|claude-3([.-]5)?-haiku.*", "claude-sonnet-4-6"),
        (r"claude-opus-4.*", "claude-opus-4-6-thinking"),
        (r"gpt-oss-120b", "gpt-oss-120b-medium"),
    )
)
"""Names for what is sent; the first match wins."""

EFFORTS: Final[dict[str, Effort]] = {
    "none": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
LITTLE: Final = ("minimal", "low")
SUFFIX: Final = re.compile(r"(.+)-(minimal|low|medium|high)")
BRACKETS: Final = re.compile(r"(.+)\((\w{1,7})\)")
TIERLESS: Final = "gpt-oss"
"""What begins so takes no effort: `-medium` is a part of its name."""

HIGH: Final = (
    "gemini-pro-agent",
    "gemini-3.1-pro-high",
    "gemini-3.1-pro-preview",
    "gemini-3.1-pro",
    "gemini-3-pro-high",
)
LOW: Final = ("gemini-3.1-pro-low", "gemini-3-pro-low")
SIBLINGS: Final[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = (
    (HIGH, (*HIGH, *LOW)),
    (LOW, (*LOW, *HIGH)),
    (("gemini-3-pro-image", "gemini-3.1-pro-image"), ("gemini-3-pro-image", "gemini-3.1-pro-image")),
    (
        ("gemini-3.1-flash-image", "gemini-2.5-flash-image"),
        ("gemini-3.1-flash-image", "gemini-2.5-flash-image"),
    ),
    (("gemini-2.5-flash-lite",), ("gemini-2.5-flash-lite", "gemini-2.5-flash")),
)
"""Names of one and the same: an account that lacks one of the first is asked for the first of the second
that it has. Never from one group to another. Source: Antigravity Tools, mapping."""


class Named(Struct, frozen=True):
    """What a name says: the id that is sent, and what is asked of it besides."""

    id: str
    effort: Effort | None = None
    budget: int | None = None


def named(model: str, effort: Effort | None = None, table: Mapping[str, Facts] = TABLE) -> Named:
    """Read a name. `effort` is what the request asks for by itself."""
    name = CONTEXT_MARK.sub("", model)
    while (bare := PREFIX.sub("", name)) != name:
        name = bare
    if name in table:
        return Named(name)
    if (found := BRACKETS.fullmatch(name)) is not None and (said := _in_brackets(found[1], found[2])):
        inner = named(found[1], said.effort, table)
        return Named(inner.id, said.effort, said.budget)
    if (found := SUFFIX.fullmatch(name)) is not None and not name.startswith(TIERLESS):
        word = EFFORTS[found[2]]
        if (plain := _plain(found[1], word, table)) in table:
            return Named(plain, word)
    return Named(_plain(name, effort, table))


def resolve(model: str, effort: Effort | None = None, table: Mapping[str, Facts] = TABLE) -> str:
    """The id that is sent for a name that a client may use."""
    return named(model, effort, table).id


def with_name(request: ChatRequest, table: Mapping[str, Facts] = TABLE) -> ChatRequest:
    """The request with what its model's name says: effort and budget over what its fields say (who writes
    them into a name has no fields), a picture's shape only where they say nothing."""
    said = named(request.model, None, table)
    if said.effort is not None or said.budget is not None:
        thinking = Thinking(said.effort, said.budget, request.thinking.include)
        request = structs.replace(request, thinking=thinking)
    if "image" in request.model:
        shape, asked = split_model(request.model), request.image
        image = ImageOptions(asked.aspect or shape.aspect, asked.size or shape.size)
        request = structs.replace(request, image=image)
    return request


def siblings(offers: Collection[str]) -> dict[str, str]:
    """For ids that an account lacks: the one that it has instead. `offers` are the ids of its live list."""
    found: dict[str, str] = {}
    for names, instead in SIBLINGS:
        have = next((name for name in instead if name in offers), None)
        if have is not None:
            found |= {name: have for name in names if name not in offers}
    return found


def _plain(name: str, effort: Effort | None, table: Mapping[str, Facts]) -> str:
    """A name without effort or budget."""
    if name in table:
        return name
    if "image" in name:
        name = split_model(name).model
    if name in FOREIGN:
        return FOREIGN[name]
    for alias in ALIASES:
        if alias.pattern.fullmatch(name):
            return alias.low if alias.low and effort in LITTLE else alias.target
    return name


def _in_brackets(name: str, word: str) -> Named | None:
    """`(8000)`, `(low)` after a name; None for what is neither."""
    if word.isascii() and word.isdecimal():
        return Named(name, None, int(word))
    effort = EFFORTS.get(word)
    return Named(name, effort) if effort else None
