"""Google's side of OAuth: the token endpoint, user info, and the codes that a sign-in is given.

Pure: forms and queries in, values or OAuthError out (spec/antigravity-upstream.md 1).
"""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.sandbox import consent
from core.sandbox.accounts import email_of
from core.sandbox.errors import ApiError, OAuthError, unauthenticated
from core.sandbox.tokens import (
    ACCESS_SECONDS,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE_SECONDS,
    ExpiredError,
    Seal,
    name_of,
    refresh_token,
)

_SCOPE: Final = (
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email "
    "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/cclog "
    "https://www.googleapis.com/auth/experimentsandconfigs"
)
_ACCESS: Final = "ya29.sandbox-"
_CODE: Final = "4/0sandbox-"
_USED_CODES: Final = 1024


class _Grant(msgspec.Struct, frozen=True):
    """What a code stands for until it is redeemed."""

    name: str
    redirect_uri: str
    challenge: str
    nonce: int


class OAuth:
    """Issues and checks tokens and codes. `seal` makes them unguessable."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._issued = 0
        self._used: OrderedDict[str, None] = OrderedDict()

    def token(self, form: Mapping[str, str], now: float) -> dict[str, Any]:
        """Answer `POST /token`. Raises OAuthError in Google's words."""
        if form.get("client_id") != CLIENT_ID:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if form.get("client_secret") != CLIENT_SECRET:
            raise OAuthError("invalid_client", "Unauthorized", 401)
        match form.get("grant_type"):
            case "refresh_token":
                if not form.get("refresh_token"):
                    raise OAuthError("invalid_request", "Missing required parameter: refresh_token")
                name = name_of(form["refresh_token"])
                if name is None:
                    raise OAuthError("invalid_grant", "Token has been expired or revoked.")
                return self._tokens(name, now)
            case "authorization_code":
                name = self._redeem(form, now)
                return self._tokens(name, now) | {"refresh_token": refresh_token(name)}
            case None | "":
                raise OAuthError("invalid_request", "Missing required parameter: grant_type")
            case other:
                raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {other}")

    def account(self, authorization: str, now: float) -> str:
        """The account name behind an `Authorization` header. Raises ApiError 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("CREDENTIALS_MISSING")
        if not token.startswith(_ACCESS):
            raise unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
        try:
            return self._seal.open("access", token.removeprefix(_ACCESS), now)
        except ExpiredError:
            raise unauthenticated("ACCESS_TOKEN_EXPIRED") from None
        except ValueError:
            raise unauthenticated("ACCESS_TOKEN_INVALID") from None

    def approve(self, query: Mapping[str, str], name: str, now: float, lasts: int = CODE_SECONDS) -> str:
        """The address to send the browser of `name` to: redirect_uri with a code that lasts so many seconds.

        Raises ApiError.
        """
        consent.check(query)
        if not consent.is_name(name):
            raise ApiError(400, "Unknown account.")
        self._issued += 1
        grant = _Grant(name, query["redirect_uri"], query.get("code_challenge", ""), self._issued)
        sealed = self._seal.close("code", msgspec.json.encode(grant).decode(), int(now) + lasts)
        return consent.back(query, {"code": _CODE + sealed, "scope": _SCOPE})

    def who(self, form: Mapping[str, str], now: float) -> str:
        """The account that a form of the token endpoint is about; empty if that can't be told."""
        if form.get("grant_type") == "refresh_token":
            return name_of(form.get("refresh_token", "")) or ""
        try:
            raw = self._seal.open("code", form.get("code", "").removeprefix(_CODE), now)
        except ValueError:
            return ""
        return msgspec.json.decode(raw, type=_Grant).name

    def _tokens(self, name: str, now: float) -> dict[str, Any]:
        sealed = self._seal.close("access", name, int(now) + ACCESS_SECONDS)
        return {
            "access_token": _ACCESS + sealed,
            "expires_in": ACCESS_SECONDS,
            "scope": _SCOPE,
            "token_type": "Bearer",
        }

    def _redeem(self, form: Mapping[str, str], now: float) -> str:
        code = form.get("code", "")
        try:
            raw = self._seal.open("code", code.removeprefix(_CODE), now)
        except ValueError:
            raise OAuthError("invalid_grant", "Malformed auth code.") from None
        grant = msgspec.json.decode(raw, type=_Grant)
        if code in self._used:
            raise OAuthError("invalid_grant", "Bad Request")
        if form.get("redirect_uri") != grant.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        if grant.challenge and _challenge(form.get("code_verifier", "")) != grant.challenge:
            raise OAuthError("invalid_grant", "Invalid code verifier.")
        self._used[code] = None
        if len(self._used) > _USED_CODES:
            self._used.popitem(last=False)
        return grant.name


def user_info(name: str) -> dict[str, Any]:
    """The reply of `GET /userinfo`."""
    number = str(int(hashlib.sha256(name.encode()).hexdigest()[:16], 16))
    label = name.replace("-", " ").title()
    return {
        "id": number,
        "email": email_of(name),
        "verified_email": True,
        "name": label,
        "given_name": label.split(" ")[0],
    }


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
