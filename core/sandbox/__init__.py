"""The simulated upstream: everything agtui talks to, on loopback, without an account or a network.

Speaks the wire of Google OAuth and of the Antigravity service (`v1internal`), strictly, so that the
ordinary providers can be pointed at it and be found wrong. It shares nothing with them but SSE framing.
It serves nothing itself: `create_app` makes an ASGI app for the runtime to put on a free port.
"""

from typing import TYPE_CHECKING, Any

from core.sandbox.accounts import READY_ACCOUNTS, Planned
from core.sandbox.paths import AUTHORIZE_PATH, TOKEN_PATH, USERINFO_PATH
from core.sandbox.tokens import CLIENT_ID, CLIENT_SECRET, REVOKED

if TYPE_CHECKING:
    from core.sandbox.app import create_app

__all__ = [
    "AUTHORIZE_PATH",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "READY_ACCOUNTS",
    "REVOKED",
    "TOKEN_PATH",
    "USERINFO_PATH",
    "Planned",
    "create_app",
]


def __getattr__(name: str) -> Any:
    """`create_app` on first use: it brings Starlette, and whoever starts wants the addresses first."""
    if name == "create_app":
        from core.sandbox.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
