"""Projects are found or made, and quota shrinks with use."""

from datetime import datetime

import httpx

from core.sandbox.accounts import Planned
from core.sandbox.quotas import Allowance, QuotaStart, Window
from core.sandbox.script import Script
from tests.sandbox.world import CHAT, FakeClock, World, new_client, sign_in

METADATA = {"ideType": "ANTIGRAVITY", "platform": "MACOS", "pluginType": "GEMINI"}


async def _left(world: World, model: str = CHAT) -> dict[str, object]:
    reply = await world.post("fetchAvailableModels", {"project": world.project})
    return reply.json()["models"][model]["quotaInfo"]


async def test_ada_has_a_project_and_alan_needs_two_polls_more(client: httpx.AsyncClient) -> None:
    ada, alan = await sign_in(client), await sign_in(client, "alan")
    assert (await ada.post("loadCodeAssist", {"metadata": METADATA})).json()["cloudaicompanionProject"]
    discovered = (await alan.post("loadCodeAssist", {"metadata": METADATA})).json()
    assert "cloudaicompanionProject" not in discovered
    assert {"id": "free-tier", "name": "Antigravity", "isDefault": True} in discovered["allowedTiers"]

    polls = [await alan.post("onboardUser", {"tierId": "free-tier", "metadata": METADATA}) for _ in range(3)]
    assert [poll.json()["done"] for poll in polls] == [False, False, True]
    project = polls[2].json()["response"]["cloudaicompanionProject"]["id"]
    assert (await alan.post("loadCodeAssist", {})).json()["cloudaicompanionProject"] == project
    alan.project = project
    assert await alan.ask("hello")


async def test_without_onboarding_nothing_is_generated(client: httpx.AsyncClient) -> None:
    alan = await sign_in(client, "alan")
    reply = await alan.post("generateContent", alan.body())
    assert reply.status_code == 403
    assert "has not been used in project" in reply.json()["error"]["message"]


async def test_another_project_is_denied(ada: World) -> None:
    reply = await ada.post("generateContent", {**ada.body(), "project": "somebody-else"})
    assert reply.status_code == 403
    assert reply.json()["error"]["status"] == "PERMISSION_DENIED"
    assert (await ada.post("fetchAvailableModels", {"project": "somebody-else"})).status_code == 403


async def test_the_free_tier_takes_no_project_of_ones_own(ada: World) -> None:
    body = {"tierId": "free-tier", "cloudaicompanionProject": "mine"}
    assert (await ada.post("onboardUser", body)).status_code == 400
    assert (await ada.post("onboardUser", {"tierId": "g1-pro-tier"})).status_code == 400


async def test_quota_shrinks_with_use_for_this_account_and_family_only(client: httpx.AsyncClient) -> None:
    ada, grace = await sign_in(client), await sign_in(client, "grace")
    for _ in range(3):
        await grace.post("onboardUser", {"tierId": "free-tier"})
    assert (await _left(ada))["remainingFraction"] == 1.0
    await ada.ask("what is SSH?")
    first = float(str((await _left(ada))["remainingFraction"]))
    await ada.ask("what is SSH?")
    assert float(str((await _left(ada))["remainingFraction"])) < first < 1.0
    assert (await _left(ada, "claude-sonnet-4-6"))["remainingFraction"] == 1.0
    assert (await _left(grace))["remainingFraction"] == 1.0


async def test_used_up_quota_is_a_429_until_its_reset(clock: FakeClock) -> None:
    small = Allowance((Window("5h", "Five-hour limit", 7200, 100, 1),))
    async with new_client(clock, allowance=small) as client:
        ada = await sign_in(client)
        await ada.ask("what is SSH?")
        reply = await ada.post("generateContent", ada.body())
        assert reply.status_code == 429
        info = reply.json()["error"]["details"][0]
        assert info["reason"] == "QUOTA_EXHAUSTED"
        assert info["metadata"]["quotaResetDelay"] == "2h0m0s"
        quota = await _left(ada)
        assert "remainingFraction" not in quota
        assert datetime.fromisoformat(str(quota["resetTime"])).timestamp() == clock.time + 7200
        clock.time += 7201
        ada = await sign_in(client)
        assert await ada.ask()


