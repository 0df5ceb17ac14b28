"""The sandbox's accounts: who exists, whose project is ready, how much quota is left.

Every name is an account (`1//sandbox-<name>` signs it in), so trying to add one always works. State is
in memory and ends with the process.
"""

import hashlib
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from core.sandbox.catalogue import MODELS, Family, Model
from core.sandbox.tokens import refresh_token

MAIL_DOMAIN: Final = "sandbox.test"
_POLLS: Final = 2
_REMEMBERED: Final = 4096
"""Accounts and prompt prefixes kept before the oldest is forgotten."""


class ReadyAccount(Struct, frozen=True):
    """An account to start with. `project` is empty while it still has to be onboarded."""

    name: str
    email: str
    refresh_token: str
    project: str


def project_of(name: str) -> str:
    """The project Google would have made for `name`: always the same one."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"sandbox-river-{digest[:5]}"


def email_of(name: str) -> str:
    return f"{name}@{MAIL_DOMAIN}"


READY_ACCOUNTS: Final = (
    ReadyAccount("ada", email_of("ada"), refresh_token("ada"), project_of("ada")),
    ReadyAccount("alan", email_of("alan"), refresh_token("alan"), ""),
)


class Allowance(Struct, frozen=True):
    """How much one account may use of one family before it gets 429, and for how many seconds.

    The window opens with the first use, as the real one does.
    """

    tokens: int = 400_000
    pictures: int = 100
    window: float = 3600.0


class _Window:
    __slots__ = ("resets", "used")

    def __init__(self) -> None:
        self.used = 0.0
        self.resets = 0.0


class SandboxAccount:
    """One account's state: its project, onboarding, quota windows and the prompts it has seen."""

    def __init__(self, name: str, ready: bool, allowance: Allowance) -> None:
        self.name = name
        self.email = email_of(name)
        self.project = project_of(name) if ready else ""
        self._allowance = allowance
        self._polls = 0
        self._windows: dict[Family, _Window] = {}
        self._prefixes: OrderedDict[bytes, int] = OrderedDict()

    def onboard(self) -> bool:
        """One poll of the long-running operation: True once it is done."""
        if not self.project:
            if self._polls < _POLLS:
                self._polls += 1
                return False
            self.project = project_of(self.name)
        return True

    def remaining(self, family: Family, now: float) -> tuple[float, float]:
        """The fraction left (0 to 1) of `family`, and when it is whole again (unix seconds)."""
        window = self._windows.get(family)
        if window is None or now >= window.resets:
            return 1.0, now + self._allowance.window
        return max(0.0, 1.0 - window.used), window.resets

    def spend(self, model: Model, tokens: int, now: float) -> None:
        """Take one generation off the quota of the model's family: a picture, or `tokens`."""
        window = self._windows.setdefault(model.family, _Window())
        if now >= window.resets:
            window.used, window.resets = 0.0, now + self._allowance.window
        window.used += 1 / self._allowance.pictures if model.draws else tokens / self._allowance.tokens

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
        for model in MODELS.values():
            left, resets = self.remaining(model.family, now)
            quota: dict[str, Any] = {"remainingFraction": round(left, 6)} if left > 0 else {}
            quota["resetTime"] = datetime.fromtimestamp(resets, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            row: dict[str, Any] = {
                "displayName": model.label,
                "supportsImages": model.family != "gpt-oss",
                "supportsThinking": model.thinks != "never",
                "maxTokens": model.context,
                "maxOutputTokens": model.max_output,
                "supportedMimeTypes": {"image/png": True, "image/jpeg": True, "image/webp": True},
                "quotaInfo": quota,
            }
            if model.thinks != "never":
                row["thinkingBudget"] = 1024
            models[model.id] = row
        return {"models": models}


class SandboxAccounts:
    """All accounts that have shown up."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._known: OrderedDict[str, SandboxAccount] = OrderedDict()

    def of(self, name: str) -> SandboxAccount:
        """The account called `name`, made on first sight."""
        account = self._known.get(name)
        if account is None:
            ready = any(one.name == name and one.project for one in READY_ACCOUNTS)
            account = self._known[name] = SandboxAccount(name, ready, self._allowance)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return account
