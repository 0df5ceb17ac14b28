"""What people paste while a sign-in waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts.pasted import read
from core.domain.failure import GatewayError, Kind

CODE = "4/0AbCdEfGh-_ij"


@pytest.mark.parametrize(
    ("text", "code", "state"),
    [
        (f"http://localhost:51121/oauth-callback?state=s1&code={CODE}&scope=a%20b", CODE, "s1"),
        ("https://example.org/x?code=4%2F0AbCdEfGh-_ij&state=s1#", CODE, "s1"),
        (f"  localhost:51121/oauth-callback?code={CODE}\n", CODE, ""),
        (f"?code={CODE}&state=s1", CODE, "s1"),
        (f"state=s1&code={CODE}", CODE, "s1"),
        (CODE, CODE, ""),
        ("4%2F0AbCdEfGh-_ij", CODE, ""),
        (f"http://localhost:51121/oauth-\n  callback?code={CODE[:7]}\n{CODE[7:]}", CODE, ""),
    ],
)
def test_addresses_queries_and_bare_codes_are_read(text: str, code: str, state: str) -> None:
    found = read(text)
    assert (found.code.reveal(), found.state, found.error) == (code, state, "")


@pytest.mark.parametrize("text", ["http://localhost/x?error=access_denied&state=s1", "error=access_denied"])
def test_a_refusal_is_read(text: str) -> None:
    assert read(text).error == "access_denied"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no code"),
        ("4/0short", "no code"),
        ("http://localhost:51121/oauth-callback", "no code in that address"),
        ("https://accounts.google.com/o/oauth2/auth?client_id=x&state=s1", "no code in that address"),
        ("http://[broken?code=x", "no address"),
        ("1//sandbox-ada", "refresh token"),
        ("x" * 9000, "no address"),
        ("\x1b[31mcode=abc", "no address"),
    ],
)
def test_anything_else_says_what_to_copy(text: str, words: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(text)
    assert refused.value.failure.kind is Kind.BAD_REQUEST
    assert words in refused.value.failure.public_message
    assert "copy the whole address" in refused.value.failure.public_message


@given(st.text())
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except GatewayError:
        return
    assert found.code or found.error
