"""Sets of aliases that are ready to use: where names of other vendors' models lead, by what one cares for.

Data and what applying it changes; config.toml holds the result. Source: Antigravity Tools, mapping presets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

Name = Literal["default", "performance", "cost", "balanced"]

_FLASH: Final = "gemini-3-flash"
_SMALL: Final = "gemini-2.5-flash"
_PRO: Final = "gemini-3.1-pro-high"
_SONNET: Final = "claude-sonnet-4-6"
_OPUS: Final = "claude-opus-4-6-thinking"


class Preset(Struct, frozen=True):
    """`about` is one line for people; `aliases` are name or pattern -> model."""

    about: str
    aliases: Mapping[str, str]


PRESETS: Final[dict[Name, Preset]] = {
    "default": Preset(
        "each name leads to a model of about its size",
        {
            "gpt-4*": _PRO,
            "gpt-4o*": _FLASH,
            "gpt-3.5*": _SMALL,
            "o1-*": _PRO,
            "o3-*": _PRO,
            "claude-3-5-sonnet-*": _SONNET,
            "claude-3-opus-*": _OPUS,
            "claude-opus-4-6*": _OPUS,
            "claude-haiku-*": _SMALL,
            "claude-3-haiku-*": _SMALL,
        },
    ),
    "performance": Preset(
        "the strongest models, which use up quota fastest",
        {
            "gpt-4*": _OPUS,
            "gpt-4o*": _SONNET,
            "gpt-3.5*": _FLASH,
            "o1-*": _OPUS,
            "o3-*": _OPUS,
            "claude-3-5-sonnet-*": _SONNET,
            "claude-3-opus-*": _OPUS,
            "claude-opus-4-6*": _OPUS,
            "claude-haiku-*": _SONNET,
            "claude-3-haiku-*": _SONNET,
        },
    ),
    "cost": Preset(
        "small models for everything, to make quota last",
        {
            "gpt-4*": _FLASH,
            "gpt-4o*": _SMALL,
            "gpt-3.5*": _SMALL,
            "o1-*": _FLASH,
            "o3-*": _FLASH,
            "claude-3-5-sonnet-*": _FLASH,
            "claude-3-opus-*": _FLASH,
            "claude-opus-4-*": _FLASH,
            "claude-haiku-*": _SMALL,
            "claude-3-haiku-*": _SMALL,
        },
    ),
    "balanced": Preset(
        "strong models where they matter, small ones for the rest",
        {
            "gpt-4*": _PRO,
            "gpt-4o*": _FLASH,
            "gpt-3.5*": _SMALL,
            "o1-*": _SONNET,
            "o3-*": _SONNET,
            "claude-3-5-sonnet-*": _SONNET,
            "claude-3-opus-*": _PRO,
            "claude-opus-4-5*": _PRO,
            "claude-opus-4-6*": _OPUS,
            "claude-haiku-*": _SMALL,
            "claude-3-haiku-*": _SMALL,
        },
    ),
}


def changes(aliases: Mapping[str, str], preset: Name) -> dict[str, str | None]:
    """What has to change in `aliases` for `preset` to hold: name -> model, None for one to take away.

    A rule that another preset left behind goes, unless it was edited since; the user's own names stay.
    """
    wanted = PRESETS[preset].aliases
    rules = {rule for other in PRESETS.values() for rule in other.aliases.items()}
    left = {name: None for name, model in aliases.items() if name not in wanted and (name, model) in rules}
    return left | {name: model for name, model in wanted.items() if aliases.get(name) != model}
