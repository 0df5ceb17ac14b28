"""Failures as Google words them: `google.rpc.Status` in an `error` member, with RetryInfo when it helps."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core.dialects.refusals import headers_of, status_of
from core.domain.failure import Failure, Kind
from core.domain.ports import ErrorBody

STATUS: Final[dict[Kind, str]] = {
    Kind.BAD_REQUEST: "INVALID_ARGUMENT",
    Kind.TOO_LONG: "INVALID_ARGUMENT",
    Kind.TOO_LARGE: "INVALID_ARGUMENT",
    Kind.NOT_FOUND: "NOT_FOUND",
    Kind.UNAUTHENTICATED: "UNAUTHENTICATED",
    Kind.FORBIDDEN: "PERMISSION_DENIED",
    Kind.QUOTA: "RESOURCE_EXHAUSTED",
    Kind.RATE: "RESOURCE_EXHAUSTED",
    Kind.CAPACITY: "UNAVAILABLE",
    Kind.TIMEOUT: "DEADLINE_EXCEEDED",
    Kind.UPSTREAM: "INTERNAL",
    Kind.UNAVAILABLE: "UNAVAILABLE",
    Kind.CANCELLED: "CANCELLED",
    Kind.INTERNAL: "INTERNAL",
}
RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"


def error_object(failure: Failure) -> dict[str, Any]:
    """The `error` member: code, message, status, details. Nothing else of the failure leaves the house."""
    found: dict[str, Any] = {
        "code": status_of(failure),
        "message": failure.public_message,
        "status": STATUS[failure.kind],
    }
    if failure.retry_after is not None:
        found["details"] = [{"@type": RETRY_INFO, "retryDelay": f"{failure.retry_after:g}s"}]
    return found


def error_body(failure: Failure) -> ErrorBody:
    body = msgspec.json.encode({"error": error_object(failure)})
    return ErrorBody(status_of(failure), headers_of(failure), body)
