"""`agtui explain`: the plan that a request for a model would get now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from core.domain.plan import Candidate, Plan

from .app import App, json_option, pass_app
from .completing import model_ids
from .exits import Exit
from .output import emit_json, sentence

MOST_NAMED: Final = 3
"""Accounts that are passed over for the same reason and yet have a line each."""


@click.command()
@click.argument("model", shell_complete=model_ids)
@click.option("--conversation", default="", help="The conversation's key, for stickiness.")
@json_option
@pass_app
def explain(app: App, model: str, conversation: str, as_json: bool) -> None:
    """Say which accounts would answer a request for MODEL, in which order, and why not the others.

    Exit code 69 when nobody can answer now.
    """
    plan = app.ask(lambda services: services.generation.explain(model, conversation))
    if as_json:
        emit_json(plan)
    else:
        for line in lines(plan):
            sentence(line)
    if not _usable(plan):
        raise click.exceptions.Exit(int(Exit.UNAVAILABLE))


def lines(plan: Plan) -> list[str]:
    """The plan in words."""
    asked = plan.asked if plan.asked == plan.model else f"{plan.asked}, which is {plan.model}"
    said = [f"Asked for: {asked}", f"Strategy: {plan.strategy or '-'}"]
    usable = _usable(plan)
    for place, candidate in enumerate(usable, 1):
        why = f": {candidate.why}" if candidate.why else ""
        said.append(f"{place}. {candidate.email} ({candidate.provider}) as {candidate.model}{why}")
    if not usable:
        said.append("Nobody can answer now.")
    said += _passed_over(plan.candidates)
    if plan.candidates and all("does not offer" in one.passed_over for one in plan.candidates):
        said.append("`agtui models` lists what can be asked for.")
    if plan.endpoints:
        said.append(f"Endpoints: {', '.join(plan.endpoints)}")
    if plan.dropped:
        said.append(f"Can't be told to this model: {', '.join(plan.dropped)}")
    return [*said, *plan.notes]


def _passed_over(candidates: Iterable[Candidate]) -> list[str]:
    """Who may not answer: a line each, or one for many with the same reason."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in candidates:
        if one.passed_over:
            alike.setdefault((one.provider, one.passed_over), []).append(one.email)
    said: list[str] = []
    for (provider, reason), emails in alike.items():
        if len(emails) > MOST_NAMED:
            said.append(f"Not {emails[0]} and {len(emails) - 1} more ({provider}): {reason}")
        else:
            said += [f"Not {email} ({provider}): {reason}" for email in emails]
    return said


def _usable(plan: Plan) -> list[Candidate]:
    return [candidate for candidate in plan.candidates if not candidate.passed_over]
