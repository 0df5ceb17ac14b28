"""Secrets never pass, ordinary words do."""

from __future__ import annotations

import base64
import json
import secrets
import time
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.secret import Secret
from core.redact import Redactor, mask_email, redact, redact_exception, short_email

REFRESH = "1//0gAbCdEfGhIjKlMnOpQrStUvWxYz-_0123456789"
ACCESS = "ya29.a0AfH6SMBx-Secret_Part.0123456789"
OPENAI = "sk-proj-abcdefghijklmnopqrstuvwxyz012345"
GOOGLE = "AIzaSyA-0123456789abcdefghijklmnopqrstu"
CLIENT = "GOCSPX-abcdefghijklmnopqrstuvwx"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLXRleHQ"
CODE = "4/0AeanS0abcdefghijklmnopqrstuvwxyz"
TOKENS = [REFRESH, ACCESS, OPENAI, GOOGLE, CLIENT, JWT, CODE]
OPAQUE = "q7Zk29fLm-canary"

AROUND = [
    "{}",
    "token: {}",
    "({})",
    '{{"t":"{}"}}',
    "first\\n{}\\nlast",
    "x={}&y=1",
    "<{}>",
    "body %22{}%22",
    "{}, and more",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_its_form_wherever_it_stands(token: str, around: str) -> None:
    assert token[8:] not in redact(around.format(token))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see https://u:pa55word@x.test/a", "see https://u:***@x.test/a"),
        ("postgresql://me:s3cret@db/agtui", "postgresql://me:***@db/agtui"),
        ("http://127.0.0.1:8045/v1 and a@b.test", "http://127.0.0.1:8045/v1 and a@b.test"),
        ("https://x.test:443/@me", "https://x.test:443/@me"),
    ],
)
def test_a_password_in_a_url_is_masked_and_a_port_is_not(said: str, shown: str) -> None:
    assert redact(said) == shown


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_in_a_query_string_or_form_is_masked(token: str) -> None:
    encoded = urlencode({"grant_type": "refresh_token", "refresh_token": token, "z": "1"})
    shown = redact(f"POST https://oauth.test/token?{encoded}")
    assert token not in shown
    assert quote(token, safe="") not in shown
    assert "grant_type" in shown
    assert "z=1" in shown


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {OPAQUE}",
        f"authorization: Basic {OPAQUE}",
        f"Authorization={OPAQUE}",
        f"Proxy-Authorization: {OPAQUE}",
        f"('authorization', 'Bearer {OPAQUE}')",
        f"(b'authorization', b'Bearer {OPAQUE}')",
        f'{{"Authorization": "Bearer {OPAQUE}"}}',
        f'"{{\\"authorization\\":\\"Bearer {OPAQUE}\\"}}"',
        f"x-api-key: {OPAQUE}",
        f"X-Goog-Api-Key: {OPAQUE}",
        f"('x-api-key', '{OPAQUE}')",
        f"x-admin-token: {OPAQUE}",
        f"Cookie: session={OPAQUE}; other={OPAQUE}",
        f"set-cookie: a={OPAQUE}",
        f"GET /v1beta/models?key={OPAQUE}&alt=sse",
        f"GET /callback?state=1&code={OPAQUE}",
        f"https://host.test/?access_token={OPAQUE}",
        f"client_secret={OPAQUE}",
        f"client_secret%3D{OPAQUE}",
        f'{{"refresh_token":"{OPAQUE}","expires_in":3599}}',
        f"{{'access_token': '{OPAQUE}'}}",
        f"{{'access_token': b'{OPAQUE}'}}",
        f"id_token = {OPAQUE}",
        f"code_verifier={OPAQUE}",
        f"admin_password={OPAQUE}",
        f"password: {OPAQUE}",
        f"api_key={OPAQUE}",
        f"apiKey: '{OPAQUE}'",
    ],
)
def test_the_value_of_a_telling_name_is_masked_whatever_it_looks_like(line: str) -> None:
    assert OPAQUE not in redact(line)


def test_a_masked_header_keeps_what_helps_to_read_it() -> None:
    assert redact(f"authorization: Bearer {OPAQUE}") == "authorization: Bearer ***"
    assert redact(f"GET /x?key={OPAQUE}&alt=sse 200") == "GET /x?key=***&alt=sse 200"


