"""What a protocol brings to the server: its routes, its words for failures and its headers for limits.

One protocol, one Family.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from msgspec import Struct

from core.dialects.limits import LimitHeaders, openai_headers
from core.domain.failure import Failure
from core.domain.ports import ErrorBody

from .disconnect import Watch
from .exchange import Exchange

Handler = Callable[[Exchange, Watch], Awaitable[None]]


class Route(Struct, frozen=True):
    """`needs`: a key always, a key but in modes that leave health open, or never. `recorded`: what is said
    may be recorded, where bodies are."""

    handler: Handler
    needs: Literal["key", "health", "nothing"] = "key"
    recorded: bool = True


def _anybody(_: Exchange) -> bool:
    return True


class Family(Struct, frozen=True):
    """`routes` by path and method; a path that ends in `/` has something after it.

    `name` says where a key may stand and is the door of a record; `error_body` words a failure. Protocols
    may share a path: `claims` says whether a request to such a path speaks this one. `home` are beginnings of
    paths that are its own even where nobody serves them; `id_header` is where its clients look for the id of
    a request, beside the usual place.
    """

    name: str
    routes: Mapping[str, Mapping[str, Route]]
    error_body: Callable[[Failure], ErrorBody]
    claims: Callable[[Exchange], bool] = _anybody
    limit_headers: LimitHeaders = openai_headers
    home: tuple[str, ...] = ()
    id_header: str = ""
