"""The models: a built-in table, families by pattern, what thinking each takes.

The table stands in until an account's live list is read, and for what that list does not say. Seed ids
come first (seeds 000 and 001), the rest is data that may grow old without harm. What a user's own table and
live lists add is known.py's, the names that clients use are names.py's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from core.domain.models import ModelInfo
from core.domain.requests import Effort

PROVIDER: Final = "antigravity"

Family = Literal["claude", "gemini-pro", "gemini-flash", "gemini-image", "gpt-oss", "sandbox"]
Level = Literal["minimal", "low", "medium", "high"]

PRO_LEVELS: Final[tuple[Level, ...]] = ("low", "high")
AGENT_LEVELS: Final[tuple[Level, ...]] = ("low", "medium", "high")
ALL_LEVELS: Final[tuple[Level, ...]] = ("minimal", "low", "medium", "high")


class Facts(Struct, frozen=True):
    """One model. `thinking`: never, when asked, or always.

    `levels` are the thinking levels it takes; empty: it takes a budget of `budget` (min, max) tokens, or
    nothing at all if that is None. `max_output` is the most that may be asked for."""

    id: str
    label: str
    family: Family
    context: int
    max_output: int
    thinking: Literal["never", "asked", "always"] = "never"
    levels: tuple[Level, ...] = ()
    budget: tuple[int, int] | None = None
    sandbox: bool = False

    @property
    def claude(self) -> bool:
        return self.family == "claude"

    @property
    def gemini(self) -> bool:
        """Speaks Gemini's own dialect: signatures on calls, answer schemas, penalties, search."""
        return self.family not in ("claude", "gpt-oss")

    @property
    def draws(self) -> bool:
        return self.family == "gemini-image"

    @property
    def signs_calls(self) -> bool:
        """Gemini 3 and later refuse a call in history without its signature."""
        generation = gemini_generation(self.id)
        return self.family in ("gemini-pro", "gemini-flash") and (generation is None or generation >= 3)

    @property
    def searches(self) -> bool:
        return self.gemini and not self.draws


MILLION: Final = 1_048_576
CLAUDE_BUDGET: Final = (1_024, 64_000)

SEED: Final = (
    Facts("gemini-3-pro-high", "Gemini 3 Pro (High)", "gemini-pro", MILLION, 65_535, "always", PRO_LEVELS),
    Facts("gemini-3-pro-low", "Gemini 3 Pro (Low)", "gemini-pro", MILLION, 65_535, "always", PRO_LEVELS),
    Facts("claude-sonnet-4-6", "Claude Sonnet 4.6", "claude", 200_000, 64_000, "asked", budget=CLAUDE_BUDGET),
    Facts(
        "claude-opus-4-6-thinking",
        "Claude Opus 4.6 (Thinking)",
        "claude",
        200_000,
        64_000,
        "always",
        budget=CLAUDE_BUDGET,
    ),
    Facts("gpt-oss-120b-medium", "GPT-OSS 120B (Medium)", "gpt-oss", 114_000, 32_768),
    Facts("gemini-3-pro-image", "Gemini 3 Pro Image", "gemini-image", 65_536, 32_768),
)
NEWER: Final = (
    Facts("gemini-3-flash", "Gemini 3 Flash", "gemini-flash", MILLION, 65_536, "asked", ALL_LEVELS),
    Facts(
        "gemini-2.5-flash", "Gemini 2.5 Flash", "gemini-flash", MILLION, 65_535, "asked", budget=(0, 24_576)
    ),
    Facts(
        "gemini-2.5-flash-lite",
        "Gemini 2.5 Flash Lite",
        "gemini-flash",
        MILLION,
        65_535,
        "asked",
        budget=(0, 24_576),
    ),
    Facts("gemini-2.5-pro", "Gemini 2.5 Pro", "gemini-pro", MILLION, 65_535, "always", budget=(128, 32_768)),
    Facts("gemini-3.1-flash-image", "Gemini 3.1 Flash Image", "gemini-image", 65_536, 32_768),
)
NEWEST: Final = (
    Facts("gemini-pro-agent", "Gemini 3.1 Pro (High)", "gemini-pro", MILLION, 65_535, "always", AGENT_LEVELS),
    Facts(
        "gemini-3.1-pro-low", "Gemini 3.1 Pro (Low)", "gemini-pro", MILLION, 65_535, "always", AGENT_LEVELS
    ),
    Facts(
        "gemini-3-flash-agent",
        "Gemini 3.5 Flash (High)",
        "gemini-flash",
        MILLION,
        65_536,
        "always",
        ALL_LEVELS,
    ),
    Facts(
        "gemini-3.5-flash-low",
        "Gemini 3.5 Flash (Medium)",
        "gemini-flash",
        MILLION,
        65_536,
        "always",
        ALL_LEVELS,
    ),
    Facts(
        "gemini-3.5-flash-extra-low",
        "Gemini 3.5 Flash (Low)",
        "gemini-flash",
        MILLION,
        65_536,
        "always",
        ALL_LEVELS,
    ),
    Facts("gemini-3.1-flash-lite", "Gemini 3.1 Flash Lite", "gemini-flash", MILLION, 65_535),
)
"""Ids of newer live lists: known where they are offered, and not offered unless a live list says so."""

