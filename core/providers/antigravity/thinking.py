"""How a request thinks: `thinkingConfig`, and the output limit that has to stay above its budget.

Source: seed 001 (maxOutputTokens must be greater than thinkingBudget). Never both a level and a budget.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from core.domain.requests import ChatRequest

from .models import EFFORT_LEVELS, Facts, budget_for, level_for, level_of_budget

CLAUDE_DEFAULT_BUDGET: Final = 16_000
CLAUDE_LEAST: Final = 1_024
CLAUDE_OUTPUT: Final = 16_384
"""Output limit of a Claude answer without thinking whose caller named none."""


class Thought(Struct, frozen=True):
    """`config` is None where the field is left out; `max_output` None likewise. `on`: it may think."""

    config: dict[str, Any] | None
    max_output: int | None
    on: bool


def think(request: ChatRequest, row: Facts, possible: bool = True) -> Thought:
    """Decide for one request. `possible` is False where the history forbids thinking."""
    asked = request.sampling.max_output_tokens
    limit = min(asked, row.max_output) if asked is not None and asked > 0 else None
    if row.claude:
        return _claude(request, row, limit, possible)
    if row.thinking == "never" or row.draws:
        return Thought(None, limit, on=False)
    if not _wanted(request, row):
        return Thought(_off(request, row), limit, on=False)
    config: dict[str, Any] = {}
    if row.levels:
        config |= _level(request, row)
    elif row.budget is not None and (budget := _budget(request, row)) is not None:
        if limit is not None and limit <= budget:
            limit = min(row.max_output, budget + limit)
            budget = min(budget, limit - 1)
        config["thinkingBudget"] = budget
    config["includeThoughts"] = request.thinking.include is not False
    return Thought(config, limit, on=True)


def _wanted(request: ChatRequest, row: Facts) -> bool:
    asked = request.thinking
    if row.thinking == "never" or asked.effort == "none" or asked.budget == 0:
        return False
    if row.thinking == "always":
        return True
    named = request.model.endswith("-thinking")
    return bool(asked.effort or asked.budget or asked.include or named)


def _off(request: ChatRequest, row: Facts) -> dict[str, Any] | None:
    """How to say no: a model that thinks unasked is told to keep it to itself."""
    if row.thinking == "asked":
        said = request.thinking.effort == "none" or request.thinking.budget == 0
        return {"thinkingBudget": 0, "includeThoughts": False} if said and row.budget else None
    return {"includeThoughts": False}


def _level(request: ChatRequest, row: Facts) -> dict[str, Any]:
    """The level the caller asked for, in its own words or as a budget; nothing if it asked nothing."""
    effort, budget = request.thinking.effort, request.thinking.budget
    if effort is not None and effort in EFFORT_LEVELS:
        return {"thinkingLevel": level_for(row, EFFORT_LEVELS[effort])}
    if budget is not None and budget > 0:
        return {"thinkingLevel": level_for(row, level_of_budget(budget))}
    return {}


def _budget(request: ChatRequest, row: Facts) -> int | None:
    effort, budget = request.thinking.effort, request.thinking.budget
    if budget is None and effort is not None:
        budget = budget_for(row, effort)
    if budget is None or budget < 0 or row.budget is None:
        return budget
    least, most = row.budget
    return max(least, min(budget, most))


def _claude(request: ChatRequest, row: Facts, limit: int | None, possible: bool) -> Thought:
    forced = request.tool_choice.mode == "any"
    if not possible or forced or not _wanted(request, row):
        return Thought(None, limit or CLAUDE_OUTPUT, on=False)
    most = row.max_output
    budget = _budget(request, row)
    if budget is None or budget < 0:
        budget = CLAUDE_DEFAULT_BUDGET
    budget = max(CLAUDE_LEAST, min(budget, most - CLAUDE_LEAST))
    if limit is None:
        limit = most
    elif limit <= budget:
        limit = min(most, budget + limit)
        if limit <= budget:
            budget = limit - CLAUDE_LEAST
    if budget < CLAUDE_LEAST:
        return Thought(None, limit, on=False)
    include = request.thinking.include is not False
    return Thought({"thinkingBudget": budget, "includeThoughts": include}, limit, on=True)
