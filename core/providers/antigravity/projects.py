"""What `loadCodeAssist` and `onboardUser` say: project, tier, and why there is none. Pure.

Source: seed 001 (project discovery), the bodies of the upstream notes.
"""

from __future__ import annotations

from typing import Any, Final, cast

from msgspec import Struct, field

from core.domain.failure import Cause, Failure, Kind, Scope

from .errors import nameless

FREE: Final = "free-tier"
TIER_WORDS: Final = (
    ("ultra", "ultra"),
    ("pro", "pro"),
    ("premium", "pro"),
    ("standard", "pro"),
    ("free", "free"),
)
"""What a tier's id contains, and what it is called; for display only."""


class Tier(Struct, rename="camel"):
    id: str = ""
    name: str = ""
    is_default: bool = False


class Ineligible(Struct, rename="camel"):
    tier_id: str = ""
    reason_code: str = ""
    reason_message: str = ""


class Loaded(Struct, rename="camel"):
    """A `loadCodeAssist` reply. The project has had three names."""

    cloudaicompanion_project: Any = None
    project_id: Any = None
    project_: Any = field(default=None, name="project")
    current_tier: Tier | None = None
    paid_tier: Tier | None = None
    allowed_tiers: list[Tier] = field(default_factory=list[Tier])
    ineligible_tiers: list[Ineligible] = field(default_factory=list[Ineligible])

    def project(self) -> str:
        """Its id; empty if there is none."""
        named = (self.cloudaicompanion_project, self.project_id, self.project_)
        return next((found for one in named if (found := project_id(one))), "")


class Made(Struct, rename="camel"):
    cloudaicompanion_project: Any = None


class Operation(Struct):
    """A long-running `onboardUser`; it is polled by asking again."""

    done: bool = False
    response: Made | None = None

    def project(self) -> str:
        return project_id(self.response.cloudaicompanion_project) if self.response else ""


def project_id(project: Any) -> str:
    """A project stands as a text or as an object with its id."""
    if isinstance(project, str):
        return project.strip()
    if isinstance(project, dict):
        found = cast(dict[str, Any], project).get("id")
        return found.strip() if isinstance(found, str) else ""
    return ""


def tier_of(loaded: Loaded) -> str:
    """`free`, `pro`, `ultra` or `unknown`."""
    barred = {one.tier_id for one in loaded.ineligible_tiers}
    candidates = [loaded.paid_tier]
    if loaded.current_tier is not None and loaded.current_tier.id not in barred:
        candidates.append(loaded.current_tier)
    candidates += [tier for tier in loaded.allowed_tiers if tier.is_default]
    tier = next((one.id for one in candidates if one is not None and one.id), "")
    return next((name for word, name in TIER_WORDS if word in tier), "unknown")


def tier_to_ask(loaded: Loaded) -> str:
    """The tier to onboard with: the default one, never a paid one."""
    allowed = loaded.allowed_tiers
    default = next((tier.id for tier in allowed if tier.is_default), "")
    return default or (allowed[0].id if allowed else "") or FREE


def no_project(loaded: Loaded) -> Failure:
    why = next((one.reason_message for one in loaded.ineligible_tiers if one.reason_message), "")
    why = nameless(why)
    return Failure(
        Kind.FORBIDDEN,
        f"Google gave this account no project. {why + ' ' if why else ''}"
        "Finish the set-up in Google's Antigravity app, or set a project for the account.",
        scope=Scope.ACCOUNT,
        cause=Cause.DENIED,
    )
