"""A request's row as it may be kept: without secrets, its plan no larger than a few accounts need."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from msgspec.structs import replace

from core.domain.plan import Candidate, Plan, RequestRecord
from core.redact import redact

LISTED: Final = 8
"""Candidates of a plan that are kept one by one; with a hundred accounts all of them would be 20 kB."""

_SPAN: Final = re.compile(r"\b\d+ (?:s|min|h(?: \d+ min)?)\b")


def kept(row: RequestRecord) -> RequestRecord:
    """The row for the database."""
    plan = row.plan
    if plan is not None and len(plan.candidates) > LISTED:
        row = replace(row, plan=_short(plan, {attempt.account for attempt in row.attempts}))
    return redacted(row)


def _short(plan: Plan, tried: set[str]) -> Plan:
    """The plan with the candidates that were tried and the best of the others; a note counts the rest."""
    ahead = sorted(plan.candidates, key=lambda one: one.account not in tried)[:LISTED]
    chosen = {id(one) for one in ahead}
    listed = tuple(one for one in plan.candidates if id(one) in chosen)
    rest = [one for one in plan.candidates if id(one) not in chosen]
    return replace(plan, candidates=listed, notes=(*plan.notes, _count(rest)))


def _count(rest: list[Candidate]) -> str:
    """`92 more accounts: 90 could have answered, 2 switched off`"""
    reasons = Counter(
        _SPAN.sub("a while", one.passed_over) if one.passed_over else "could have answered" for one in rest
    )
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{len(rest)} more accounts: {told}"


def redacted(row: RequestRecord) -> RequestRecord:
    """The row with whatever a client or an upstream wrote gone through `redact`."""
    said = "\n".join(
        (row.client, row.path, row.asked, row.model, row.message, *(a.message for a in row.attempts))
    )
    if redact(said) == said:  # nearly always, and one look is cheaper than one for each field
        return row
    return replace(
        row,
        client=redact(row.client),
        path=redact(row.path),
        asked=redact(row.asked),
        model=redact(row.model),
        message=redact(row.message),
        attempts=tuple(replace(a, message=redact(a.message)) for a in row.attempts),
        plan=None if row.plan is None else _redacted_plan(row.plan),
    )


def _redacted_plan(plan: Plan) -> Plan:
    return replace(
        plan,
        asked=redact(plan.asked),
        model=redact(plan.model),
        candidates=tuple(
            replace(one, model=redact(one.model), passed_over=redact(one.passed_over))
            for one in plan.candidates
        ),
        steps=tuple(replace(step, model=redact(step.model)) for step in plan.steps),
        notes=tuple(redact(note) for note in plan.notes),
    )
