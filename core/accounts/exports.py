"""agtui's own export of accounts: one JSON file that holds refresh tokens, for another agtui to import.

    {"format": "agtui-accounts", "version": 1, "warning": "...", "exported_at": "2026-01-01T00:00:00Z",
     "accounts": [{"email": "...", "provider": "antigravity", "refresh_token": "1//...", "client": "<12 hex>",
                   "project": "", "managed_project": "", "enabled": true, "state": "ready"}]}

Device identities are not in it: another machine is another device.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

import msgspec

from core.domain.accounts import Account, OAuth

FORMAT: Final = "agtui-accounts"
VERSION: Final = 1
WARNING: Final = (
    "This file holds refresh tokens: who reads it can use these accounts. Keep it private, and delete it "
    "when it has done its work."
)


def encode_export(accounts: Iterable[Account], now: float) -> bytes:
    """The file; accounts without a refresh token are left out. `now` is unix seconds."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "warning": WARNING,
        "exported_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "accounts": [
            {
                "email": account.email,
                "provider": account.provider,
                "refresh_token": account.credential.refresh_token.reveal(),
                "client": account.credential.client,
                "project": account.project,
                "managed_project": account.managed_project,
                "enabled": account.enabled,
                "state": account.state.value,
            }
            for account in accounts
            if isinstance(account.credential, OAuth)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
