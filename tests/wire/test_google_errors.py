"""Google's error bodies and the delays they ask for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.google_errors import duration_s, read_error, unwrapped

NOW = 1_767_970_000.0
DETAILS = "type.googleapis.com/google.rpc."


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3s", 3.0),
        ("3.957525076s", 3.957525076),
        ("1h16m3s", 4563.0),
        ("1h16m0.667s", 4560.667),
        ("754.43ms", 0.75443),
        ("2m", 120.0),
        ("4d3h", 356_400.0),
        ("1 h 5 m", 3900.0),
        ("45", 45.0),
        ("0s", None),
        ("soon", None),
        ("3s later", None),
        ("", None),
        ("99d", 8 * 86_400.0),
    ],
)
def test_a_duration_is_read(text: str, seconds: float | None) -> None:
    assert duration_s(text) == (None if seconds is None else pytest.approx(seconds))


@given(st.text())
def test_any_text_is_a_duration_or_none(text: str) -> None:
    found = duration_s(text)
    assert found is None or 0 < found <= 8 * 86_400


def delay(body: object, **headers: str) -> float | None:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_error(429, json.dumps(body).encode(), names, NOW).delay_s


def said(message: str, *details: dict[str, object]) -> dict[str, object]:
    return {"error": {"code": 429, "message": message, "details": list(details)}}


RETRY: dict[str, object] = {"@type": DETAILS + "RetryInfo", "retryDelay": "3.957525076s"}


def exhausted(**metadata: str) -> dict[str, object]:
    return {"@type": DETAILS + "ErrorInfo", "reason": "QUOTA_EXHAUSTED", "metadata": metadata}


def test_the_delay_is_found_wherever_it_stands() -> None:
    assert delay(said("", RETRY)) == pytest.approx(3.957525076)
    assert delay(said("", exhausted(quotaResetDelay="1h16m3.2s"), RETRY)) == pytest.approx(4563.2)
    assert delay(said("", exhausted(quotaResetTimeStamp="2026-01-09T15:00:00Z"))) == pytest.approx(800)
    assert delay(said("Your quota will reset after 1h16m3s.")) == pytest.approx(4563)
    assert delay(said("Please try again in 20s.")) == pytest.approx(20)
    assert delay(said("reset after 45")) == pytest.approx(45)
    assert delay(said("Quota will reset after 0s.")) is None
    assert delay(said("Resource has been exhausted (e.g. check quota).")) is None


def test_headers_are_asked_last() -> None:
    assert delay({}, retry_after="7") == 7
    assert delay({}, retry_after_ms="1500") == 1.5
    assert delay({}, retry_after="Fri, 09 Jan 2026 14:50:00 GMT") == pytest.approx(200)
    assert delay({}, x_ratelimit_reset=str(NOW + 30)) == pytest.approx(30)
    assert delay({}, x_ratelimit_reset=str((NOW + 30) * 1000)) == pytest.approx(30)
    assert delay(said("", RETRY), retry_after="99") == pytest.approx(3.957525076)
    assert delay({}, retry_after="sometime") is None


def test_a_back_ends_own_body_is_unwrapped() -> None:
    inner = json.dumps(
        {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long"}}
    )
    assert unwrapped(inner) == "prompt is too long"
    assert unwrapped("Claude said: " + inner) == "prompt is too long"
    assert unwrapped("no {json} here") == "no {json} here"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"plain"}}', "plain"),
        (b'[{"error":{"message":"in a list"}}]', "in a list"),
        (b'{"error":"invalid_grant","error_description":"Bad Request"}', "Bad Request"),
        (b"<html><style>p{}</style><title>Error 502</title><p>Sorry</p></html>", "Error 502 Sorry"),
        (b"upstream connect error", "upstream connect error"),
        (b"", ""),
        (b"[]", "[]"),
        (b"12", "12"),
        (b'{"error":{"message":17,"details":[1,{"metadata":3}]}}', ""),
    ],
)
def test_every_shape_is_read(body: bytes, message: str) -> None:
    assert read_error(500, body, {}, NOW).message == message


@given(st.binary(max_size=60))
def test_any_bytes_are_read(body: bytes) -> None:
    assert read_error(500, body, {}, NOW).status == 500