async def test_the_catalogue_says_what_each_model_can_do(ada: World) -> None:
    models = (await ada.post("fetchAvailableModels", {})).json()["models"]
    assert {"claude-opus-4-6-thinking", "gemini-3-pro-high", "gpt-oss-120b-medium"} <= set(models)
    assert models["sandbox-thinking"]["supportsThinking"] is True
    assert models["sandbox-chat"]["supportsThinking"] is False
    assert models["claude-sonnet-4-6"]["maxOutputTokens"] == 64000


async def _windows(world: World, family: str) -> dict[str, dict[str, object]]:
    reply = await world.post("retrieveUserQuotaSummary", {"project": world.project})
    (group,) = [one for one in reply.json()["groups"] if one["displayName"] == family]
    return {bucket["window"]: bucket for bucket in group["buckets"]}


async def test_five_hours_and_a_week_shrink_together_and_the_tighter_one_counts(clock: FakeClock) -> None:
    tight = Allowance((Window("5h", "5 h", 18_000, 1_000, 10), Window("weekly", "week", 604_800, 600, 10)))
    async with new_client(clock, allowance=tight) as client:
        ada = await sign_in(client)
        await ada.ask("what is SSH?")
        windows = await _windows(ada, "sandbox")
        assert float(str(windows["weekly"]["remainingFraction"])) < float(
            str(windows["5h"]["remainingFraction"])
        )
        assert (await _left(ada))["remainingFraction"] == windows["weekly"]["remainingFraction"]
        clock.time += 18_001
        ada = await sign_in(client)
        assert (await _windows(ada, "sandbox"))["5h"]["remainingFraction"] == 1.0
        assert (await _left(ada))["remainingFraction"] == windows["weekly"]["remainingFraction"]


async def test_an_account_may_start_with_little_left_until_a_reset(clock: FakeClock) -> None:
    start = (QuotaStart("claude", left=0.25, resets=4_560), QuotaStart("sandbox", "weekly", left=0.0))
    async with new_client(clock, script=Script((Planned("ada", quotas=start),))) as client:
        ada = await sign_in(client)
        claude = await _left(ada, "claude-sonnet-4-6")
        assert claude["remainingFraction"] == 0.25
        assert datetime.fromisoformat(str(claude["resetTime"])).timestamp() == clock.time + 4_560
        assert (await ada.post("generateContent", ada.body())).status_code == 429
        assert (await _left(ada, "gemini-3-pro-high"))["remainingFraction"] == 1.0
        clock.time += 604_801
        ada = await sign_in(client)
        assert (await _left(ada, "claude-sonnet-4-6"))["remainingFraction"] == 1.0
        assert await ada.ask()


async def test_an_account_lacks_the_models_that_it_is_planned_without() -> None:
    async with new_client(script=Script((Planned("ada", without=("*-image",)),))) as client:
        ada = await sign_in(client)
        models = (await ada.post("fetchAvailableModels", {})).json()["models"]
        assert "sandbox-chat" in models
        assert not [model for model in models if model.endswith("-image")]
        assert (await ada.post("generateContent", ada.body("a hill", "sandbox-image"))).status_code == 404


async def test_an_account_that_is_not_eligible_never_gets_a_project() -> None:
    async with new_client(script=Script((Planned("eve", "none"),))) as client:
        eve = await sign_in(client, "eve")
        reply = (await eve.post("loadCodeAssist", {"metadata": METADATA})).json()
        assert reply["ineligibleTiers"][0]["reasonCode"] == "UNSUPPORTED_LOCATION"
        done = (await eve.post("onboardUser", {"tierId": "free-tier"})).json()
        assert done["done"]
        assert "cloudaicompanionProject" not in done["response"]
