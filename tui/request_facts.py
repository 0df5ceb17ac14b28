"""One request's record as lines for people: what was asked, who was tried, why this route. Pure."""

from __future__ import annotations

from core.domain.plan import Attempt, Plan, RequestRecord
from core.domain.state import LogLine
from tui import format as say


def line_facts(line: LogLine, now: float) -> list[str]:
    """A log line that belongs to no request."""
    return [f"{say.when(line.at, now)} · {line.level} · {line.source}", "", line.text]


def request_facts(row: RequestRecord, now: float) -> list[str]:
    """The record, most telling facts first."""
    what = f"{row.path or row.door}{' (stream)' if row.stream else ''}"
    lines = [f"{what} · {row.status} · {say.milliseconds(row.duration_ms)} · {say.when(row.at, now)}"]
    if row.kind != "ok":
        lines.append(f"{row.kind}: {row.message}")
    asked = f"asked for {row.asked}" if row.asked else ""
    sent = f"sent to {row.model}" if row.model and row.model != row.asked else ""
    lines.append(" · ".join(filter(None, (asked, sent, row.email, row.endpoint))))
    tokens = f"↑{say.count(row.usage.input)} ↓{say.count(row.usage.output)} tokens"
    if row.usage.thoughts:
        tokens += f" ({say.count(row.usage.thoughts)} thinking)"
    first = f"first after {say.milliseconds(row.ttft_ms)}" if row.ttft_ms is not None else ""
    pictures = say.plural(row.pictures, "picture") if row.pictures else ""
    client = f"from {row.client or row.door}" + (f" with the key {row.key}" if row.key else "")
    lines.append(" · ".join(filter(None, (tokens if row.usage.output else "", first, pictures, client))))
    if row.replays:
        lines.append(f"replays {row.replays}")
    if row.attempts:
        lines += ["", "tried"]
        lines += [attempt_line(number, each, row.plan) for number, each in enumerate(row.attempts, 1)]
    if row.plan:
        lines += ["", "why this route", *plan_facts(row.plan)]
    lines += ["", f"id {row.id}" + (" · sandbox" if row.sandbox else "")]
    return lines


def attempt_line(number: int, attempt: Attempt, plan: Plan | None) -> str:
    step = plan.step_of(attempt) if plan else None
    what = f"{step.kind} with {step.model}: " if step else ""
    status = f" {attempt.status}" if attempt.status else ""
    said = f": {say.one_line(attempt.message)}" if attempt.message else ""
    took = say.milliseconds(attempt.total_ms)
    who = f"{say.short_email(attempt.email)} at {attempt.endpoint}"
    return f"  {number}. {what}{who} {attempt.outcome}{status}, {took}{said}"


def plan_facts(plan: Plan) -> list[str]:
    """The candidates in order, and what could not be passed on."""
    lines = [
        f"  {'–' if each.passed_over else '✓'} {each.email} {each.model}"
        + (f": {said}" if (said := each.passed_over or each.why) else "")
        for each in plan.candidates
    ]
    if plan.strategy:
        lines.append(f"  chosen {plan.strategy}")
    if plan.dropped:
        lines.append(f"  not passed on: {', '.join(plan.dropped)}")
    return lines + [f"  {note}" for note in plan.notes]
