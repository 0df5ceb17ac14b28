"""Failures in Anthropic's words.

Claude Code logs its person out on 403 and takes 401 for its own login, so an upstream's refusal is told
as 503; and it shortens a conversation only when it reads that the prompt is too long.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core.dialects.refusals import headers_of, status_of
from core.domain.failure import Failure, Kind
from core.domain.ports import ErrorBody

TYPES: Final[dict[Kind, str]] = {
    Kind.BAD_REQUEST: "invalid_request_error",
    Kind.TOO_LONG: "invalid_request_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.NOT_FOUND: "not_found_error",
    Kind.UNAUTHENTICATED: "authentication_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.QUOTA: "rate_limit_error",
    Kind.RATE: "rate_limit_error",
    Kind.CAPACITY: "overloaded_error",
    Kind.TIMEOUT: "timeout_error",
    Kind.UPSTREAM: "api_error",
    Kind.UNAVAILABLE: "overloaded_error",
    Kind.CANCELLED: "api_error",
    Kind.INTERNAL: "api_error",
}
OVERLOADED: Final = 529
UNAVAILABLE: Final = 503
TOO_LONG: Final = "prompt is too long"


def error_object(failure: Failure) -> dict[str, Any]:
    """The `error` member: type, message, and details where there are some."""
    message = failure.public_message
    if failure.kind is Kind.TOO_LONG and TOO_LONG not in message:
        message = f"{TOO_LONG}: {message}"
    kind = "api_error" if _refused_upstream(failure) else TYPES[failure.kind]
    found: dict[str, Any] = {"type": kind, "message": message}
    if details := failure.params.get("details"):
        found["details"] = msgspec.Raw(details.encode())
    return found


def error_body(failure: Failure) -> ErrorBody:
    if failure.kind is Kind.CAPACITY:
        status = OVERLOADED
    elif _refused_upstream(failure):
        status = UNAVAILABLE
    else:
        status = status_of(failure)
    found: dict[str, Any] = {"type": "error", "error": error_object(failure)}
    if request_id := failure.params.get("request_id"):
        found["request_id"] = request_id
    return ErrorBody(status, headers_of(failure), msgspec.json.encode(found))


def _refused_upstream(failure: Failure) -> bool:
    """Whether an account was refused, not the client's own key."""
    return failure.kind is Kind.FORBIDDEN and "mapped_model" in failure.params
