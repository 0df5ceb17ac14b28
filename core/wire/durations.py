"""A span of time as OpenAI's headers and messages write it: `120ms`, `12.3s`, `6m0s`, `5h12m0s`."""

from __future__ import annotations

from math import ceil


def short_span(seconds: float) -> str:
    """Rounded up, so that whoever waits that long does not come too early. Clients read it back."""
    thousandths = ceil(max(0.0, seconds) * 1000 - 1e-6)
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    if thousandths < 60_000:
        return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(ceil(thousandths / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
