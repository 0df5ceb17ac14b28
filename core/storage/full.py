"""What a full disk is called: one failure, whether a file or the database met it."""

from __future__ import annotations

import sqlite3

from core.domain.failure import GatewayError, Kind, Scope

from .files import NO_SPACE, STORAGE_FAILED, STORAGE_FULL


def is_full(error: BaseException) -> bool:
    """Whether `error`, or what caused it, says that there is no space left."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and at.errno in NO_SPACE:
            return True
        if isinstance(at, sqlite3.Error) and getattr(at, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        at = at.__cause__ or getattr(at, "orig", None)
    return False


def storage_failure(error: BaseException, what: str) -> GatewayError:
    """`error` as it is told to people. `what` names the thing that was not kept, for example `picture`."""
    if is_full(error):
        return GatewayError.of(
            Kind.UNAVAILABLE,
            f"The disk is full, so the {what} was not kept. Make room and try again.",
            scope=Scope.REQUEST,
            params={"code": STORAGE_FULL},
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return GatewayError.of(
        Kind.INTERNAL,
        f"The {what} could not be kept: {reason}.",
        scope=Scope.REQUEST,
        params={"code": STORAGE_FAILED},
    )
