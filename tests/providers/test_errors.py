"""Refusals told apart, and told well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.domain.failure import Cause, Failure, Kind, Scope
from core.providers.antigravity.error_table import TABLE
from core.providers.antigravity.errors import classify, classify_object, rule_for
from core.providers.antigravity.projects import Ineligible, Loaded, no_project
from core.wire.google_errors import GoogleError

NOW = 1_767_970_000.0
MODEL = "gemini-3-pro-high"


def refused(status: int, message: str = "", reason: str = "", *, word: str = "", **metadata: str) -> Failure:
    details: list[dict[str, Any]] = []
    if reason or metadata:
        details.append(
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
        )
    error = {"code": status, "message": message, "status": word, "details": details}
    return classify(status, json.dumps({"error": error}).encode(), {}, MODEL, NOW)


CASES = [
    (
        503,
        "No capacity available for model x",
        "MODEL_CAPACITY_EXHAUSTED",
        Kind.CAPACITY,
        Scope.ENDPOINT,
        Cause.CAPACITY,
    ),
    (429, "The model is overloaded", "", Kind.CAPACITY, Scope.ENDPOINT, Cause.CAPACITY),
    (529, "", "", Kind.CAPACITY, Scope.ENDPOINT, Cause.CAPACITY),
    (500, "Internal error", "", Kind.UPSTREAM, Scope.ENDPOINT, Cause.SERVER),
    (504, "Deadline", "", Kind.TIMEOUT, Scope.ENDPOINT, Cause.SERVER),
    (408, "", "", Kind.TIMEOUT, Scope.ENDPOINT, Cause.SERVER),
    (429, "x", "QUOTA_EXHAUSTED", Kind.QUOTA, Scope.ACCOUNT_MODEL, Cause.QUOTA),
    (429, "Your quota will reset after 2h.", "", Kind.QUOTA, Scope.ACCOUNT_MODEL, Cause.QUOTA),
    (
        429,
        "You have exhausted your capacity on this model.",
        "",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
    ),
    (
        429,
        "You have exhausted your capacity on this model. Your quota will reset after 3s.",
        "",
        Kind.RATE,
        Scope.ACCOUNT_MODEL,
        Cause.RATE,
    ),
    (429, "x", "RATE_LIMIT_EXCEEDED", Kind.RATE, Scope.ACCOUNT_MODEL, Cause.RATE),
    (429, "Too many requests", "", Kind.RATE, Scope.ACCOUNT_MODEL, Cause.RATE),
    (429, "Resource has been exhausted (e.g. check quota).", "", Kind.RATE, Scope.ACCOUNT_MODEL, Cause.SOFT),
    (401, "Request had invalid authentication credentials.", "", Kind.UNAVAILABLE, Scope.ACCOUNT, Cause.AUTH),
    (
        403,
        "Verify your account to continue.",
        "VALIDATION_REQUIRED",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.VERIFICATION,
    ),
    (403, "Disabled for violation of Terms of Service.", "", Kind.FORBIDDEN, Scope.ACCOUNT, Cause.TERMS),
    (
        403,
        "API has not been used in project p",
        "SERVICE_DISABLED",
        Kind.FORBIDDEN,
        Scope.ACCOUNT,
        Cause.PROJECT,
    ),
    (403, "The API has been disabled.", "SERVICE_DISABLED", Kind.FORBIDDEN, Scope.ACCOUNT, Cause.PROJECT),
    (403, "You lack a Gemini license.", "", Kind.FORBIDDEN, Scope.ACCOUNT, Cause.PROJECT),
    (404, "Project not found: p", "", Kind.FORBIDDEN, Scope.ACCOUNT, Cause.PROJECT),
    (429, "500 requests per day", "RATE_LIMIT_EXCEEDED", Kind.QUOTA, Scope.ACCOUNT_MODEL, Cause.QUOTA),
    (
        429,
        "Resource has been exhausted (e.g. check quota).",
        "INSUFFICIENT_G1_CREDITS_BALANCE",
        Kind.QUOTA,
        Scope.ACCOUNT_MODEL,
        Cause.QUOTA,
    ),
    (403, "The caller does not have permission", "", Kind.FORBIDDEN, Scope.ENDPOINT, Cause.DENIED),
    (404, "Requested entity was not found.", "", Kind.NOT_FOUND, Scope.ENDPOINT, Cause.MISSING),
    (400, "Prompt is too long: 300000 tokens", "", Kind.TOO_LONG, Scope.REQUEST, Cause.NONE),
    (413, "Payload", "", Kind.TOO_LARGE, Scope.REQUEST, Cause.NONE),
    (400, 'Unknown name "const"', "", Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE),
    (
        400,
        "This version of Antigravity is no longer supported.",
        "",
        Kind.UNAVAILABLE,
        Scope.PROVIDER,
        Cause.OUTDATED,
    ),
    (302, "", "", Kind.UPSTREAM, Scope.ENDPOINT, Cause.SERVER),
]


@pytest.mark.parametrize(("status", "message", "reason", "kind", "scope", "cause"), CASES)
def test_a_refusal_has_kind_scope_and_cause(
    status: int, message: str, reason: str, kind: Kind, scope: Scope, cause: Cause
) -> None:
    got = refused(status, message, reason)
    assert (got.kind, got.scope, got.cause) == (kind, scope, cause)
    assert got.status == status
    assert "{" not in got.public_message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "Quota exceeded"),
        (429, "Too many requests"),
        (429, "Resource has been exhausted (e.g. check quota)."),
        (401, "Request had invalid authentication credentials."),
    ],
)
def test_a_limit_without_a_time_names_none_so_that_the_pool_rests_longer_each_time(
    status: int, message: str
) -> None:
    assert refused(status, message, "").retry_after is None


def test_every_row_of_the_table_is_reached() -> None:
    reached = {
        id(rule_for(GoogleError(status, message=message, reasons=(reason,) if reason else (), delay_s=delay)))
        for status, message, reason, *_ in CASES
        for delay in (None, 3.0, 7200.0)
    }
    assert reached == {id(rule) for rule in TABLE}


def test_the_seeds_rate_limit_says_when_to_come_back() -> None:
    body = {
        "error": {
            "code": 429,
            "message": "You have exhausted your capacity on this model. Your quota will reset after 3s.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.957525076s"}],
        }
    }
    got = classify(429, json.dumps(body).encode(), {}, MODEL, NOW)
    assert got.retry_after == pytest.approx(3.957525076)
    assert "in 4 s" in got.public_message
    assert MODEL in got.public_message


@pytest.mark.parametrize(
    ("quota_id", "cause"),
    [("GenerateRequestsPerDayPerProject", Cause.QUOTA), ("GenerateRequestsPerMinute", Cause.RATE)],
)
def test_the_name_of_the_quota_that_was_exceeded_tells_a_day_from_a_minute(
    quota_id: str, cause: Cause
) -> None:
    failed = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota_id}]}
    error = {"code": 429, "message": "Resource has been exhausted.", "details": [failed]}
    assert classify(429, json.dumps({"error": error}).encode(), {}, MODEL, NOW).cause is cause


def test_a_refused_field_is_named_with_what_is_wrong_with_it() -> None:
    wrong = {"field": "generationConfig.topP", "description": "must be at most 1"}
    bad = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [wrong, 7]}
    error = {"code": 400, "message": "Request contains an invalid argument.", "details": [bad]}
    told = classify(400, json.dumps({"error": error}).encode(), {}, MODEL, NOW).public_message
    assert "invalid argument: generationConfig.topP: must be at most 1." in told


def test_a_verification_link_among_the_help_is_found_too() -> None:
    link = "https://accounts.google.com/signin/continue?plt=y"
    helping = {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{"url": "https://a.test"}, {"url": link}],
    }
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "VALIDATION_REQUIRED"}
    error = {"code": 403, "message": "Denied.", "details": [reason, helping]}
    got = classify(403, json.dumps({"error": error}).encode(), {}, MODEL, NOW)
    assert (got.cause, got.params) == (Cause.VERIFICATION, {"url": link})
    assert link not in got.public_message


@pytest.mark.parametrize(
    "details", [None, 7, "x", [7, None, []], [{"violations": 7, "links": [1], "fieldViolations": {}}]]
)
def test_details_of_any_shape_are_read_past(details: object) -> None:
    error = {"code": 429, "message": "Resource has been exhausted.", "details": details}
    assert classify(429, json.dumps({"error": error}).encode(), {}, MODEL, NOW).cause is Cause.SOFT


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        ("0.2s", "in 1 s"),
        ("50s", "in 50 s"),
        ("12m", "in 12 min"),
        ("1h16m3s", "in 76 min"),
        ("5h", "in 5 h 0 min"),
        ("4d3h", "in 4 d 3 h"),
    ],
)
def test_a_wait_is_said_as_people_do(delay: str, words: str) -> None:
    assert words in refused(429, "", "QUOTA_EXHAUSTED", quotaResetDelay=delay).public_message


def test_a_verification_link_is_passed_on() -> None:
    link = "https://accounts.google.com/signin/continue?plt=x"
    assert refused(403, "", "VALIDATION_REQUIRED", validation_url=link).params == {"url": link}
    told = f"Verify your account: see https://accounts.google.com/help or {link.replace('?', '?a=1&amp;')}."
    assert (
        refused(403, told).params["url"].startswith("https://accounts.google.com/signin/continue?a=1&plt=x")
    )
    for odd in ("javascript:alert(1)", "http://evil.test/", "http://127.0.0.1.evil.test/"):
        assert refused(403, "", "VALIDATION_REQUIRED", validation_url=odd).params == {}
    ours = "http://127.0.0.1:8045/verify"
    assert refused(403, "", "VALIDATION_REQUIRED", validation_url=ours).params == {"url": ours}


def test_claudes_own_words_are_shown() -> None:
    inner = json.dumps(
        {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too big"}}
    )
    assert "max_tokens: too big" in refused(400, inner).public_message


def test_an_error_in_a_stream_has_the_status_it_states() -> None:
    got = classify_object({"code": 429, "message": "Too many requests"}, MODEL, NOW)
    assert (got.status, got.cause) == (429, Cause.RATE)


def test_a_load_balancers_page_is_a_server_error() -> None:
    got = classify(502, b"<html><title>502</title></html>", {"content-type": "text/html"}, MODEL, NOW)
    assert (got.kind, got.cause) == (Kind.UPSTREAM, Cause.SERVER)
    assert "<html>" not in got.public_message


LEAKY = (
    "Request by ada.lovelace@example.com with ya29.a0AfH6SMBverysecret for projects/ada-secret-42 and "
    "project 123456789012 (consumer: project:other-77) was not good."
)
PRIVATE = ("ada.lovelace", "a0AfH6SMB", "ada-secret-42", "123456789012", "other-77")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, LEAKY),
        (400, f"Prompt is too long. {LEAKY}"),
        (403, LEAKY),
        (403, f"Not eligible. {LEAKY}"),
        (404, LEAKY),
        (429, LEAKY),
        (500, LEAKY),
    ],
)
def test_a_client_never_reads_whose_account_or_project_it_was(status: int, message: str) -> None:
    got = refused(status, message)
    assert not [text for text in PRIVATE if text in got.public_message]
    assert "ya29.a0" not in got.detail
    assert "was not good" in got.detail
    in_stream = classify_object({"code": status, "message": message}, MODEL, NOW)
    assert not [text for text in PRIVATE if text in in_stream.public_message]


def test_a_refused_field_is_still_named_to_its_sender() -> None:
    told = refused(400, 'Invalid value at "project settings" for ada@example.com: temperature').public_message
    assert 'Invalid value at "project settings" for a•••@example.com: temperature' in told


@pytest.mark.parametrize("message", ["The caller does not have permission", "Not eligible in your area"])
def test_why_an_account_is_denied_is_for_the_log_only(message: str) -> None:
    got = refused(403, message)
    assert message not in got.public_message
    assert message in got.detail


def test_the_log_has_the_words_of_a_refusal_with_and_without_a_reason() -> None:
    bare = refused(429, "No more.", word="RESOURCE_EXHAUSTED")
    told = refused(429, "No more.", "QUOTA_EXHAUSTED", word="RESOURCE_EXHAUSTED")
    assert bare.detail == "RESOURCE_EXHAUSTED: No more."
    assert told.detail == "RESOURCE_EXHAUSTED QUOTA_EXHAUSTED: No more."


def test_why_an_account_has_no_project_names_nobody() -> None:
    loaded = Loaded(ineligible_tiers=[Ineligible("free-tier", "X", LEAKY)])
    told = no_project(loaded).public_message
    assert "was not good" in told
    assert not [text for text in PRIVATE if text in told]
