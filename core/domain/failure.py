"""What went wrong, said three times: to the client, to the pool, and to the operator.

    kind     what the *client* is told; a dialect maps it to its own status and words
    scope    what is affected, so what has to rest
    cause    what the *pool* learns from it

An upstream's 401 is never the client's 401: the client's key was fine. There is one exception class,
`GatewayError`, so that a door has one thing to catch.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field


class Kind(StrEnum):
    """What the client is told. The number is the usual HTTP status of it."""

    BAD_REQUEST = "bad_request"  # 400
    TOO_LONG = "too_long"  # 400: more tokens than the model takes
    TOO_LARGE = "too_large"  # 413: more bytes than the server takes
    NOT_FOUND = "not_found"  # 404
    UNAUTHENTICATED = "unauthenticated"  # 401: the client's own key
    FORBIDDEN = "forbidden"  # 403
    QUOTA = "quota"  # 429: used up until a reset
    RATE = "rate"  # 429: too fast
    CAPACITY = "capacity"  # 503: the model is overloaded
    TIMEOUT = "timeout"  # 504
    UPSTREAM = "upstream"  # 502: an answer that makes no sense, or a broken stream
    UNAVAILABLE = "unavailable"  # 503: nobody to ask
    CANCELLED = "cancelled"  # 499: the client went away
    INTERNAL = "internal"  # 500


class Scope(StrEnum):
    """What a failure affects; what cools down."""

    REQUEST = "request"
    ACCOUNT = "account"
    ACCOUNT_MODEL = "account_model"
    ENDPOINT = "endpoint"
    MODEL = "model"
    PROVIDER = "provider"
    KEY = "key"


class Cause(StrEnum):
    """What the pool learns."""

    NONE = "none"
    CONNECT = "connect"  # no connection; nothing was sent
    SERVER = "server"  # 5xx
    CAPACITY = "capacity"  # the model is overloaded, nobody's fault
    QUOTA = "quota"
    RATE = "rate"
    SOFT = "soft"  # a 429 that says nothing
    AUTH = "auth"  # 401: refresh once
    INVALID_GRANT = "invalid_grant"  # sign in again
    VERIFICATION = "verification"
    TERMS = "terms"
    DENIED = "denied"
    PROJECT = "project"  # this account may not use the service with that project
    MISSING = "missing"
    CUT = "cut"  # the stream ended without its ending
    SILENT = "silent"  # the stream stopped moving
    EMPTY = "empty"
    OUTDATED = "outdated"  # the client version we claim is refused
    CONFIG = "config"  # a setting is missing or wrong


class Failure(Struct, frozen=True):
    """One failure. `public_message` is one or two sentences that say what to do, without secrets.

    `retry_after` is in seconds from now. `status` is the upstream's HTTP status, if there was one, and
    `detail` what the upstream said (redacted, for the log). `params` fill in the client's error body:
    `param`, `code`, `models`, `url`. `repair` names a change to the request with which its provider would
    be asked once more, as `kind` or `kind:what is lost`; empty: it knows none.
    """

    kind: Kind
    public_message: str
    scope: Scope = Scope.REQUEST
    cause: Cause = Cause.NONE
    retry_after: float | None = None
    status: int | None = None
    detail: str = ""
    params: dict[str, str] = field(default_factory=dict[str, str])
    repair: str = ""


HTTP_STATUS: dict[Kind, int] = {
    Kind.BAD_REQUEST: 400,
    Kind.TOO_LONG: 400,
    Kind.TOO_LARGE: 413,
    Kind.NOT_FOUND: 404,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.QUOTA: 429,
    Kind.RATE: 429,
    Kind.CAPACITY: 503,
    Kind.TIMEOUT: 504,
    Kind.UPSTREAM: 502,
    Kind.UNAVAILABLE: 503,
    Kind.CANCELLED: 499,
    Kind.INTERNAL: 500,
}


class GatewayError(Exception):
    """The one exception of the house: something failed, and `failure` says what."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.public_message)
        self.failure = failure

    @classmethod
    def of(cls, kind: Kind, message: str, **fields: object) -> GatewayError:
        """`GatewayError.of(Kind.NOT_FOUND, "No chat has the id x.", scope=Scope.REQUEST)`"""
        return cls(Failure(kind, message, **fields))  # type: ignore[arg-type]
