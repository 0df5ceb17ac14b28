"""Why a candidate stands where it stands, in words: what its rank was made from."""

from __future__ import annotations

from core.domain.ports import PoolEntry


def why(entry: PoolEntry, model: str) -> str:
    """`42 % left, 1 of 4 calls in flight`"""
    fraction = entry.fractions.get(model)
    left = "quota unknown" if fraction is None else f"{fraction * 100:.0f} % left"
    return f"{left}, {entry.in_flight} of {entry.limit} calls in flight"
