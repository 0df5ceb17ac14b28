"""What is left of a key's limits, as response headers: OpenAI's names, and Anthropic's beside them.

Sources: the SDKs' and vendors' documentation of `x-ratelimit-*` (a reset is a span such as `6m0s`) and of
`anthropic-ratelimit-*` (a reset is a moment, RFC 3339). Google has no such headers; its clients get OpenAI's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import ceil

from core.domain.keys import Allowance, Standing
from core.wire.durations import short_span

Headers = list[tuple[str, str]]
LimitHeaders = Callable[[Standing, float], Headers]
"""Of a standing, at a time (unix seconds)."""


def openai_headers(standing: Standing, now: float) -> Headers:
    """`x-ratelimit-limit-requests: 60` and its kin."""
    headers: Headers = []
    for what, one in _known(standing):
        headers += [
            (f"x-ratelimit-limit-{what}", str(one.limit)),
            (f"x-ratelimit-remaining-{what}", str(one.remaining)),
            (f"x-ratelimit-reset-{what}", short_span(one.reset)),
        ]
    return headers


def anthropic_headers(standing: Standing, now: float) -> Headers:
    """`anthropic-ratelimit-requests-limit: 60` and its kin, then OpenAI's."""
    headers: Headers = []
    for what, one in _known(standing):
        moment = datetime.fromtimestamp(ceil(now + one.reset), UTC)
        headers += [
            (f"anthropic-ratelimit-{what}-limit", str(one.limit)),
            (f"anthropic-ratelimit-{what}-remaining", str(one.remaining)),
            (f"anthropic-ratelimit-{what}-reset", moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ]
    return headers + openai_headers(standing, now)


def _known(standing: Standing) -> Iterator[tuple[str, Allowance]]:
    if standing.requests is not None:
        yield "requests", standing.requests
    if standing.tokens is not None:
        yield "tokens", standing.tokens
