"""Google's side of OAuth: the token endpoint, user info, and a page to choose an account on.

Pure: forms and queries in, values or OAuthError out (spec/antigravity-upstream.md 1).
"""

import base64
import hashlib
import html
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from core.sandbox.accounts import READY_ACCOUNTS, email_of, project_of
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
VERIFY_PAGE: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox verification</title>"
    "<style>body{font:16px/1.6 system-ui;max-width:30em;margin:4em auto}</style>"
    "<h1>Nothing to confirm</h1><p>This is agtui's sandbox: it played an account that has to be verified. "
    "The account comes back by itself after a minute, and at once with "
    "<code>agtui accounts enable ACCOUNT</code>.</p>"
)
"""Where the link of a verification leads, which is a page of Google's for a real account."""

_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
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

    def chooser(self, query: Mapping[str, str], here: str) -> str:
        """The page on which a person picks an account. `here` is its own path.

        Raises ApiError 400 for a client or an address to return to that isn't allowed.
        """
        _check_authorize(query)
        names = [one.name for one in READY_ACCOUNTS]
        hint = query.get("login_hint", "").partition("@")[0]
        if hint and name_of(refresh_token(hint)) and hint not in names:
            names.insert(0, hint)
        rows = "".join(
            f'<li><a href="{html.escape(here + "?" + urlencode({**query, "account": name}))}">'
            f"{html.escape(email_of(name))}</a></li>"
            for name in names
        )
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox sign-in</title>"
            "<style>body{font:16px/1.6 system-ui;max-width:26em;margin:4em auto}</style>"
            "<h1>Choose an account</h1><p>This is agtui's simulated sign-in; nothing leaves this machine.</p>"
            f"<ul>{rows}</ul>"
        )

    def approve(self, query: Mapping[str, str], now: float) -> str:
        """The address to send the browser to once `account` was picked: redirect_uri with a code."""
        _check_authorize(query)
        name = query["account"]
        if name_of(refresh_token(name)) is None:
            raise ApiError(400, "Unknown account.")
        self._issued += 1
        grant = _Grant(name, query["redirect_uri"], query.get("code_challenge", ""), self._issued)
        sealed = self._seal.close("code", msgspec.json.encode(grant).decode(), int(now) + CODE_SECONDS)
        answer = {"code": _CODE + sealed, "scope": _SCOPE}
        if query.get("state"):
            answer["state"] = query["state"]
        joint = "&" if "?" in query["redirect_uri"] else "?"
        return query["redirect_uri"] + joint + urlencode(answer)

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


def load_code_assist(project: str) -> dict[str, Any]:
    """The reply of loadCodeAssist; `project` is empty before the account is onboarded."""
    reply: dict[str, Any] = {
        "allowedTiers": [
            {"id": "free-tier", "name": "Antigravity", "isDefault": True},
            {
                "id": "standard-tier",
                "name": "Antigravity Standard",
                "userDefinedCloudaicompanionProject": True,
            },
        ]
    }
    if project:
        reply["currentTier"] = {"id": "free-tier", "name": "Antigravity"}
        reply["cloudaicompanionProject"] = project
        if project == project_of(READY_ACCOUNTS[0].name):
            reply["paidTier"] = {"id": "g1-pro-tier", "name": "Google AI Pro"}
    return reply


def _check_authorize(query: Mapping[str, str]) -> None:
    if query.get("client_id") != CLIENT_ID:
        raise ApiError(401, "Error 401: invalid_client. The OAuth client was not found.")
    target = urlsplit(query.get("redirect_uri", ""))
    if target.scheme != "http" or target.hostname not in _LOOPBACK:
        raise ApiError(400, "Error 400: redirect_uri_mismatch. Only loopback addresses are allowed.")
    if query.get("response_type") != "code":
        raise ApiError(400, "Error 400: invalid_request. response_type must be code.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise ApiError(400, "Error 400: invalid_request. code_challenge_method must be S256.")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
