"""Why an account may not be used: one table of states with their causes and words."""

from __future__ import annotations

from typing import Final

from core.domain.accounts import Account, AccountState
from core.domain.failure import Cause, Failure, Kind, Scope

_STANDINGS: Final = {
    AccountState.NEEDS_LOGIN: (Cause.INVALID_GRANT, "needs a new sign-in"),
    AccountState.VERIFY: (Cause.VERIFICATION, "has to be verified by its owner"),
    AccountState.ENDED: (Cause.TERMS, "was ended by the upstream"),
}

STATE_OF: Final = {cause: state for state, (cause, _) in _STANDINGS.items()}
"""The state that a failure with this cause puts an account into."""

REMOVED: Final = Failure(
    Kind.UNAVAILABLE, "The account that was to answer was removed meanwhile. Ask again.", Scope.ACCOUNT
)


def why_not(account: Account) -> str:
    """Why the account is not to be used, in words that follow its name; empty: it may be."""
    if not account.enabled:
        return "switched off"
    return _STANDINGS[account.state][1] if account.state in _STANDINGS else ""


def refusal(account: Account) -> Failure:
    """What a call as an account in this state gets instead."""
    cause, words = _STANDINGS[account.state]
    return Failure(Kind.UNAVAILABLE, f"The account {account.email} {words}.", Scope.ACCOUNT, cause)
