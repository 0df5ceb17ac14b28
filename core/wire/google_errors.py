"""Google's error bodies: every shape they come in, and the delay they ask for. Says nothing of blame.

Source: seed 001 (error structure, rate limit response), google.rpc error details.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import msgspec
from msgspec import Struct, field

LONGEST_S: Final = 8 * 24 * 3600.0
UNITS_S: Final[dict[str, float]] = {
    "d": 86_400.0,
    "h": 3_600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
}
_STEP: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|us|ns|d|h|m|s)?", re.IGNORECASE)
_SPOKEN: Final = re.compile(
    r"(?:reset|retry|try again)\s*(?:after|in)\s*((?:\d+(?:\.\d+)?\s*(?:ms|us|ns|d|h|m|s)?\s*)+)",
    re.IGNORECASE,
)
QUOTA_FIELDS: Final = ("quotaId", "quotaMetric", "subject", "description")
"""What a violation of google.rpc.QuotaFailure says of the quota."""

EPOCH_MS: Final = 1e11
"""An `x-ratelimit-reset` above this counts milliseconds."""


class GoogleError(Struct, frozen=True):
    """An error body as read. `status` is the HTTP status, `word` the google.rpc one.

    `message` is unwrapped, the innermost text. `delay_s` is what the body asks for, None if nothing.
    `limits` are the texts and ids of the quotas that were exceeded, `fields` what is wrong with which field
    of the request, `links` addresses of help.
    """

    status: int
    word: str = ""
    message: str = ""
    reasons: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    details: int = 0
    delay_s: float | None = None
    limits: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def read_error(status: int, body: bytes, headers: Mapping[str, str], now: float) -> GoogleError:
    """Read any error body: JSON object or array, the token endpoint's form, HTML, text, nothing.

    `now` is unix seconds, for reset times.
    """
    try:
        parsed: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return GoogleError(status, message=_plain(body), delay_s=_header_delay(headers, now))
    if isinstance(parsed, list) and parsed:
        parsed = cast(list[Any], parsed)[0]
    error = _get(parsed, "error")
    if isinstance(error, str):
        text = _text(_get(parsed, "error_description")) or error
        return GoogleError(status, error, text, delay_s=_header_delay(headers, now))
    if not isinstance(error, dict):
        return GoogleError(status, message=_plain(body), delay_s=_header_delay(headers, now))
    return read_error_object(status, cast(dict[str, Any], error), headers, now)


def read_error_object(
    status: int, error: dict[str, Any], headers: Mapping[str, str], now: float
) -> GoogleError:
    """Read the value of `error` itself, as it also stands in a stream."""
    details = _objects(error.get("details"))
    reasons: list[str] = []
    limits: list[str] = []
    fields: list[str] = []
    links: list[str] = []
    metadata: dict[str, str] = {}
    retry = None
    for detail in details:
        if reason := _text(detail.get("reason")):
            reasons.append(reason)
        facts = detail.get("metadata")
        if isinstance(facts, dict):
            metadata |= {key: _text(value) for key, value in cast(dict[str, Any], facts).items()}
        retry = retry or duration_s(_text(detail.get("retryDelay")))
        for violation in _objects(detail.get("violations")):
            limits += [text for name in QUOTA_FIELDS if (text := _text(violation.get(name)))]
        for violation in _objects(detail.get("fieldViolations")):
            told = (_text(violation.get("field")), _text(violation.get("description")))
            fields.append(": ".join(text for text in told if text))
        links += [_text(link.get("url")) for link in _objects(detail.get("links"))]
    message = unwrapped(_text(error.get("message")))
    code = error.get("code")
    delay = _delay(retry, metadata, "QUOTA_EXHAUSTED" in reasons, message, now)
    return GoogleError(
        code if isinstance(code, int) and status == 200 else status,
        _text(error.get("status")),
        message,
        tuple(reasons),
        metadata,
        len(details),
        _header_delay(headers, now) if delay is None else delay,
        tuple(limits),
        tuple(text for text in fields if text),
        tuple(links),
    )


def duration_s(text: str) -> float | None:
    """Seconds of `1h16m3.2s`, `754ms` or `45`; None for anything else and for zero. At most 8 days."""
    at, total, text = 0, 0.0, text.strip()
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        total += float(step[1]) * UNITS_S[(step[2] or "s").lower()]
        at = step.end()
    return min(total, LONGEST_S) if total > 0 else None


def unwrapped(message: str) -> str:
    """The inner text where a back end's own JSON error body stands as the message, prefix or not."""
    at = message.find("{")
    if at < 0:
        return message
    try:
        inner: Any = msgspec.json.decode(message[at:])
    except (msgspec.DecodeError, RecursionError):
        return message
    return _text(_get(_get(inner, "error"), "message")) or message


def _delay(
    retry: float | None, metadata: Mapping[str, str], exhausted: bool, message: str, now: float
) -> float | None:
    quota = duration_s(metadata.get("quotaResetDelay", ""))
    if exhausted and retry and quota:
        return max(retry, quota)
    if (stated := retry or quota) is not None:
        return stated
    if (at := _timestamp(metadata.get("quotaResetTimeStamp", ""))) is not None and at > now:
        return min(at - now, LONGEST_S)
    spoken = _SPOKEN.search(message)
    return duration_s(spoken[1]) if spoken else None


def _header_delay(headers: Mapping[str, str], now: float) -> float | None:
    """What the headers ask for; Retry-After may be seconds or a date."""
    for name, factor in (("retry-after-ms", 1e-3), ("retry-after", 1.0), ("x-ratelimit-reset-after", 1.0)):
        value = headers.get(name, "")
        number = _number(value)
        if number is not None and number > 0:
            return min(number * factor, LONGEST_S)
        if name == "retry-after" and value and (at := _http_date(value)) is not None and at > now:
            return min(at - now, LONGEST_S)
    reset = _number(headers.get("x-ratelimit-reset", ""))
    if reset is None:
        return None
    at = reset / 1_000 if reset > EPOCH_MS else reset
    return min(at - now, LONGEST_S) if at > now else None


def _timestamp(text: str) -> float | None:
    """Unix seconds of an RFC 3339 time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _get(value: Any, key: str) -> Any:
    return cast(dict[str, Any], value).get(key) if isinstance(value, dict) else None


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is none is left out."""
    listed = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], one) for one in listed if isinstance(one, dict)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _plain(body: bytes) -> str:
    """Something readable of a body that is no JSON: HTML without its tags, at most 300 characters."""
    text = body[:4_096].decode(errors="replace")
    text = re.sub(r"(?is)<(style|script).*?</\1>|<[^>]*>", " ", text)
    return " ".join(text.split())[:300]
