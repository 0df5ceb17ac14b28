"""The bodies of refusals, worded like the real service's (spec/antigravity-upstream.md 1.6 and 10.1).

Only shapes live here; who refuses what is decided elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from core.sandbox.durations import duration
from core.sandbox.paths import VERIFY_PATH

RPC: Final = "type.googleapis.com/google.rpc."
DOMAIN: Final = "cloudcode-pa.googleapis.com"
_LONG_DELAY: Final = 300.0
"""From this many seconds on a 429 means an exhausted quota, before it a rate limit."""

STATUS: Final[dict[int, tuple[str, str]]] = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: (
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    ),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    405: ("UNIMPLEMENTED", "The method is not allowed for this resource."),
    409: ("ABORTED", "The operation was aborted."),
    413: ("INVALID_ARGUMENT", "Request payload size exceeds the limit."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    499: ("CANCELLED", "The operation was cancelled."),
    500: ("INTERNAL", "Internal error encountered."),
    501: ("UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
JSON: Final = "application/json; charset=UTF-8"
HTML: Final = "text/html; charset=UTF-8"

Details = list[dict[str, Any]]


class Violation(msgspec.Struct, frozen=True):
    """One field that is wrong: its path in the wire's snake case, and what is wrong with it."""

    field: str
    description: str


class Refused(Exception):
    """A refusal: its status, its body, and headers besides the usual ones."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = {}
        self.wait = 0.0
        """Seconds before it is said."""

    def body(self) -> bytes:
        raise NotImplementedError

    @property
    def media_type(self) -> str:
        return JSON


class ApiError(Refused):
    """A refusal of the `v1internal` service: everything its body says. `listed`: it stands in an array,
    as in a stream that is no event stream."""

    def __init__(self, code: int, message: str, status: str = "", details: Details | None = None) -> None:
        super().__init__(code, message)
        self.status = status or STATUS.get(code, ("UNKNOWN", ""))[0]
        self.details = details or []
        self.listed = False

    def body(self) -> bytes:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return msgspec.json.encode([{"error": error}] if self.listed else {"error": error})


class OAuthError(Refused):
    """A refusal of the token endpoint: `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str, code: int = 400) -> None:
        super().__init__(code, description)
        self.error = error

    def body(self) -> bytes:
        return msgspec.json.encode({"error": self.error, "error_description": self.message})


class RawError(Refused):
    """A body that is taken as it is: a load balancer's page, or anything else."""

    def __init__(self, code: int, text: str, media_type: str = HTML) -> None:
        super().__init__(code, text)
        self._media_type = media_type

    def body(self) -> bytes:
        return self.message.encode()

    @property
    def media_type(self) -> str:
        return self._media_type


def violations(found: list[Violation]) -> ApiError:
    """The 400 of a body that could not be read as the request message."""
    wrong = [{"field": one.field, "description": one.description} for one in found]
    return ApiError(
        400,
        "\n".join(one.description for one in found),
        details=[{"@type": RPC + "BadRequest", "fieldViolations": wrong}],
    )


def invalid(message: str) -> ApiError:
    """The 400 of a readable body that asks for something impossible."""
    return ApiError(400, message)


def anthropic_invalid(message: str, request_id: str) -> ApiError:
    """The 400 of the Claude back end: its own error body as the text of the outer one."""
    inner = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": message},
        "request_id": "req_vrtx_" + request_id,
    }
    return ApiError(400, msgspec.json.encode(inner).decode())


def unauthenticated(reason: str) -> ApiError:
    """401; `reason` is ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_INVALID or CREDENTIALS_MISSING."""
    info = {"reason": reason, "domain": "googleapis.com", "metadata": {"service": DOMAIN}}
    return ApiError(401, STATUS[401][1], details=[{"@type": RPC + "ErrorInfo"} | info])


def not_found() -> ApiError:
    return ApiError(404, STATUS[404][1])


def project_denied(project: str) -> ApiError:
    """403 for a project that isn't the account's own."""
    info = {"reason": "CONSUMER_INVALID", "domain": "googleapis.com"}
    return ApiError(
        403,
        f"Permission denied on resource project {project}.",
        details=[
            {"@type": RPC + "ErrorInfo"}
            | info
            | {"metadata": {"consumer": f"projects/{project}", "service": DOMAIN}}
        ],
    )


def not_onboarded(project: str) -> ApiError:
    """403 for an account that has no project yet."""
    info = {"reason": "SERVICE_DISABLED", "domain": "googleapis.com"}
    return ApiError(
        403,
        f"Cloud Code Private API has not been used in project {project} before or it is disabled.",
        details=[{"@type": RPC + "ErrorInfo"} | info | {"metadata": {"consumer": f"projects/{project}"}}],
    )


def exhausted(model: str, delay: float, now: float, reason: str = "") -> ApiError:
    """429 that says when `model` is free again: `delay` seconds after `now` (unix seconds). Without a
    `reason`, the delay decides between a used-up quota and a limit on the rate."""
    reset = datetime.fromtimestamp(now + delay, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {
        "model": model,
        "quotaResetDelay": duration(delay),
        "quotaResetTimeStamp": reset,
        "uiMessage": "true",
    }
    reason = reason or ("QUOTA_EXHAUSTED" if delay >= _LONG_DELAY else "RATE_LIMIT_EXCEEDED")
    whole = duration(float(int(delay)) or delay)
    return ApiError(
        429,
        f"You have exhausted your capacity on this model. Your quota will reset after {whole}.",
        details=[
            {"@type": RPC + "ErrorInfo", "reason": reason, "domain": DOMAIN, "metadata": metadata},
            {"@type": RPC + "RetryInfo", "retryDelay": f"{delay:.9f}".rstrip("0").rstrip(".") + "s"},
        ],
    )


def no_capacity(model: str) -> ApiError:
    """503: the model's servers are full; nobody's quota is to blame."""
    info = {"reason": "MODEL_CAPACITY_EXHAUSTED", "domain": DOMAIN, "metadata": {"model": model}}
    return ApiError(
        503,
        f"No capacity available for model {model} on the server",
        details=[{"@type": RPC + "ErrorInfo"} | info],
    )


def verify_account(here: str) -> ApiError:
    """403: a person has to confirm that the account is theirs. `here` is the sandbox's own address."""
    metadata = {
        "validation_error_message": "Verify your account to continue.",
        "validation_url_link_text": "Verify your account",
        "validation_url": here + VERIFY_PATH,
        "validation_learn_more_url": here + VERIFY_PATH,
    }
    return ApiError(
        403,
        "Verify your account to continue.",
        details=[
            {
                "@type": RPC + "ErrorInfo",
                "reason": "VALIDATION_REQUIRED",
                "domain": DOMAIN,
                "metadata": metadata,
            }
        ],
    )
