"""Ranking: which of the accounts that may answer comes first, by strategy. Pure.

    sticky        a conversation stays with the account that served it last; a new one is given a home by a
                  hash that is weighted by the quota that is left
    round-robin   who was used longest ago
    least-loaded  who has most places free
    quota-first   who has most quota left

Under every strategy an account that is nearly used up comes after those that are not.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil, log
from typing import Final

from core.config.settings import Strategy
from core.domain.ports import PoolEntry

SCARCE: Final = 0.1
"""Quota left (0..1) at which an account is used only when no other is there."""

SHARES: Final = 4
"""Steps of the weight: coarse, so that a quota that shrinks moves few conversations over a restart."""

LEVELS: Final = 20
"""Steps in which quota-first tells what is left; equal ones share the work."""


def rank(entry: PoolEntry, model: str, conversation: str, home: str, strategy: Strategy) -> tuple[float, ...]:
    """Smaller is better; the last number is the score that is shown. `home` is the account that served
    the conversation last."""
    left = entry.fractions.get(model)
    scarce = float(left is not None and left <= SCARCE)
    load = entry.in_flight / entry.limit if entry.limit else 1.0
    if strategy == "round-robin":
        return scarce, entry.last_used
    if strategy == "quota-first":
        # One whose quota is unknown counts as full: it is known once it was used.
        level = 1.0 if left is None else ceil(left * LEVELS) / LEVELS
        return scarce, -level, load, entry.last_used
    if strategy == "sticky" and conversation:
        return scarce, float(entry.account != home), -weight(conversation, entry.account, left)
    return scarce, load, entry.last_used


def weight(conversation: str, account: str, left: float | None = None) -> float:
    """Weighted rendezvous hashing: a number above 0 that depends on its arguments and on nothing else.

    Every conversation has its own order of accounts, so one that leaves moves only its own
    conversations, spread over all others; one with half the quota `left` is home to half as many.
    """
    digest = blake2b(f"{conversation}\0{account}".encode("utf-8", "surrogatepass"), digest_size=7)
    chance = (int.from_bytes(digest.digest()) + 0.5) / (1 << 56)
    share = 1.0 if left is None else max(1, ceil(left * SHARES)) / SHARES
    return -share / log(chance) if chance < 1.0 else share * (1 << 56)
