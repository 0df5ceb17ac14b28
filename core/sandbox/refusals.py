"""The refusals that can be asked for by name, by a steering word or in a script: one table.

Each has the shape that it has on the wire (spec/antigravity-upstream.md 1.6, 3.5, 9.4, 10.1 to 10.3, 10.8).
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.sandbox.errors import (
    DOMAIN,
    JSON,
    RPC,
    STATUS,
    ApiError,
    OAuthError,
    RawError,
    Refused,
    anthropic_invalid,
    exhausted,
    invalid,
    no_capacity,
    not_found,
    not_onboarded,
    unauthenticated,
    verify_account,
)
from core.sandbox.paths import APPEAL_PATH

POSSIBLE: Final = range(400, 600)
"""Statuses that an upstream refuses with."""

QUOTA_RESET_S: Final = 4563.2
RATE_RESET_S: Final = 3.957525076


class Moment(Struct, frozen=True):
    """What a refusal may speak of: the model, the project, the sandbox's own address, unix seconds."""

    model: str
    here: str
    now: float
    project: str = "sandbox-river"
    claude: bool = False


class Refusal(Struct, frozen=True):
    """A refusal as it was asked for: a `name` of `NAMES`, or a status.

    `reset` (seconds) is when quota or rate are free again. `form` says how it travels: as the `body`, in an
    `array`, in the middle of a `stream` that began well, or as the text of an `answer`. `details` keeps
    only these kinds of details (None: all). The others replace what the shape has by itself.
    """

    name: str
    reset: float | None = None
    form: str = "body"
    status: int | None = None
    message: str = ""
    details: tuple[str, ...] | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    body: str = ""
    media_type: str = JSON

    def error(self, moment: Moment) -> Refused:
        """The exception that says it."""
        made = self._shape(moment)
        made.headers = self.headers
        if self.status is not None:
            made.code = self.status
        if self.message:
            made.message = self.message
        if isinstance(made, ApiError):
            made.listed = self.form == "array"
            if self.status is not None:
                made.status = STATUS.get(self.status, (made.status, ""))[0]
            if self.details is not None:
                made.details = [one for one in made.details if kind_of(one) in self.details]
        return made

    def _shape(self, moment: Moment) -> Refused:
        if self.name == "body":
            return RawError(self.status or 500, self.body, self.media_type)
        if self.name == "page":
            return _page(self.status or 502)
        if self.name in SHAPES:
            return SHAPES[self.name](moment, self.reset)
        if self.name in TOKEN_SHAPES:
            return OAuthError(*TOKEN_SHAPES[self.name])
        return _by_status(int(self.name), moment, self.reset)


Shape = Callable[[Moment, float | None], ApiError]


def _quota(moment: Moment, reset: float | None) -> ApiError:
    return exhausted(moment.model, QUOTA_RESET_S if reset is None else reset, moment.now, "QUOTA_EXHAUSTED")


def _rate(moment: Moment, reset: float | None) -> ApiError:
    delay = RATE_RESET_S if reset is None else reset
    return exhausted(moment.model, delay, moment.now, "RATE_LIMIT_EXCEEDED")


def _daily(moment: Moment, _: float | None) -> ApiError:
    metric = "generativelanguage.googleapis.com/generate_requests"
    violation = {
        "subject": f"project:{moment.project}",
        "description": f"Quota exceeded for quota metric '{metric}' of model {moment.model}.",
        "quotaMetric": metric,
        "quotaId": "GenerateRequestsPerDayPerProjectPerModel",
    }
    return ApiError(
        429,
        "You exceeded your current quota. Quota exceeded for metric generate_requests.",
        details=[{"@type": RPC + "QuotaFailure", "violations": [violation]}],
    )


def _capacity(moment: Moment, reset: float | None) -> ApiError:
    refusal = no_capacity(moment.model)
    if reset is not None:
        refusal.details.append({"@type": RPC + "RetryInfo", "retryDelay": f"{reset:g}s"})
    return refusal


def _terms(moment: Moment, _: float | None) -> ApiError:
    return _with_info(
        403,
        "This service has been disabled in this account for violation of Terms of Service.",
        "TOS_VIOLATION",
        {"uiMessage": "true", "appeal_url": moment.here + APPEAL_PATH},
    )


def _too_long(moment: Moment, _: float | None) -> ApiError:
    if moment.claude:
        return anthropic_invalid("prompt is too long: 210000 tokens > 200000 maximum", moment.model)
    return invalid("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")