@pytest.mark.parametrize(
    "line",
    [
        "POST /v1/chat/completions 200 812 ms ada@… gemini-3-pro-high ↑120 ↓904",
        "key=local client openai-python/1.2",
        "429 quota exhausted, code=429, retry in 3.2 s",
        "listening on http://127.0.0.1:8045 and http://127.0.0.1//health",
        "maximum tokens: 65536, thinking tokens: 1024",
        "The refresh token is refused: sign in again.",
        "a task-manager-for-everything-and-more",
        "version 1//2 of 3",
        "models/gemini-3-pro-image-preview-11-2025",
        "An account needs its key before it can be used.",
        "bearer",
        "",
    ],
)
def test_ordinary_lines_come_back_as_they_are(line: str) -> None:
    assert redact(line) == line


def test_a_private_key_is_masked_to_its_end() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0\n-----END PRIVATE KEY-----"
    for text in (pem, json.dumps({"private_key": pem, "client_email": "svc@x.test"}), pem[:60]):
        assert "MIIEvQ" not in redact(text)


def test_pictures_are_cut_to_their_size() -> None:
    picture = base64.b64encode(secrets.token_bytes(3000)).decode()
    assert redact(f"image data:image/png;base64,{picture} end") == (
        "image data:image/png;base64,<base64, 4000 characters> end"
    )
    assert redact(f'{{"data":"{picture}"}}') == '{"data":"<base64, 4000 characters>"}'


def encodings(secret: str) -> list[str]:
    forms = [secret, quote(secret, safe=""), json.dumps(secret)[1:-1]]
    forms += [secret.replace("/", "\\/"), quote(quote(secret, safe=""), safe="")]
    for shift in range(3):
        text = b"x" * shift + secret.encode() + b"yz"
        forms += [base64.b64encode(text).decode(), base64.urlsafe_b64encode(text).decode()]
    return forms


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=60), st.data())
def test_a_registered_secret_is_masked_in_every_encoding(secret: str, data: st.DataObject) -> None:
    redactor = Redactor()
    redactor.register(secret)
    shown = redactor.redact(data.draw(st.sampled_from(encodings(secret))))
    assert secret not in shown
    assert quote(secret, safe="") not in shown
    assert base64.b64encode(secret.encode()).decode()[3:-4] not in shown
    assert "***" in shown


def test_thirty_registered_secrets_leave_no_trace_in_a_log_of_all_of_them() -> None:
    canaries = [
        f"canary {n} !{secrets.token_hex(6)}" if n % 2 else secrets.token_urlsafe(20) for n in range(30)
    ]
    redactor = Redactor()
    for canary in canaries:
        redactor.register(Secret(canary))
    shown = redactor.redact("\n".join(f"said {form}." for canary in canaries for form in encodings(canary)))
    for canary in canaries:
        assert canary not in shown
        assert base64.b64encode(canary.encode()).decode()[4:-4] not in shown


def test_a_thousand_registered_secrets_are_no_slower_to_find_than_one() -> None:
    secrets = [f"secret-{number:05}-{'xyz' * 20}" for number in range(1000)]
    redactor = Redactor()
    redactor.register(*secrets)
    line = "a line with " + " and ".join(secrets[::100]) + " in " + "secret-" * 200
    started = time.process_time()
    for _ in range(20):
        shown = redactor.redact(line)
    assert time.process_time() - started < 2
    assert "xyz" not in shown
    assert shown.startswith("a line with *** and ***")


def test_a_short_registered_secret_is_masked_and_a_tiny_one_is_not() -> None:
    redactor = Redactor()
    redactor.register("hunter2!")
    redactor.register("on")
    assert redactor.redact("the word hunter2! is gone") == "the word *** is gone"


def test_a_forgotten_secret_is_an_ordinary_word_again() -> None:
    redactor = Redactor()
    redactor.register("ordinary-word-again")
    redactor.forget("ordinary-word-again")
    assert redactor.redact("an ordinary-word-again") == "an ordinary-word-again"


def test_a_traceback_names_the_place_and_no_values() -> None:
    def fail() -> None:
        hidden = OPAQUE
        try:
            raise ValueError(f"refused: Bearer {hidden}")
        except ValueError as error:
            raise RuntimeError("outer") from error

    try:
        fail()
    except RuntimeError as error:
        shown = redact_exception(error)
    else:
        raise AssertionError
    assert OPAQUE not in shown
    assert "RuntimeError: outer" in shown
    assert "ValueError: refused: Bearer ***" in shown
    assert "test_redact.py" in shown


@pytest.mark.parametrize(
    ("email", "masked", "short"),
    [
        ("ada@example.com", "a•••@example.com", "ada@…"),
        ("a@x", "a•••@x", "a@…"),
        ("nobody", "n•••", "nobody"),
        ("", "", ""),
    ],
)
def test_an_address_is_recognised_by_its_owner_only(email: str, masked: str, short: str) -> None:
    assert mask_email(email) == masked
    assert short_email(email) == short
