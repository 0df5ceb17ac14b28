"""OAuth tokens of the sandbox: signed, so that nothing has to be remembered to check them.

A refresh token is public by design (`1//sandbox-ada`); access tokens and codes are sealed with the
process's own secret and can't be made up.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

CLIENT_ID: Final = "sandbox-client-id"
CLIENT_SECRET: Final = "sandbox-client-secret"
REVOKED: Final = "1//sandbox-revoked"
ACCESS_SECONDS: Final = 3600
CODE_SECONDS: Final = 600

_REFRESH: Final = re.compile(r"1//sandbox-([a-z0-9-]{1,40})")


class ExpiredError(ValueError):
    """A seal that was ours and whose time is over."""


def name_of(refresh_token: str) -> str | None:
    """The account that `refresh_token` belongs to, or None if it is revoked or never was ours."""
    match = _REFRESH.fullmatch(refresh_token)
    return match[1] if match and refresh_token != REVOKED else None


def refresh_token(name: str) -> str:
    return f"1//sandbox-{name}"


class Seal:
    """Makes and opens texts that only this process can make."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def close(self, purpose: str, content: str, expires: int) -> str:
        """`content` sealed for `purpose` until `expires` (unix seconds)."""
        body = f"{expires}|{content}".encode()
        mark = hmac.digest(self._secret, purpose.encode() + b"|" + body, hashlib.sha256)[:18]
        return base64.urlsafe_b64encode(mark + body).decode().rstrip("=")

    def open(self, purpose: str, sealed: str, now: float) -> str:
        """The content of `sealed`. Raises ExpiredError, or ValueError if it isn't ours."""
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        mark, body = raw[:18], raw[18:]
        expected = hmac.digest(self._secret, purpose.encode() + b"|" + body, hashlib.sha256)[:18]
        if not hmac.compare_digest(mark, expected):
            raise ValueError("the seal is broken")
        expires, _, content = body.decode().partition("|")
        if now >= int(expires):
            raise ExpiredError("the seal's time is over")
        return content
