"""The simulated upstream: everything agtui talks to, on loopback, without an account or a network.

Speaks the wire of Google OAuth and of the Antigravity service (`v1internal`), strictly, so that the
ordinary providers can be pointed at it and be found wrong. It shares nothing with them but SSE framing.
It serves nothing itself: `create_app` makes an ASGI app for the runtime to put on a free port.
"""

from core.sandbox.accounts import READY_ACCOUNTS, Allowance, ReadyAccount
from core.sandbox.app import AUTHORIZE_PATH, PACE, TOKEN_PATH, USERINFO_PATH, create_app
from core.sandbox.tokens import CLIENT_ID, CLIENT_SECRET, REVOKED

__all__ = [
    "AUTHORIZE_PATH",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "PACE",
    "READY_ACCOUNTS",
    "REVOKED",
    "TOKEN_PATH",
    "USERINFO_PATH",
    "Allowance",
    "ReadyAccount",
    "create_app",
]
