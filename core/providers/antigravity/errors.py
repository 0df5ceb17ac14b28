"""What a refusal means: Google's answers to failures, by the table of error_table.py.

What Google says goes to a client without tokens, addresses and project names, and not at all where it is
about the account; the log has it without tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

from core.domain.failure import Cause, Failure, Scope
from core.redact import MASK, mask_email, redact
from core.wire.google_errors import GoogleError, read_error, read_error_object

from .error_table import LONG_DELAY_S, TABLE, Rule

VERIFY_LINK: Final = re.compile(r"https://accounts\.google\.com/[^\s\"'<>\\)]+")
LINK_SCORES: Final = (("plt=", 4), ("/signin/continue", 3), ("continue=", 2), ("service=cloudcode", 1))
OPENABLE: Final = ("https://", "http://127.0.0.1:")
"""How a link begins that a person may be asked to open; the sandbox's is on loopback."""

LONGEST_TEXT: Final = 400
LONGEST_READ: Final = 4_096

_EMAIL: Final = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_PROJECT: Final = re.compile(
    r"(\bprojects?(?:[_ ]?(?:number|id))?(?:\s*[/:=]\s*|\s+(?=[\"'`]?[a-z0-9:.]*[\d\-])))"
    r"[\"'`]?[\w.:\-]*\w[\"'`]?",
    re.IGNORECASE,
)


def classify(status: int, body: bytes, headers: Mapping[str, str], model: str, now: float) -> Failure:
    """The failure that an HTTP answer other than 200 means. `now` is unix seconds."""
    return failure_of(read_error(status, body, headers, now), model)


def classify_object(error: dict[str, Any], model: str, now: float) -> Failure:
    """The same for an error object in the middle of a stream."""
    return failure_of(read_error_object(200, error, {}, now), model)


def failure_of(error: GoogleError, model: str) -> Failure:
    rule = rule_for(error)
    rest = error.delay_s if error.delay_s is not None else rule.rest_s
    message = error.message.strip()
    if rule.scope is Scope.REQUEST and error.fields:
        message = f"{message.rstrip('.')}: {'; '.join(error.fields)}" if message else "; ".join(error.fields)
    said = redact(message[:LONGEST_READ])[:LONGEST_TEXT] or f"HTTP {error.status}"
    text = nameless(said)
    return Failure(
        rule.kind,
        rule.say.format(
            model=model, wait=_wait(error.delay_s), text=text.rstrip(".") + ".", status=error.status
        ).strip(),
        scope=rule.scope,
        cause=rule.cause,
        retry_after=rest,
        status=error.status,
        detail=redact(f"{' '.join([error.word or str(error.status), *error.reasons])}: {said}"),
        params=_params(error, rule),
    )


def nameless(text: str) -> str:
    """What an upstream said, fit for any client: no secrets, addresses masked, projects left out."""
    return _PROJECT.sub(rf"\1{MASK}", _EMAIL.sub(lambda found: mask_email(found[0]), redact(text)))


def rule_for(error: GoogleError) -> Rule:
    """The row of the table that applies to `error`."""
    text = " ".join((error.message, *error.limits)).lower()
    return next(rule for rule in TABLE if _applies(rule, error, text))


def _applies(rule: Rule, error: GoogleError, text: str) -> bool:
    if rule.statuses and error.status not in rule.statuses:
        return False
    if rule.delay:
        delay = error.delay_s
        return delay is not None and (delay >= LONG_DELAY_S) == (rule.delay == "long")
    if not rule.reasons and not rule.texts:
        return True
    return any(reason in rule.reasons for reason in error.reasons) or any(one in text for one in rule.texts)


def _params(error: GoogleError, rule: Rule) -> dict[str, str]:
    """A link a person has to open, if the answer names one."""
    url = ""
    if rule.cause is Cause.VERIFICATION:
        url = error.metadata.get("validation_url", "") or _link_in(" ".join((error.message, *error.links)))
    elif rule.cause is Cause.TERMS:
        url = error.metadata.get("appeal_url", "")
    return {"url": url} if url.startswith(OPENABLE) else {}


def _link_in(text: str) -> str:
    """The likeliest verification link in a text."""
    links: list[str] = VERIFY_LINK.findall(unescape(text.replace("\\u0026", "&")))
    return max(
        links, key=lambda link: sum(points for word, points in LINK_SCORES if word in link), default=""
    )


def _wait(seconds: float | None) -> str:
    """`in 3 s`, `in 12 min`, `in 1 h 16 min`; `later` if unknown."""
    if seconds is None:
        return "later"
    if seconds < 90:
        return f"in {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"in {minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"in {hours} h {minutes} min"
    return f"in {hours // 24} d {hours % 24} h"
