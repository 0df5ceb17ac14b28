"""The words of ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[str, str]]

# Extensions of a scope that our own server offers.

LEAVING: Final = "agtui.leaving"
Leaving = Callable[[Callable[[], None] | None], None]
"""Takes what to call, at most once, when the client is gone (at once if it is gone); None: nothing."""

CHUNK: Final = "agtui.chunk"
WriteChunk = Callable[[bytes], bool]
"""Writes a part of a body that comes in chunks, for less than a message costs; False: send the message."""
