"""What every protocol says alike of a failure: the HTTP status, and how long to wait."""

from __future__ import annotations

from math import ceil
from typing import Final

from core.domain.failure import HTTP_STATUS, Failure, Kind

PATIENCE: Final = 60.0
"""Seconds an SDK waits before a retry at most; a limit that lasts longer is not worth its retries."""

_WAITS: Final = frozenset({Kind.QUOTA, Kind.RATE, Kind.CAPACITY, Kind.UNAVAILABLE})


def status_of(failure: Failure) -> int:
    """The HTTP status; a failure may name its own (405, 415, 421, 431) in `params["status"]`."""
    own = failure.params.get("status", "")
    return int(own) if own.isdecimal() else HTTP_STATUS[failure.kind]


def headers_of(failure: Failure) -> tuple[tuple[str, str], ...]:
    """Content type, `retry-after`, and which key is wanted."""
    headers = [("content-type", "application/json")]
    if failure.retry_after is not None and failure.kind in _WAITS:
        headers.append(("retry-after", str(max(1, ceil(failure.retry_after)))))
        if failure.retry_after > PATIENCE:
            headers.append(("x-should-retry", "false"))
    if failure.kind is Kind.UNAUTHENTICATED:
        headers.append(("www-authenticate", "Bearer"))
    return tuple(headers)