SANDBOX: Final = (
    Facts("sandbox-chat", "Sandbox Chat", "sandbox", 131_072, 32_768, sandbox=True),
    Facts(
        "sandbox-thinking",
        "Sandbox Thinking",
        "sandbox",
        131_072,
        32_768,
        "always",
        ALL_LEVELS,
        sandbox=True,
    ),
    Facts("sandbox-image", "Sandbox Image", "gemini-image", 65_536, 32_768, sandbox=True),
)
TABLE: Final[dict[str, Facts]] = {row.id: row for row in (*SEED, *NEWER, *NEWEST, *SANDBOX)}

OUTPUT_LIMITS: Final[dict[Family, int]] = {"claude": 64_000, "gpt-oss": 32_768, "gemini-image": 32_768}
GEMINI_OUTPUT_LIMIT: Final = 65_535

EFFORT_BUDGETS: Final[dict[str, dict[Effort, int]]] = {
    "claude": {"minimal": 1_024, "low": 8_192, "medium": 16_384, "high": 32_768, "max": 64_000},
    "gemini-2.5-pro": {"minimal": 1_024, "low": 8_192, "medium": 16_384, "high": 32_768, "max": 32_768},
    "gemini-2.5-flash": {"minimal": 512, "low": 6_144, "medium": 12_288, "high": 24_576, "max": 24_576},
    "": {"minimal": 512, "low": 1_024, "medium": 8_192, "high": 24_576, "max": 32_768},
}
"""Thinking budgets for effort words, by the start of the id; the empty one is for all others."""

EFFORT_LEVELS: Final[dict[Effort, Level]] = {
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "high",
}
BUDGET_LEVELS: Final[tuple[tuple[int, Level], ...]] = (
    (1_024, "minimal"),
    (8_192, "low"),
    (16_384, "medium"),
)
"""The level for a budget of at most so many tokens; `high` above."""


def gemini_generation(model: str) -> float | None:
    """3.1 for `gemini-3.1-pro-low`; None where the id names none."""
    found = re.search(r"gemini-(\d+(?:\.\d+)?)", model)
    return float(found[1]) if found else None


def family_of(model: str) -> Family:
    if "claude" in model:
        return "claude"
    if "gpt-oss" in model:
        return "gpt-oss"
    if model.startswith("sandbox-") and "image" not in model:
        return "sandbox"
    if "image" in model:
        return "gemini-image"
    return "gemini-flash" if "flash" in model else "gemini-pro"


@lru_cache(maxsize=512)
def facts_of(model: str) -> Facts:
    """The row of `model`, or what its name lets one expect."""
    return TABLE.get(model) or expected(model, family_of(model))


def expected(model: str, family: Family) -> Facts:
    """What a model of `family` with this id may be taken for."""
    generation = gemini_generation(model)
    context = 200_000 if family == "claude" else 65_536 if family == "gemini-image" else MILLION
    limit = OUTPUT_LIMITS.get(family, GEMINI_OUTPUT_LIMIT)
    row = Facts(model, model, family, context, limit)
    if family == "claude":
        always = model.endswith("-thinking") or "opus" in model
        return Facts(
            model, model, family, context, limit, "always" if always else "asked", budget=CLAUDE_BUDGET
        )
    if family not in ("gemini-pro", "gemini-flash") or "lite" in model:
        return row
    if generation is not None and generation < 2.5:
        return row
    if generation is not None and generation < 3:
        return Facts(model, model, family, context, limit, "asked", budget=(128, 24_576))
    levels = ALL_LEVELS if family == "gemini-flash" else PRO_LEVELS
    return Facts(model, model, family, context, limit, "always", levels)


def model_info(row: Facts) -> ModelInfo:
    """The row as the rest of the program sees a model."""
    return ModelInfo(
        id=row.id,
        provider=PROVIDER,
        label=row.label,
        family=row.family,
        kind="image" if row.draws else "chat",
        context=row.context,
        max_output=row.max_output,
        thinking=row.thinking,
        images_in=row.family != "gpt-oss",
        tools=not row.draws,
        search=row.searches,
        sandbox=row.sandbox,
    )


def budget_for(row: Facts, effort: Effort) -> int:
    """The thinking budget for an effort word, in tokens."""
    start = next(start for start in EFFORT_BUDGETS if row.id.startswith(start) or row.family == start)
    return EFFORT_BUDGETS[start].get(effort, 0)


def level_for(row: Facts, wanted: Level) -> Level:
    """The level itself, or the next higher one that the model has."""
    higher = ALL_LEVELS[ALL_LEVELS.index(wanted) :]
    for level in higher:
        if level in row.levels:
            return level
    return row.levels[-1]


def level_of_budget(budget: int) -> Level:
    for limit, level in BUDGET_LEVELS:
        if budget <= limit:
            return level
    return "high"