def _with_info(code: int, message: str, reason: str, metadata: dict[str, str] | None = None) -> ApiError:
    info: dict[str, Any] = {"@type": RPC + "ErrorInfo", "reason": reason, "domain": DOMAIN}
    if metadata:
        info["metadata"] = metadata
    return ApiError(code, message, details=[info])


def _plainly(code: int, message: str = "") -> Shape:
    return lambda moment, _: ApiError(code, message or STATUS[code][1])


def _claude(message: str) -> Shape:
    return lambda moment, _: anthropic_invalid(message, moment.model)


SHAPES: Final[dict[str, Shape]] = {
    "quota": _quota,
    "daily": _daily,
    "rate": _rate,
    "soft": _plainly(429),
    "credits": lambda moment, _: _with_info(
        429, "Your Google One AI credits are used up.", "INSUFFICIENT_G1_CREDITS_BALANCE"
    ),
    "capacity": _capacity,
    "server": _plainly(500),
    "auth": lambda moment, _: unauthenticated("ACCESS_TOKEN_EXPIRED"),
    "verify": lambda moment, _: verify_account(moment.here),
    "terms": _terms,
    "ineligible": _plainly(403, "This account is not eligible for Antigravity: it needs a valid license."),
    "disabled": lambda moment, _: not_onboarded(moment.project),
    "denied": _plainly(403),
    "missing": lambda moment, _: not_found(),
    "too-long": _too_long,
    "bad-request": _plainly(400),
    "outdated": _plainly(
        400,
        "This version of Antigravity is no longer supported. Please update to receive the latest features!",
    ),
    "signature": _plainly(400, "Corrupted thought signature."),
    "unsigned": _plainly(
        400, "Function call is missing a thought_signature in functionCall parts. This is required for tools."
    ),
    "claude-signature": _claude("messages.1.content.0: Invalid `signature` in `thinking` block"),
    "pairing": _claude(
        "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1."
    ),
    "budget": _claude("`max_tokens` must be greater than `thinking.budget_tokens`."),
    "max-output": _plainly(400, "maxOutputTokens is out of range: the supported range is from 1 to 65536."),
    "unknown-field": _plainly(
        400,
        'Invalid JSON payload received. Unknown name "imageSize" at '
        "'request.generation_config.image_config': Cannot find field.",
    ),
    "level": _plainly(400, "Thinking level is not supported for this model."),
    "schema": _plainly(400, "Invalid JSON schema: request.tools[0].function_declarations[0].parameters"),
    "prefill": _claude("This model does not support assistant message prefill. The final turn must be user."),
}
"""The refusals of `v1internal`, in the order of the classes; the last ones are those that a changed
request gets past."""

TOKEN_SHAPES: Final[dict[str, tuple[str, str, int]]] = {
    "invalid-grant": ("invalid_grant", "Token has been expired or revoked.", 400),
    "invalid-client": ("invalid_client", "The OAuth client was not found.", 401),
    "unauthorized-client": ("unauthorized_client", "Unauthorized", 401),
    "invalid-request": ("invalid_request", "Missing required parameter: code", 400),
    "invalid-scope": ("invalid_scope", "Some requested scopes were invalid.", 400),
}
"""Those of the token endpoint."""

NAMES: Final = (*SHAPES, "page")
"""Every name that a generation may be refused with; `page` is a load balancer's."""


def kind_of(detail: dict[str, Any]) -> str:
    """`RetryInfo`, `ErrorInfo`: the last part of a detail's type."""
    return str(detail.get("@type", "")).rpartition(".")[2]


def _by_status(code: int, moment: Moment, reset: float | None) -> Refused:
    """The shape that a status has most of the time."""
    match code:
        case 401:
            return SHAPES["auth"](moment, reset)
        case 403:
            return SHAPES["verify"](moment, reset)
        case 429:
            return exhausted(moment.model, RATE_RESET_S if reset is None else reset, moment.now)
        case 502:
            return _page(code)
        case 503 | 529:
            refusal = _capacity(moment, reset)
            return ApiError(code, refusal.message, "UNAVAILABLE", refusal.details)
        case _:
            fallback = ("INVALID_ARGUMENT" if code < 500 else "INTERNAL", f"Error {code}.")
            status, message = STATUS.get(code, fallback)
            return ApiError(code, message, status)


def _page(code: int) -> RawError:
    what = "Server Error" if code >= 500 else "Not Found"
    return RawError(
        code,
        f"<!DOCTYPE html>\n<html lang=en><title>Error {code} ({what})!!1</title>"
        f"<p><b>{code}.</b> <ins>That’s an error.</ins><p>The server encountered a temporary error and "
        "could not complete your request.<p>Please try again in 30 seconds.\n",
    )
