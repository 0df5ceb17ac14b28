"""A script: which accounts the sandbox has, and which of their calls it answers how.

"After two calls of ada, answer quota": rules are tried from the top, and the first that is due answers. A
rule sees only calls that no rule above it has answered. `script_file` reads one from TOML.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from msgspec import Struct, field, structs

from core.sandbox.accounts import READY_ACCOUNTS, Planned
from core.sandbox.steering import Steering

CallKind = Literal[
    "chat", "image", "count", "models", "project", "onboard", "code", "refresh", "userinfo", "consent"
]
GENERATIONS: Final = ("chat", "image")
CALLS: Final[Mapping[str, str]] = {
    "chat": "an answer",
    "image": "a picture",
    "count": "countTokens",
    "models": "fetchAvailableModels",
    "project": "loadCodeAssist",
    "onboard": "onboardUser",
    "code": "a sign-in's code is redeemed",
    "refresh": "a refresh token is exchanged",
    "userinfo": "the e-mail is asked",
    "consent": "the page of a sign-in",
}
ENDLESS: Final = 1 << 62


class Call(Struct, frozen=True):
    """One call that has come in. `endpoint` counts from 1; `account` is empty where nobody is named yet."""

    kind: CallKind
    account: str = ""
    model: str = ""
    endpoint: int = 1


class Rule(Struct, frozen=True):
    """Which calls are meant, and what is changed for them.

    `account` and `model` are patterns with `*` and `?`. The first `after` calls that match are left to the
    rules below, the next `times` are answered with `changes` over what the prompt asks for. `answer` is the
    name that the script gave.
    """

    answer: str
    account: str = "*"
    model: str = "*"
    calls: tuple[str, ...] = GENERATIONS
    endpoint: int | None = None
    after: int = 0
    times: int = ENDLESS
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def matches(self, call: Call) -> bool:
        return (
            call.kind in self.calls
            and self.endpoint in (None, call.endpoint)
            and fnmatchcase(call.account, self.account)
            and fnmatchcase(call.model, self.model)
        )


class Script(Struct, frozen=True):
    """Everything that a script says. `pace`: seconds between two chunks (None: the usual)."""

    accounts: tuple[Planned, ...] = ()
    rules: tuple[Rule, ...] = ()
    endpoints: int = 1
    pace: float | None = None

    @property
    def everybody(self) -> tuple[Planned, ...]:
        """The accounts to start with: the script's, else the usual two."""
        return self.accounts or READY_ACCOUNTS


class Played(Struct, frozen=True):
    """What the script says to a call: the rule's name for it, and the steering that comes of it."""

    answer: str
    steering: Steering


class Play:
    """A script while it runs: it counts calls."""

    def __init__(self, script: Script) -> None:
        self._rules = script.rules
        self._seen = [0] * len(script.rules)

    def answer(self, call: Call, asked: Steering | None = None) -> Played | None:
        """What is to become of `call`; None: what would become of it without a script. `asked` is what its
        prompt asks for."""
        for at, rule in enumerate(self._rules):
            if not rule.matches(call):
                continue
            self._seen[at] += 1
            if rule.after < self._seen[at] <= rule.after + rule.times:
                return Played(rule.answer, structs.replace(asked or Steering(), **rule.changes))
        return None
