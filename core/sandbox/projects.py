"""Projects: what loadCodeAssist and onboardUser say about an account (spec/antigravity-upstream.md 2)."""

from typing import Any, Final

from core.sandbox import strict
from core.sandbox.accounts import TIERS, SandboxAccount
from core.sandbox.errors import invalid
from core.sandbox.messages import OnboardBody

FREE: Final = {"id": "free-tier", "name": "Antigravity"}
STANDARD: Final = {
    "id": "standard-tier",
    "name": "Antigravity Standard",
    "userDefinedCloudaicompanionProject": True,
}
INELIGIBLE: Final = {
    "tierId": "free-tier",
    "tierName": "Antigravity",
    "reasonCode": "UNSUPPORTED_LOCATION",
    "reasonMessage": "Your current account is not eligible for Antigravity in your location.",
}


def load_code_assist(account: SandboxAccount) -> dict[str, Any]:
    """The reply of loadCodeAssist: no project before the account is onboarded, no tier if it never is."""
    if account.planned.project == "none":
        return {"ineligibleTiers": [INELIGIBLE]}
    reply: dict[str, Any] = {"allowedTiers": [FREE | {"isDefault": True}, STANDARD]}
    if account.project:
        reply["currentTier"] = FREE
        reply["cloudaicompanionProject"] = account.project
    if tier := TIERS.get(account.planned.tier):
        reply["paidTier"] = {"id": tier, "name": f"Google AI {account.planned.tier.title()}"}
    return reply


def onboard(body: bytes, account: SandboxAccount) -> dict[str, Any]:
    """One poll of onboardUser. Raises ApiError 400 for a tier that can't be had."""
    asked = strict.read(body, OnboardBody)
    if asked.tier_id not in ("free-tier", "standard-tier"):
        raise invalid(f"Invalid tier id: {asked.tier_id or ''}")
    if asked.tier_id == "free-tier" and asked.cloudaicompanion_project:
        raise invalid("A project can't be chosen for the free tier.")
    name = f"operations/onboard-{account.name}"
    if not account.onboard():
        return {"name": name, "done": False}
    project = {"id": account.project, "name": account.project} if account.project else {}
    return {"name": name, "done": True, "response": {"cloudaicompanionProject": project} if project else {}}
