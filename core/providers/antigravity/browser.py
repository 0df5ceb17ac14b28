"""The browser's part of a sign-in: the link that a person opens, and the form that redeems the code.

Pure. Sources: seed 001 (scopes, addresses), upstream notes 1.1 and 1.2.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final
from urllib.parse import quote, urlencode

from core.domain.ports import AuthorizeRequest, Callback
from core.domain.secret import Secret
from core.providers.realms import RealmFacts

SCOPES: Final = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
    "https://www.googleapis.com/auth/cclog",
    "https://www.googleapis.com/auth/experimentsandconfigs",
)
"""In the order of the seed."""
CALLBACK: Final = Callback(tuple(range(51121, 51127)), "/oauth-callback")
STATE_BYTES: Final = 16
VERIFIER_BYTES: Final = 32


def authorize_request(facts: RealmFacts, redirect_uri: str, hint: str = "") -> AuthorizeRequest:
    """A fresh link. Nothing secret is in it: the verifier stays here and `state` says nothing."""
    state = secrets.token_hex(STATE_BYTES)
    verifier = secrets.token_urlsafe(VERIFIER_BYTES)
    query = {
        "client_id": facts.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        # Without these two there is no refresh token, or none the second time.
        "access_type": "offline",
        "prompt": "consent",
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    if hint:
        query["login_hint"] = hint
    joint = "&" if "?" in facts.authorize_url else "?"
    url = facts.authorize_url + joint + urlencode(query, quote_via=quote, safe="")
    return AuthorizeRequest(url, state, Secret(verifier))


def exchange_form(facts: RealmFacts, code: Secret, verifier: Secret, redirect_uri: str) -> bytes:
    """The body that redeems `code`; `redirect_uri` is the one of the link."""
    form = {
        "client_id": facts.client_id,
        "client_secret": facts.client_secret.reveal(),
        "code": code.reveal(),
        "grant_type": "authorization_code",
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.reveal(),
    }
    return urlencode(form).encode()


def challenge(verifier: str) -> str:
    """PKCE S256 (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
