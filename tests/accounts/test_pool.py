"""The pool: who is in it, what the gateway sees, and what failures do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.accounts import AccountState, ModelQuota, QuotaWindow, Realm
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.ports import Catalogue, Grant

from .world import LIVE, START, World, failure

SANDBOX = {"ada@sandbox.test": "1//sandbox-ada", "alan@sandbox.test": "1//sandbox-alan"}


def emails(world: World) -> list[str]:
    return [entry.email for entry in world.pool.view().entries]


async def test_without_a_real_account_the_sandbox_is_in_the_pool(tmp_path: Path) -> None:
    world = World(tmp_path, "auto")
    await world.service.seed_sandbox(SANDBOX)
    assert emails(world) == list(SANDBOX)
    assert world.sign_in.refreshed == []
    (mine,) = await world.add("mine")
    assert emails(world) == ["mine@example.test"]
    await world.service.enable(mine, False)
    assert emails(world) == list(SANDBOX)
    await world.service.enable(mine, True)
    assert emails(world) == ["mine@example.test"]
    await world.service.remove(mine)
    assert emails(world) == list(SANDBOX)
    await world.aclose()


async def test_with_the_flag_only_the_sandbox_is_in_the_pool_and_takes_every_token(tmp_path: Path) -> None:
    real = World(tmp_path)
    await real.add("mine")
    await real.aclose()
    world = World(tmp_path, "on", acknowledged="")
    await world.service.seed_sandbox(SANDBOX)
    await world.service.add_token("1//anything")
    assert emails(world) == [*SANDBOX, "anything@sandbox.test"]
    await world.aclose()
    assert [known.email for known in world.vault.read().accounts] == ["mine@example.test"]


async def test_sandbox_accounts_never_reach_the_disk(tmp_path: Path) -> None:
    world = World(tmp_path / "home", "auto", acknowledged="")
    await world.service.seed_sandbox(SANDBOX)
    added = await world.service.add_token("1//sandbox-grace")
    assert added.realm is Realm.SANDBOX
    await world.pool.grant(added.id)
    world.pool.note_failure(added.id, "", failure(Cause.TERMS).failure)
    await world.service.enable("sandbox-ada", False)
    await world.service.remove("sandbox-alan")
    await world.aclose()
    assert b"sandbox" not in b"".join(file.read_bytes() for file in world.home.rglob("*") if file.is_file())
    assert World(tmp_path / "home", "auto").roster.all() == []


async def test_when_it_is_off_a_sandbox_token_is_a_token_like_any_other(world: World) -> None:
    assert (await world.service.add_token("1//sandbox-x")).realm is Realm.REAL


async def test_a_grant_carries_what_must_ride_with_a_call(world: World) -> None:
    (ada,) = await world.add("ada")
    grant = await world.pool.grant(ada)
    assert (grant.email, grant.realm, grant.project) == ("ada@example.test", Realm.REAL, "project-of-ada")
    assert grant.device.device_id == "device-1"


async def test_a_project_is_discovered_once_and_kept(tmp_path: Path) -> None:
    world = World(tmp_path, "auto")
    await world.service.seed_sandbox(SANDBOX)
    for _ in range(3):
        assert (await world.pool.grant("sandbox-ada")).project == "project-of-ada"
    assert world.sign_in.projects_asked == ["ada@sandbox.test"]
    await world.aclose()


async def test_a_failed_discovery_is_not_repeated_for_a_minute(tmp_path: Path) -> None:
    world = World(tmp_path, "auto")
    await world.service.seed_sandbox(SANDBOX)
    world.sign_in.refuse_project = failure(Cause.SERVER, Scope.REQUEST)
    for _ in range(3):
        with pytest.raises(GatewayError) as refused:
            await world.pool.grant("sandbox-ada")
        assert refused.value.failure.scope is Scope.ACCOUNT
    assert len(world.sign_in.projects_asked) == 1
    world.sign_in.refuse_project = None
    world.clock.pass_time(61)
    assert (await world.pool.grant("sandbox-ada")).project == "project-of-ada"
    await world.aclose()


async def test_calls_in_flight_are_counted_up_to_the_limit(world: World) -> None:
    (ada,) = await world.add("ada")
    taken = [world.pool.take(ada, "m") for _ in range(5)]
    assert [place is not None for place in taken] == [True] * 4 + [False]
    assert world.pool.view().entries[0].in_flight == 4
    give_back = taken[0]
    assert give_back is not None
    give_back()
    give_back()
    assert world.pool.view().entries[0].in_flight == 3
    assert (await world.service.list())[0].last_used_at == START


async def test_a_clock_that_is_set_back_does_not_turn_the_order_of_use(world: World) -> None:
    ada, alan = await world.add("ada", "alan")
    for account_id, jump in ((ada, 0.0), (alan, -3600.0), (ada, -3600.0)):
        world.clock.jump(jump)
        world.clock.pass_time(1)
        assert world.pool.take(account_id, "m") is not None
    used = {entry.account: entry.last_used for entry in world.pool.view().entries}
    assert used[alan] < used[ada]


async def test_how_many_calls_an_account_has_may_be_changed_while_it_runs(world: World) -> None:
    (ada,) = await world.add("ada")
    assert [world.pool.take(ada, "m") is not None for _ in range(5)] == [True] * 4 + [False]
    world.per_account = 6
    assert [world.pool.take(ada, "m") is not None for _ in range(3)] == [True] * 2 + [False]
    assert world.pool.view().entries[0].limit == 6


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        (Cause.VERIFICATION, AccountState.VERIFY),
        (Cause.TERMS, AccountState.ENDED),
        (Cause.INVALID_GRANT, AccountState.NEEDS_LOGIN),
    ],
)
async def test_some_causes_end_the_use_of_an_account_and_keep_its_record(
    world: World, cause: Cause, state: AccountState
) -> None:
    (ada,) = await world.add("ada")
    refused = Failure(
        Kind.FORBIDDEN, "Not you.", Scope.ACCOUNT, cause, params={"url": "https://verify.test/x"}
    )
    for _ in range(3):
        world.pool.note_failure(ada, "m", refused)
    (view,) = await world.service.list()
    assert (view.state, view.state_note) == (state, "Not you. https://verify.test/x")
    assert world.pool.view().entries[0].usable
    with pytest.raises(GatewayError) as later:
        await world.pool.grant(ada)
    assert later.value.failure.cause is cause
    assert [event["why"] for event in world.events].count(state.value) == 1
    await world.roster.settle()
    assert world.vault.read().accounts[0].state is state


async def test_an_ended_account_stays_ended(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.TERMS).failure)
    world.pool.note_failure(ada, "", failure(Cause.VERIFICATION).failure)
    assert (await world.service.enable(ada, True)).state is AccountState.ENDED


async def test_one_who_has_verified_switches_the_account_on_again(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.VERIFICATION).failure)
    world.pool.note_failure(ada, "", failure(Cause.DENIED).failure)
    view = await world.service.enable(ada, True)
    assert (view.state, view.state_note, view.cooldowns, view.last_error) == (AccountState.READY, "", (), "")


async def test_a_failure_rests_what_it_concerns_and_shows(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "m", failure(Cause.QUOTA, Scope.ACCOUNT_MODEL, retry_after=99.5).failure)
    world.pool.note_failure(ada, "m", failure(Cause.SERVER, Scope.ENDPOINT).failure)
    (entry,) = world.pool.view().entries
    assert (entry.usable, entry.resting) == ("", {"m": 100.0})
    assert entry.why["m"].public_message == "It failed (quota)."
    (view,) = await world.service.list()
    assert (view.cooldowns[0].until, view.cooldowns[0].cause) == (START + 100, "quota")
    assert view.last_error == "It failed (quota)."
    world.pool.note_success(ada, "other")
    assert world.pool.show(world.roster.get(ada)).last_error == ""


async def test_a_401_drops_the_token(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.AUTH).failure)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == 2


async def test_models_are_the_live_ones_with_how_many_offer_them(world: World) -> None:
    await world.add("ada", "alan")
    models = {model.id: model for model in world.pool.models()}
    assert list(models) == ["gemini-3-pro", "claude"]
    assert (models["gemini-3-pro"].accounts, models["gemini-3-pro"].fraction) == (2, 0.5)
    assert models["claude"].fraction == 0.0
    (entry, _) = world.pool.view().entries
    assert entry.offers == {"gemini-3-pro", "claude"}
    assert entry.fractions == {"gemini-3-pro": 0.5, "claude": 0.0}


async def test_without_a_live_catalogue_the_built_in_table_stands_in(world: World) -> None:
    world.provider.catalogues = refuse
    await world.add("ada")
    assert [model.id for model in world.pool.models()] == ["built-in", "gemini-3-pro"]
    assert world.pool.view().entries[0].offers is None


async def test_models_of_accounts_that_may_not_be_used_are_not_offered(world: World) -> None:
    (ada,) = await world.add("ada")
    await world.service.enable(ada, False)
    assert world.pool.models() == ()


async def test_past_its_reset_a_quota_is_unknown(world: World) -> None:
    await world.add("ada")
    world.clock.pass_time(3601)
    assert world.pool.view().entries[0].fractions == {"gemini-3-pro": 0.5, "claude": None}
    (view,) = await world.service.list()
    assert [(window.name, window.fraction) for window in view.quotas] == [
        ("gemini-3-pro", 0.5),
        ("claude", None),
    ]


async def test_past_the_reset_of_a_family_its_models_are_unknown_too(world: World) -> None:
    models = (
        ModelInfo("a", "antigravity", family="f", fraction=0.0),
        ModelInfo("b", "antigravity", family="g"),
    )
    window = QuotaWindow("f", 0.0, START + 60)
    world.provider.catalogues = lambda grant, endpoint: Catalogue(models, (window,), {})
    await world.add("ada")
    assert world.pool.view().entries[0].fractions == {"a": 0.0, "b": None, "f": 0.0}
    world.clock.pass_time(61)
    assert world.pool.view().entries[0].fractions == {"a": None, "b": None, "f": None}


async def test_a_response_that_names_a_reset_tells_what_is_left(world: World) -> None:
    (ada,) = await world.add("ada")
    asked = len(world.provider.asked)
    used = Failure(Kind.QUOTA, "Used up.", Scope.ACCOUNT_MODEL, Cause.QUOTA, 600.0)
    world.pool.note_failure(ada, "gemini-3-pro", used)
    (view,) = await world.service.list()
    assert view.quotas[0] == QuotaWindow("gemini-3-pro", 0.0, world.clock.now() + 600)
    assert world.pool.view().entries[0].fractions["gemini-3-pro"] == 0.0
    world.clock.pass_time(601)
    assert world.pool.view().entries[0].fractions["gemini-3-pro"] is None
    assert len(world.provider.asked) == asked


async def test_a_catalogue_asked_for_before_a_refusal_does_not_end_its_rest(world: World) -> None:
    (ada,) = await world.add("ada")
    refused = Failure(Kind.QUOTA, "Used up.", Scope.ACCOUNT_MODEL, Cause.QUOTA)

    def refused_meanwhile(grant: Grant, endpoint: str) -> Catalogue:
        world.clock.pass_time(1)
        world.pool.note_failure(ada, "gemini-3-pro", refused)
        return LIVE

    world.provider.catalogues = refused_meanwhile
    await world.service.refresh_quota(ada)
    assert world.pool.view().entries[0].resting == {"gemini-3-pro": 60.0}
    world.provider.catalogues = lambda grant, endpoint: LIVE
    world.clock.pass_time(1)
    await world.service.refresh_quota(ada)
    assert world.pool.view().entries[0].resting == {}


async def test_a_model_that_is_used_up_empties_its_family_and_not_its_sisters(world: World) -> None:
    members = (ModelQuota("a", 0.5, START + 9000), ModelQuota("b", 0.7, START + 9000))
    models = tuple(ModelInfo(one.model, "antigravity", family="f", fraction=one.fraction) for one in members)
    window = QuotaWindow("f", 0.5, START + 9000, members)
    world.provider.catalogues = lambda grant, endpoint: Catalogue(models, (window,), {})
    (ada,) = await world.add("ada")
    world.pool.note_failure(
        ada, "a", Failure(Kind.QUOTA, "Used up.", Scope.ACCOUNT_MODEL, Cause.QUOTA, 600.0)
    )
    (view,) = await world.service.list()
    assert [(one.model, one.fraction) for one in view.quotas[0].members] == [("a", 0.0), ("b", 0.7)]
    assert world.pool.view().entries[0].fractions == {"a": 0.0, "b": 0.7, "f": 0.0}


async def test_a_catalogue_is_fetched_for_a_request_every_ten_minutes_at_most(world: World) -> None:
    (ada,) = await world.add("ada")
    for seconds in (1, 598, 2, 1):
        world.clock.pass_time(seconds)
        await world.pool.grant(ada)
        await world.pool.settle()
    assert len(world.provider.asked) == 2


async def test_nothing_is_asked_while_nobody_wants_anything(world: World) -> None:
    await world.add("ada")
    before = len(world.provider.asked), len(world.sign_in.refreshed)
    world.clock.pass_time(86400)
    world.pool.view()
    world.pool.models()
    await world.service.list()
    await world.pool.settle()
    assert (len(world.provider.asked), len(world.sign_in.refreshed)) == before


async def test_a_catalogue_that_can_not_be_read_serves_for_a_day_and_harms_nobody(world: World) -> None:
    (ada,) = await world.add("ada")
    world.provider.catalogues = refuse
    world.clock.pass_time(700)
    await world.pool.grant(ada)
    await world.pool.settle()
    assert [model.id for model in world.pool.models()] == ["gemini-3-pro", "claude"]
    assert world.pool.view().entries[0].resting == {}
    world.clock.pass_time(86400)
    assert [model.id for model in world.pool.models()] == ["built-in", "gemini-3-pro"]


async def test_the_next_endpoint_is_asked_for_a_catalogue(world: World) -> None:
    def second_only(grant: Grant, endpoint: str) -> Catalogue:
        if "one" in endpoint:
            raise failure(Cause.CONNECT, Scope.ENDPOINT)
        return LIVE

    world.provider.catalogues = second_only
    await world.add("ada")
    assert [endpoint for _, endpoint in world.provider.asked] == ["https://one.test", "https://two.test"]
    assert world.pool.view().entries[0].offers


async def test_a_refused_catalogue_call_refreshes_the_token_once(world: World) -> None:
    (ada,) = await world.add("ada")

    def only_fresh(grant: Grant, endpoint: str) -> Catalogue:
        if grant.token.reveal().startswith("access-1-"):
            raise failure(Cause.AUTH)
        return Catalogue((ModelInfo("fresh", "antigravity"),), (), {})

    world.provider.catalogues = only_fresh
    await world.service.refresh_quota(ada)
    assert len(world.sign_in.refreshed) == 2
    assert [model.id for model in world.pool.models()] == ["fresh"]


def refuse(grant: Grant, endpoint: str) -> Catalogue:
    raise failure(Cause.DENIED, Scope.ACCOUNT)


async def test_who_wants_to_see_the_models_gets_what_accounts_really_have(tmp_path: Path) -> None:
    world = World(tmp_path, "auto")
    await world.service.seed_sandbox(SANDBOX)
    await world.pool.learn(5.0)
    assert {model.id for model in world.pool.models()} == {model.id for model in LIVE.models}
    asked = len(world.provider.asked)
    await world.pool.learn(5.0)
    assert len(world.provider.asked) == asked, "what is known and fresh is not asked again"
    await world.aclose()


async def test_a_used_up_quota_rests_the_whole_family_that_shares_it(world: World) -> None:
    models = (
        ModelInfo("opus", "antigravity", family="claude", fraction=0.02),
        ModelInfo("sonnet", "antigravity", family="claude", fraction=0.02),
        ModelInfo("haiku", "antigravity", family="claude", fraction=0.8),
        ModelInfo("pro", "antigravity", family="gemini", fraction=0.02),
    )
    world.provider.catalogues = lambda grant, endpoint: Catalogue(models, (), {})
    (ada,) = await world.add("ada")
    for cause, resting in ((Cause.RATE, ["opus"]), (Cause.QUOTA, ["opus", "sonnet"])):
        world.pool.reset(ada)
        world.pool.note_failure(ada, "opus", failure(cause, Scope.ACCOUNT_MODEL, retry_after=600.0).failure)
        assert sorted(world.pool.view().entries[0].resting) == resting
    world.pool.reset(ada)
    world.pool.note_failure(ada, "unlisted", failure(Cause.QUOTA, Scope.ACCOUNT_MODEL).failure)
    assert list(world.pool.view().entries[0].resting) == ["unlisted"]
