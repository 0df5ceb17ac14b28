"""What Google's sign-in means by refusing: the token and the user-info endpoint. Pure.

Source: seed 000 (refresh), upstream notes 1.5 and 1.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import structs

from core.domain.failure import Cause, Failure, Kind, Scope
from core.redact import redact
from core.wire.google_errors import read_error

from .errors import LONGEST_TEXT, nameless

SIGN_IN_AGAIN: Final = Failure(
    Kind.UNAVAILABLE,
    "Google does not take this account's sign-in any more. Sign in again with it.",
    scope=Scope.ACCOUNT,
    cause=Cause.INVALID_GRANT,
)
BAD_CODE: Final = Failure(
    Kind.BAD_REQUEST,
    "Google does not take this code: a code works once, and for ten minutes. Open the link again.",
    scope=Scope.REQUEST,
    cause=Cause.INVALID_GRANT,
)
NO_REFRESH_TOKEN: Final = Failure(
    Kind.UPSTREAM,
    "Google gave no refresh token. Remove the app's access in your Google account "
    "(https://myaccount.google.com/connections), then sign in again.",
    scope=Scope.ACCOUNT,
    cause=Cause.DENIED,
)
WRONG_CLIENT: Final = Failure(
    Kind.UNAVAILABLE,
    "Google does not know the OAuth client, or the account was signed in with another one. "
    "Check ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET.",
    scope=Scope.PROVIDER,
    cause=Cause.CONFIG,
)
EXPIRED: Final = Failure(
    Kind.UNAVAILABLE,
    "Google does not take the access token. It is being renewed; try again.",
    scope=Scope.ACCOUNT,
    cause=Cause.AUTH,
)
LATER: Final = Failure(
    Kind.UNAVAILABLE,
    "Google's sign-in has trouble of its own right now. Try again in a minute.",
    scope=Scope.ACCOUNT,
    cause=Cause.SERVER,
    retry_after=30.0,
)
REFUSED: Final = Failure(
    Kind.UNAVAILABLE,
    "Google refused the sign-in: {said}. Start it again; a refresh token has to be copied whole.",
    scope=Scope.ACCOUNT,
    cause=Cause.DENIED,
)
TOKEN_TABLE: Final[tuple[tuple[tuple[str, ...], Failure], ...]] = (
    (("invalid_grant",), SIGN_IN_AGAIN),
    (("invalid_client", "unauthorized_client"), WRONG_CLIENT),
)
"""The token endpoint's words."""


def token_refusal(status: int, head: Mapping[str, str], body: bytes, now: float) -> Failure:
    """The failure that an answer other than 200 means. `now` is unix seconds."""
    error = read_error(status, body, head, now)
    detail = redact(f"{status} {error.word}: {error.message[:200]}")
    for words, failure in TOKEN_TABLE:
        if error.word in words:
            return structs.replace(failure, status=status, detail=detail)
    if status == 401:
        failure = EXPIRED
    elif status >= 500 or status in (403, 408, 429):
        failure = LATER
    else:
        said = nameless(error.message)[:LONGEST_TEXT].rstrip(".") or f"HTTP {status}"
        failure = structs.replace(REFUSED, public_message=REFUSED.public_message.format(said=said))
    return structs.replace(
        failure, status=status, detail=detail, retry_after=error.delay_s or failure.retry_after
    )
