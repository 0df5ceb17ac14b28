"""The fall-through table: after which failure what may be asked next. Data; `walk` and `attempts` obey it.

Which answer of an upstream is which failure stands in the provider's own table. There is no pause before
the next call: choosing the next place is the retry, and who must wait is told so.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from core.domain.failure import Cause, Failure, Scope

Again = Literal["", "token", "project"]


class Onward(Struct, frozen=True):
    """What may be asked next: the same endpoint `again` (once a walk, with another one of these), another
    `endpoint` for the same account (`alone`: only while no other account is free), another `account`
    (`elsewhere`: only one of another provider)."""

    again: Again = ""
    endpoint: Literal["yes", "alone", "no"] = "no"
    account: Literal["yes", "elsewhere", "no"] = "no"


class Rule(Struct, frozen=True):
    """Applies to a failure with one of `scopes` and, where given, one of `causes`."""

    scopes: frozenset[Scope]
    onward: Onward
    causes: frozenset[Cause] = frozenset()


TABLE: Final[tuple[Rule, ...]] = (
    # The request can't be answered anywhere: a 400, a model nobody has.
    Rule(frozenset({Scope.REQUEST, Scope.MODEL, Scope.KEY}), Onward()),
    # Our version or our settings are refused, whoever asks.
    Rule(frozenset({Scope.PROVIDER}), Onward(account="elsewhere")),
    # 401: the token may have died early.
    Rule(frozenset({Scope.ACCOUNT}), Onward(again="token", account="yes"), frozenset({Cause.AUTH})),
    # The account may not name that project, but perhaps the one that it was given.
    Rule(frozenset({Scope.ACCOUNT}), Onward(again="project", account="yes"), frozenset({Cause.PROJECT})),
    # A 429 that says nothing may be the endpoint's own.
    Rule(frozenset({Scope.ACCOUNT_MODEL}), Onward(endpoint="alone", account="yes"), frozenset({Cause.SOFT})),
    # Quota, rate, verification, terms: the same at every endpoint.
    Rule(frozenset({Scope.ACCOUNT, Scope.ACCOUNT_MODEL}), Onward(account="yes")),
    # No connection, 5xx, capacity, 404, a plain 403, a stream without content.
    Rule(frozenset({Scope.ENDPOINT}), Onward(endpoint="yes", account="yes")),
)
"""The first rule that applies counts; every scope has one. Source: seed 000 (endpoints in order), the
fall-through table of the upstream notes."""


def onward(failure: Failure) -> Onward:
    """What may be asked after `failure`, as long as no content has come; after that nothing may."""
    return next(
        rule.onward
        for rule in TABLE
        if failure.scope in rule.scopes and (not rule.causes or failure.cause in rule.causes)
    )
