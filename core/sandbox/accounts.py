"""The sandbox's accounts: who exists, whose project is ready, how much quota is left.

Every name is an account (`1//sandbox-<name>` signs it in), so trying to add one always works. State is
in memory and ends with the process.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from msgspec import Struct

from core.sandbox.catalogue import MODELS, Model
from core.sandbox.quotas import Allowance, QuotaStart, Usage
from core.sandbox.tokens import refresh_token

MAIL_DOMAIN: Final = "sandbox.test"
_REMEMBERED: Final = 4096
"""Accounts and prompt prefixes kept before the oldest is forgotten."""

Standing = Literal["ready", "onboard", "none"]
TIERS: Final = {"pro": "g1-pro-tier", "ultra": "g1-ultra-tier"}
"""Paid tiers and their ids; without one an account is free."""


class Planned(Struct, frozen=True):
    """An account as it is to be.

    `project`: it has one, it gets one once onboarding was asked for `polls` times in vain, or it never gets
    one. `offers` are patterns of models, `without` patterns of those it lacks all the same.
    """

    name: str
    project: Standing = "ready"
    polls: int = 2
    tier: str = "free"
    offers: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    quotas: tuple[QuotaStart, ...] = ()

    @property
    def email(self) -> str:
        return email_of(self.name)

    @property
    def refresh_token(self) -> str:
        return refresh_token(self.name)

    def has(self, model: str) -> bool:
        """Whether the account may use `model`."""
        return _any(self.offers, model) and not _any(self.without, model)


def project_of(name: str) -> str:
    """The project Google would have made for `name`: always the same one."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"sandbox-river-{digest[:5]}"


def email_of(name: str) -> str:
    return f"{name}@{MAIL_DOMAIN}"


READY_ACCOUNTS: Final = (Planned("ada", tier="pro"), Planned("alan", project="onboard"))
"""The accounts that are there without a script: one with all it needs, one that has to be onboarded."""


class SandboxAccount:
    """One account's state: its project, onboarding, quota windows and the prompts it has seen."""

    def __init__(self, planned: Planned, allowance: Allowance, now: float) -> None:
        self.planned = planned
        self.name = planned.name
        self.email = planned.email
        self.project = project_of(planned.name) if planned.project == "ready" else ""
        self._polls = 0
        self._usage = Usage(allowance, planned.quotas, now)
        self._prefixes: OrderedDict[bytes, int] = OrderedDict()

    def onboard(self) -> bool:
        """One poll of the long-running operation: True once it is done."""
        if not self.project and self.planned.project == "onboard":
            if self._polls < self.planned.polls:
                self._polls += 1
                return False
            self.project = project_of(self.name)
        return True

    def remaining(self, model: Model, now: float) -> tuple[float, float]:
        """The fraction left (0 to 1) for `model`, and when there is more (unix seconds)."""
        return self._usage.left(model.family, now)

    def spend(self, model: Model, tokens: int, now: float) -> None:
        """Take one generation off the quota of the model's family: a picture, or `tokens`."""
        self._usage.spend(model.family, 0 if model.draws else tokens, int(model.draws), now)

    def cached(self, prefixes: list[tuple[bytes, int]]) -> int:
        """Tokens of the longest of `prefixes` (digest, tokens) seen before; remembers them all."""
        known = max((tokens for digest, tokens in prefixes if digest in self._prefixes), default=0)
        for digest, tokens in prefixes:
            self._prefixes[digest] = tokens
            self._prefixes.move_to_end(digest)
        while len(self._prefixes) > _REMEMBERED:
            self._prefixes.popitem(last=False)
        return known

    def catalogue(self, now: float) -> dict[str, Any]:
        """The reply to fetchAvailableModels; a fraction of zero is left out, as on the wire."""
        models: dict[str, Any] = {}
        for model in self._offered():
            left, resets = self.remaining(model, now)
            row: dict[str, Any] = {
                "displayName": model.label,
                "supportsImages": model.family != "gpt-oss",
                "supportsThinking": model.thinks != "never",
                "maxTokens": model.context,
                "maxOutputTokens": model.max_output,
                "supportedMimeTypes": {"image/png": True, "image/jpeg": True, "image/webp": True},
                "quotaInfo": _fraction(left) | {"resetTime": _time(resets)},
            }
            if model.thinks != "never":
                row["thinkingBudget"] = 1024
            models[model.id] = row
        return {"models": models}

    def summary(self, now: float) -> dict[str, Any]:
        """The reply to retrieveUserQuotaSummary: a group for each family, a bucket for each window."""
        groups: list[dict[str, Any]] = []
        for family in dict.fromkeys(model.family for model in self._offered()):
            buckets = [
                _fraction(left)
                | {
                    "bucketId": f"{family}-{window.name}",
                    "window": window.name,
                    "resetTime": _time(resets),
                    "displayName": window.label,
                }
                for window, left, resets in self._usage.windows(family, now)
            ]
            groups.append({"displayName": family, "buckets": buckets})
        return {"groups": groups}

    def _offered(self) -> Iterable[Model]:
        return (model for model in MODELS.values() if self.planned.has(model.id))


class SandboxAccounts:
    """All accounts: those that were planned, and any other on first sight, which has to be onboarded."""

    def __init__(self, allowance: Allowance, planned: Iterable[Planned], now: float) -> None:
        self._allowance = allowance
        self._planned = {one.name: SandboxAccount(one, allowance, now) for one in planned}
        self._met: OrderedDict[str, SandboxAccount] = OrderedDict()

    def of(self, name: str, now: float) -> SandboxAccount:
        """The account called `name`."""
        account = self._planned.get(name) or self._met.get(name)
        if account is None:
            account = self._met[name] = SandboxAccount(Planned(name, "onboard"), self._allowance, now)
            if len(self._met) > _REMEMBERED:
                self._met.popitem(last=False)
        return account


def _any(patterns: Iterable[str], model: str) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in patterns)


def _fraction(left: float) -> dict[str, Any]:
    return {"remainingFraction": round(left, 6)} if left > 0 else {}


def _time(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
