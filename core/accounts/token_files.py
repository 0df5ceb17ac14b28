"""Access tokens on disk, so that the processes of one machine share them: who refreshes, refreshes for all.

A file an account (mode 0600), beside the refresh tokens that are worth more. The lock that `tokens` holds
while it refreshes guards it. A file that can't be read or written costs a refresh and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec
from msgspec import Struct

from core.domain.accounts import Account, OAuth
from core.domain.failure import GatewayError
from core.domain.ports import AccessToken
from core.domain.secret import Secret
from core.storage.files import disk_work, ensure_dir, read_bytes, write_atomic

_log = logging.getLogger("agtui.accounts")
_LONGEST = 64 * 1024


class _File(Struct, frozen=True):
    """`of` is a fingerprint of the refresh token that gave it: with another one, it says nothing."""

    token: str
    got_at: float
    expires_at: float
    of: str


class TokenFiles:
    """The access tokens in `directory`. Methods block on disk and never raise."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, account: Account) -> tuple[AccessToken, float] | None:
        """The token that was last given for the account's credential, and when (unix seconds)."""
        try:
            content = read_bytes(self._file(account.id), _LONGEST)
            kept = msgspec.json.decode(content, type=_File) if content is not None else None
        except (OSError, GatewayError, msgspec.DecodeError, UnicodeDecodeError):
            return None  # the parser's words may quote the token
        if kept is None or kept.of != _fingerprint(account):
            return None
        return AccessToken(Secret(kept.token), kept.expires_at), kept.got_at

    def write(self, account: Account, token: AccessToken, got_at: float) -> None:
        kept = _File(token.token.reveal(), got_at, token.expires_at, _fingerprint(account))
        try:
            with disk_work("Keeping an access token"):
                ensure_dir(self._directory)
                write_atomic(self._file(account.id), msgspec.json.encode(kept))
        except GatewayError as error:
            _log.warning("%s", error.failure.public_message)

    def erase(self, account_id: str) -> None:
        try:
            self._file(account_id).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("the access token of a removed account was not deleted: %s", error.strerror)

    def _file(self, account_id: str) -> Path:
        return self._directory / f"access-{hashlib.sha256(account_id.encode()).hexdigest()[:16]}.json"


def _fingerprint(account: Account) -> str:
    credential = account.credential
    if not isinstance(credential, OAuth):
        return ""
    return hashlib.sha256(credential.refresh_token.reveal().encode()).hexdigest()[:16]
