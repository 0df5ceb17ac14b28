"""Projects are found or made, and quota shrinks with use."""

from datetime import datetime

import httpx

from core.sandbox import Allowance
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
    async with new_client(clock, allowance=Allowance(tokens=100, window=7200)) as client:
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
