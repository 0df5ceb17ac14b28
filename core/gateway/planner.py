"""Planning: which accounts may answer a request, in which order, and why the others may not.

Pure: a snapshot goes in, a Plan comes out; nothing is reserved. `attempts` walks the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from math import ceil
from typing import Final, Literal

from msgspec import Struct, structs

from core.config.settings import Strategy
from core.domain.accounts import Realm
from core.domain.failure import Cause, Failure, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.plan import Candidate, Plan, Step
from core.domain.ports import PoolEntry, PoolView

from .ranking import rank
from .reasons import why

Resolve = Callable[[PoolEntry, str, str], str]
"""(account, name asked for, kind) to the id that is sent; unknown names pass through."""

LONG_REST: Final = 300.0
"""Seconds of rest from which a limit is called used up rather than too fast."""

LIMITS: Final = frozenset({Cause.QUOTA, Cause.RATE, Cause.SOFT})

BUSY: Final = "busy: "
MOST_NAMED: Final = 20


class Wanted(Struct, frozen=True):
    """What is to be planned. Under the sticky strategy `conversation` stays at `home`, the account that
    served it last, if there is one."""

    model: str
    conversation: str = ""
    kind: Literal["chat", "image"] = "chat"
    steps: int = 1
    home: str = ""


def make_plan(
    wanted: Wanted,
    view: PoolView,
    models: Sequence[ModelInfo],
    resolve: Resolve,
    endpoints: Callable[[str, Realm], tuple[str, ...]],
    strategy: Strategy = "sticky",
) -> Plan:
    """Rank the accounts for `wanted`. Candidates that may be used come first, best first."""
    known = {(model.provider, model.id): model for model in models}
    free: list[tuple[tuple[float, ...], Candidate]] = []
    passed: list[Candidate] = []
    for entry in view.entries:
        model = resolve(entry, wanted.model, wanted.kind)
        candidate = Candidate(entry.account, entry.email, entry.provider, model)
        reason = _reason(entry, model, wanted, known.get((entry.provider, model)))
        if reason:
            passed.append(_with(candidate, reason, 0.0))
        else:
            place = rank(entry, model, wanted.conversation, wanted.home, strategy)
            free.append((place, _with(candidate, "", place[-1], why(entry, model))))
    free.sort(key=lambda pair: (*pair[0], pair[1].account))
    ranked = [candidate for _, candidate in free]
    sent = next((one.model for one in ranked + passed), wanted.model)
    sandbox = any(entry.realm is Realm.SANDBOX for entry in view.entries)
    where: dict[str, None] = {}
    usable = {one.account for one in ranked}
    for entry in view.entries:
        if entry.account in usable:
            where |= dict.fromkeys(endpoints(entry.provider, entry.realm))
    return Plan(
        asked=wanted.model,
        model=sent,
        candidates=tuple(ranked + passed),
        steps=(Step(wanted.kind, sent),) * wanted.steps,
        endpoints=tuple(where),
        notes=("the sandbox answers",) if sandbox else (),
        strategy=strategy,
        sandbox=sandbox,
    )


def _with(candidate: Candidate, passed_over: str, score: float, why: str = "") -> Candidate:
    return structs.replace(candidate, passed_over=passed_over, score=score, why=why)


def _reason(entry: PoolEntry, model: str, wanted: Wanted, known: ModelInfo | None) -> str:
    """Why an account may not answer, in words; empty: it may."""
    if entry.usable:
        return entry.usable
    if entry.offers is not None and model not in entry.offers:
        return f"does not offer {model}"
    if known is not None and wanted.kind == "image" and known.kind != "image":
        return f"{model} makes no pictures"
    if (rest := entry.resting.get("", 0.0)) > 0:
        return f"rests for {in_words(rest)}"
    if (rest := entry.resting.get(model, 0.0)) > 0:
        return f"rests for {in_words(rest)} with {model}"
    if entry.in_flight >= entry.limit:
        return f"{BUSY}{entry.in_flight} of {entry.limit} calls in flight"
    return ""


def usable(plan: Plan) -> tuple[Candidate, ...]:
    return tuple(candidate for candidate in plan.candidates if not candidate.passed_over)


def busy(candidate: Candidate) -> bool:
    """Whether a candidate is passed over for nothing but having no place left."""
    return candidate.passed_over.startswith(BUSY)


class Rest(Struct, frozen=True):
    """How long an account rests (0: not at all) and why, if that is known."""

    account: str
    seconds: float
    failure: Failure | None


def rests(plan: Plan, view: PoolView) -> list[Rest]:
    """The accounts of the plan that offer its model and need nothing of their owner, the first that is
    free again first."""
    models = {candidate.account: candidate.model for candidate in plan.candidates}
    found = [
        _rest(entry, models[entry.account])
        for entry in view.entries
        if entry.account in models and not entry.usable and _offers(entry, models[entry.account])
    ]
    return sorted(found, key=lambda rest: rest.seconds)


def _rest(entry: PoolEntry, model: str) -> Rest:
    where = max(("", model), key=lambda one: entry.resting.get(one, 0.0))
    return Rest(entry.account, entry.resting.get(where, 0.0), entry.why.get(where))


def soonest(plan: Plan, view: PoolView) -> float | None:
    """Seconds until the first account of the plan that only rests is free again; None if none does."""
    return next((rest.seconds for rest in rests(plan, view)), None)


def _offers(entry: PoolEntry, model: str) -> bool:
    """An account that was refused the model everywhere does not offer it, whatever its catalogue says."""
    refused = entry.why.get(model)
    if refused is not None and refused.cause is Cause.MISSING:
        return False
    return entry.offers is None or model in entry.offers


def nobody(plan: Plan, view: PoolView, models: Sequence[ModelInfo], kind: str) -> Failure:
    """What to tell a client when no account may answer."""
    ready = [entry for entry in view.entries if not entry.usable]
    if not ready:
        return Failure(Kind.UNAVAILABLE, _no_account(view), params={"code": "no_account"})
    named = {candidate.account: candidate.model for candidate in plan.candidates}
    if not any(_offers(entry, named[entry.account]) for entry in ready if entry.account in named):
        return unknown_model(plan.asked, models, kind)
    pictures = [one for one in plan.candidates if one.passed_over.endswith("makes no pictures")]
    if pictures:
        return Failure(
            Kind.BAD_REQUEST,
            f"`{plan.asked}` makes no pictures. {_names(models, 'image')}",
            params={"param": "model"},
        )
    return resting(plan, view)


def resting(plan: Plan, view: PoolView) -> Failure:
    """Everybody who could answer rests: 429 if the first who is back rests for a limit, else 503 in the
    words of what it rests for. `retry_after` is when it is back."""
    first = next(iter(rests(plan, view)), Rest("", 1.0, None))
    wait = max(1.0, first.seconds)
    if first.failure is None or first.failure.cause in LIMITS:
        return limit_reached(plan, wait)
    return structs.replace(first.failure, kind=Kind.UNAVAILABLE, scope=Scope.MODEL, retry_after=wait)


def limit_reached(plan: Plan, wait: float) -> Failure:
    """429: nobody can answer before `wait` seconds."""
    kind, cause = (Kind.QUOTA, Cause.QUOTA) if wait >= LONG_REST else (Kind.RATE, Cause.RATE)
    return Failure(
        kind,
        f"Every account that offers {plan.model} has reached its limit or rests. "
        f"The first one is free again in {in_words(wait)}.",
        scope=Scope.MODEL,
        cause=cause,
        retry_after=wait,
    )


def others_left(plan: Plan, view: PoolView, tried: Collection[str]) -> Failure | None:
    """Those who were asked do not have the model; what to say while others may: ask again."""
    left = [rest.seconds for rest in rests(plan, view) if rest.account not in tried]
    if not left:
        return None
    return Failure(
        Kind.UNAVAILABLE,
        f"The accounts that were asked for {plan.model} do not have it; others were not asked. Ask again.",
        scope=Scope.MODEL,
        cause=Cause.MISSING,
        retry_after=max(1.0, min(left)),
    )


def unknown_model(asked: str, models: Sequence[ModelInfo], kind: str) -> Failure:
    """404: nobody has the model, or the upstream refuses it although its own list holds it."""
    listed = any(model.id == asked for model in models)
    what = (
        f"The upstream lists `{asked}` but says that it does not exist. Try again in a few minutes."
        if listed
        else f"No account offers a model called `{asked}`."
    )
    return Failure(
        Kind.NOT_FOUND,
        f"{what} {_names(models, kind, asked)}",
        scope=Scope.MODEL,
        cause=Cause.MISSING,
        params={"param": "model", "code": "model_not_found"},
    )


def _names(models: Iterable[ModelInfo], kind: str, but: str = "") -> str:
    names = sorted({model.id for model in models if model.kind == kind} - {but})
    if not names:
        return "There is none of that kind at the moment."
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"There are: {', '.join(names[:MOST_NAMED])}{more}."


def _no_account(view: PoolView) -> str:
    if not view.entries:
        return (
            "No account is signed in yet. Add one with `agtui accounts login`, "
            "or try everything out with `agtui serve --sandbox`."
        )
    reasons = dict.fromkeys(entry.usable for entry in view.entries)
    word = "Reason" if len(reasons) == 1 else "Reasons"
    return f"No account can answer. {word}: {'; '.join(reasons)}. `agtui accounts` shows what each one needs."


def in_words(seconds: float) -> str:
    """`45 s`, `12 min`, `4 h 10 min`."""
    whole = ceil(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{ceil(whole / 60)} min"
    hours, minutes = divmod(ceil(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
