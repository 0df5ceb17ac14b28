"""Failures in OpenAI's words: status, headers and the `error` object.

The official SDKs choose their exception class by status alone; LiteLLM also reads the message of a 401.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core.dialects.refusals import headers_of, status_of
from core.domain.failure import Failure, Kind
from core.domain.ports import ErrorBody

TYPES: Final[dict[Kind, tuple[str, str | None]]] = {
    Kind.BAD_REQUEST: ("invalid_request_error", None),
    Kind.TOO_LONG: ("invalid_request_error", "context_length_exceeded"),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.NOT_FOUND: ("invalid_request_error", "not_found"),
    Kind.UNAUTHENTICATED: ("invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: ("permission_error", "forbidden"),
    Kind.QUOTA: ("rate_limit_error", "insufficient_quota"),
    Kind.RATE: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.CAPACITY: ("server_error", "overloaded"),
    Kind.TIMEOUT: ("server_error", "timeout"),
    Kind.UPSTREAM: ("server_error", "upstream_error"),
    Kind.UNAVAILABLE: ("server_error", "unavailable"),
    Kind.CANCELLED: ("server_error", "cancelled"),
    Kind.INTERNAL: ("server_error", "internal_error"),
}

_encoder: Final = msgspec.json.Encoder()


def error_object(failure: Failure) -> dict[str, Any]:
    """The `error` member: message, type, param, code. Nothing else of the failure leaves the house."""
    kind, code = TYPES[failure.kind]
    return {
        "message": failure.public_message,
        "type": kind,
        "param": failure.params.get("param"),
        "code": failure.params.get("code", code),
    }


def error_body(failure: Failure) -> ErrorBody:
    body = _encoder.encode({"error": error_object(failure)})
    return ErrorBody(status_of(failure), headers_of(failure), body)
