"""The table of refusals: which answer means what, for whom, and what a person is told.

Rows are tried in order, the first that applies wins. Source: seed 001 (common error codes), the classes
of the upstream notes.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from core.domain.failure import Cause, Failure, Kind, Scope

LONG_DELAY_S: Final = 300.0
"""From this delay on a 429 is a used-up quota, below it a limit on the rate."""

CLIENT: Final = frozenset(range(400, 500))
CAPACITY: Final = frozenset({429, 500, 503, 529})


class Rule(Struct, frozen=True):
    """Applies if the status is among `statuses` (empty: any) and, where given, one of `reasons` or one of

    `texts` (lower case; in the message or in what it says of the limits) occurs. `delay` narrows to long
    or short delays. `rest_s` is how long to rest when the answer names no delay; without it the pool has
    its own schedule, by failures in a row. `say` may use {model}, {wait}, {text}, {status}.
    """

    name: str
    kind: Kind
    scope: Scope
    cause: Cause
    say: str
    statuses: frozenset[int] = frozenset()
    reasons: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    delay: str = ""
    rest_s: float | None = None


QUOTA_SAYS: Final = "The quota for {model} is used up on this account. It resets {wait}."
RATE_SAYS: Final = "{model} is being asked too fast with this account. Try again {wait}."
PROJECT_SAYS: Final = (
    "This account may not use the service with its project. The log has Google's reason. "
    "Set a project for the account, or use another account."
)
QUOTA_TEXTS: Final = ("exhausted your capacity", "quota will reset", "quota exceeded")
DAY_TEXTS: Final = ("per day", "perday")
RATE_TEXTS: Final = ("per minute", "perminute", "rate limit", "too many requests")

OUTDATED: Final = Failure(
    Kind.UNAVAILABLE,
    "Google no longer takes the app version that agtui names. "
    "Raise antigravity.client_version to the current version of Antigravity.",
    scope=Scope.PROVIDER,
    cause=Cause.OUTDATED,
)
"""Also said when a normal answer is nothing but this refusal."""

TABLE: Final[tuple[Rule, ...]] = (
    Rule(
        "outdated",
        Kind.UNAVAILABLE,
        Scope.PROVIDER,
        Cause.OUTDATED,
        OUTDATED.public_message,
        statuses=CLIENT,
        texts=("version of antigravity is no longer supported", "antigravity is no longer supported"),
    ),
    Rule(
        "capacity",
        Kind.CAPACITY,
        Scope.ENDPOINT,
        Cause.CAPACITY,
        "{model} is overloaded at Google right now. Try again in a minute, or pick another model.",
        statuses=CAPACITY,
        reasons=("MODEL_CAPACITY_EXHAUSTED",),
        texts=("no capacity available", "overloaded", "model_capacity"),
        rest_s=10.0,
    ),
    Rule(
        "capacity",
        Kind.CAPACITY,
        Scope.ENDPOINT,
        Cause.CAPACITY,
        "{model} can't be served right now ({status}). Try again in a minute, or pick another model.",
        statuses=frozenset({503, 529}),
        rest_s=10.0,
    ),
    Rule(
        "server",
        Kind.TIMEOUT,
        Scope.ENDPOINT,
        Cause.SERVER,
        "Google's gateway gave up waiting for {model} ({status}). Try again, or ask for less.",
        statuses=frozenset({408, 504}),
        rest_s=1.0,
    ),
    Rule(
        "server",
        Kind.UPSTREAM,
        Scope.ENDPOINT,
        Cause.SERVER,
        "Google's gateway had an error of its own ({status}). Try again in a moment.",
        statuses=frozenset(range(500, 600)),
        rest_s=1.0,
    ),
    Rule(
        "credits",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
        "The credits of this account are used up. {model} is free again {wait}.",
        frozenset({402, 403, 429}),
        reasons=("INSUFFICIENT_G1_CREDITS_BALANCE",),
    ),
    Rule(
        "quota",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
        QUOTA_SAYS,
        frozenset({429}),
        reasons=("QUOTA_EXHAUSTED",),
    ),
    Rule(
        "quota",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
        QUOTA_SAYS,
        frozenset({429}),
        texts=DAY_TEXTS,
    ),
    Rule(
        "rate",
        Kind.RATE,
        Scope.ACCOUNT_MODEL,
        Cause.RATE,
        RATE_SAYS,
        frozenset({429}),
        reasons=("RATE_LIMIT_EXCEEDED",),
    ),
    Rule(
        "quota",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
        QUOTA_SAYS,
        frozenset({429}),
        delay="long",
    ),
    Rule(
        "rate",
        Kind.RATE,
        Scope.ACCOUNT_MODEL,
        Cause.RATE,
        RATE_SAYS,
        frozenset({429}),
        delay="short",
    ),
    Rule(
        "quota",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
        QUOTA_SAYS,
        frozenset({429}),
        texts=QUOTA_TEXTS,
    ),
    Rule(
        "rate",
        Kind.RATE,
        Scope.ACCOUNT_MODEL,
        Cause.RATE,
        RATE_SAYS,
        frozenset({429}),
        texts=RATE_TEXTS,
    ),
    Rule(
        "soft",
        Kind.RATE,
        Scope.ACCOUNT_MODEL,
        Cause.SOFT,
        "Google refuses {model} for this account without saying why. Try again {wait}, or use another "
        "account. If every account is told so, raise antigravity.client_version.",
        frozenset({429}),
    ),
    Rule(
        "auth",
        Kind.UNAVAILABLE,
        Scope.ACCOUNT,
        Cause.AUTH,
        "Google does not take this account's sign-in any more. If it stays so, sign in again.",
        frozenset({401}),
    ),
    Rule(
        "validation",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.VERIFICATION,
        "Google wants you to verify this account before it answers. Open the link that `agtui accounts` "
        "shows and confirm, then switch the account on again.",
        frozenset({403}),
        reasons=("VALIDATION_REQUIRED",),
        texts=("verify your account",),
    ),
    Rule(
        "project",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.PROJECT,
        PROJECT_SAYS,
        frozenset({403}),
        reasons=("SERVICE_DISABLED", "CONSUMER_INVALID"),
        rest_s=3_600.0,
    ),
    Rule(
        "banned",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.TERMS,
        "Google has closed this account to such use because of its terms of service. "
        "agtui will not use it again.",
        frozenset({403}),
        texts=("violation of terms of service", "violation of the terms of service", "has been disabled"),
    ),
    Rule(
        "project",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.PROJECT,
        PROJECT_SAYS,
        frozenset({403}),
        texts=("not eligible", "license", "has not been used in project", "permission denied on resource"),
        rest_s=3_600.0,
    ),
    Rule(
        "denied",
        Kind.FORBIDDEN,
        Scope.ENDPOINT,
        Cause.DENIED,
        "Google denies this account the request. The log has its reason; try another account.",
        frozenset({403}),
        rest_s=60.0,
    ),
    Rule(
        "project",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.PROJECT,
        PROJECT_SAYS,
        frozenset({404}),
        texts=("project not found", "project does not exist", "unknown project", "not found or permission"),
        rest_s=3_600.0,
    ),
    Rule(
        "missing",
        Kind.NOT_FOUND,
        Scope.ENDPOINT,
        Cause.MISSING,
        "{model} does not exist for this account. Pick one of the models that the list shows.",
        frozenset({404}),
        rest_s=300.0,
    ),
    Rule(
        "too_long",
        Kind.TOO_LONG,
        Scope.REQUEST,
        Cause.NONE,
        "The conversation is longer than {model} takes. Start a new one, or shorten it. ({text})",
        frozenset({400, 413}),
        texts=("prompt is too long", "exceeds the maximum number of tokens", "input token count"),
    ),
    Rule(
        "too_large",
        Kind.TOO_LARGE,
        Scope.REQUEST,
        Cause.NONE,
        "The request is larger than Google takes. Send fewer or smaller pictures.",
        frozenset({413}),
    ),
    Rule(
        "bad_request",
        Kind.BAD_REQUEST,
        Scope.REQUEST,
        Cause.NONE,
        "Google does not take the request: {text}",
        frozenset({400, 405, 411, 413, 415, 422}),
    ),
    Rule(
        "odd",
        Kind.UPSTREAM,
        Scope.ENDPOINT,
        Cause.SERVER,
        "Google's gateway gave an answer that makes no sense (HTTP {status}). Check the endpoint setting.",
    ),
)
