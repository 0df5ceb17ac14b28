"""Homes: which account served a conversation last. Upstreams keep what they have read of it for a while,
and a tool loop may not survive a change of accounts."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from core.domain.plan import Plan

from .planner import busy

MOST: Final = 10_000


class Homes:
    """The latest conversations, in memory. One that is not here is at home where its hash says."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._homes: OrderedDict[str, str] = OrderedDict()

    def of(self, conversation: str) -> str:
        """The account, or nothing."""
        return self._homes.get(conversation, "")

    def served(self, conversation: str, account: str, plan: Plan) -> None:
        """`account` answered. A home that was only busy by `plan` stays what it is."""
        if not conversation:
            return
        home = self._homes.get(conversation)
        if home != account and any(one.account == home and busy(one) for one in plan.candidates):
            account = home or account
        self._homes[conversation] = account
        self._homes.move_to_end(conversation)
        if len(self._homes) > self._most:
            self._homes.popitem(last=False)
