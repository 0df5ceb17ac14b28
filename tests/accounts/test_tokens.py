"""Access tokens: refreshed in time, once, and never again when the upstream has ended it."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.domain.accounts import AccountState, ApiKey, OAuth
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.secret import Secret

from .world import HandClock, World, account, failure


async def test_200_grants_at_once_are_one_refresh(world: World) -> None:
    (ada,) = await world.add("ada")
    world.tokens.forget(ada)
    world.sign_in.refreshed.clear()
    world.sign_in.gate = asyncio.Event()
    grants = [asyncio.create_task(world.pool.grant(ada)) for _ in range(200)]
    await world.sign_in.waiting.wait()
    world.sign_in.gate.set()
    assert len({grant.token.reveal() for grant in await asyncio.gather(*grants)}) == 1
    assert world.sign_in.refreshed == ["1//ada"]


async def test_a_caller_that_leaves_does_not_take_the_refresh_along(world: World) -> None:
    (ada,) = await world.add("ada")
    world.tokens.forget(ada)
    world.sign_in.gate = asyncio.Event()
    first, second = (asyncio.create_task(world.pool.grant(ada)) for _ in range(2))
    await world.sign_in.waiting.wait()
    first.cancel()
    await asyncio.sleep(0)
    world.sign_in.gate.set()
    assert (await second).token.reveal() == "access-2-1//ada"
    assert first.cancelled()


async def test_a_token_is_refreshed_300_seconds_before_its_end(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600 - 301)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == 1
    world.clock.pass_time(2)
    await world.pool.grant(ada)
    await world.quiet()
    assert len(world.sign_in.refreshed) == 2
    assert (await world.pool.grant(ada)).token.reveal() == "access-2-1//ada"


async def test_nobody_waits_for_a_token_that_is_renewed_ahead_of_its_end(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600 - 200)
    world.sign_in.gate = asyncio.Event()
    grants = [await world.pool.grant(ada) for _ in range(100)]
    assert {grant.token.reveal() for grant in grants} == {"access-1-1//ada"}
    world.sign_in.gate.set()
    await world.quiet()
    assert len(world.sign_in.refreshed) == 2


async def test_a_sign_in_that_is_down_harms_nobody_while_the_token_lasts(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600 - 299)
    world.sign_in.refuse = lambda token: failure(Cause.SERVER)
    for _ in range(20):
        await world.pool.grant(ada)
        await world.quiet()
        world.clock.pass_time(10)
    assert world.pool.view().entries[0].resting == {}
    assert len(world.sign_in.refreshed) <= 1 + 200 / 30
    world.sign_in.refuse = lambda token: None
    world.clock.pass_time(45)
    assert (await world.pool.grant(ada)).token.reveal() != "access-1-1//ada"


async def test_a_sign_in_that_is_over_ends_the_use_of_a_token_that_would_last(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600 - 200)
    world.sign_in.refuse = lambda token: failure(Cause.INVALID_GRANT)
    await world.pool.grant(ada)
    await world.quiet()
    assert world.roster.get(ada).state is AccountState.NEEDS_LOGIN
    with pytest.raises(GatewayError):
        await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == 2


async def test_a_token_with_a_short_life_is_used_for_most_of_it(world: World) -> None:
    world.sign_in.lifetime = 100.0
    (ada,) = await world.add("ada")
    world.clock.pass_time(79)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == 1
    world.clock.pass_time(2)
    await world.pool.grant(ada)
    await world.quiet()
    assert len(world.sign_in.refreshed) == 2


@pytest.mark.parametrize("lifetime", [0.0, -5.0, float("nan"), float("-inf")])
async def test_a_lifetime_that_makes_no_sense_counts_as_over(world: World, lifetime: float) -> None:
    world.sign_in.lifetime = lifetime
    (ada,) = await world.add("ada")
    asked = len(world.sign_in.refreshed)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == asked + 1


@pytest.mark.parametrize("seconds", [3600.0, -3600.0, 3.2e8, -3.2e8])
async def test_a_jump_of_the_clock_costs_at_most_one_refresh(world: World, seconds: float) -> None:
    (ada,) = await world.add("ada")
    world.clock.jump(seconds)
    for _ in range(20):
        await world.pool.grant(ada)
        world.clock.pass_time(1)
    assert len(world.sign_in.refreshed) <= 2
    world.clock.pass_time(3600)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) <= 3


async def test_after_a_night_asleep_the_token_counts_as_old(world: World) -> None:
    """A machine that sleeps stops its monotonic clock, not the upstream's."""
    (ada,) = await world.add("ada")
    world.clock.jump(8 * 3600)
    await world.pool.grant(ada)
    assert len(world.sign_in.refreshed) == 2


async def test_a_refused_token_is_replaced_once_for_all_who_were_refused(world: World) -> None:
    (ada,) = await world.add("ada")
    first = await world.pool.grant(ada)
    fresh = [await world.pool.grant(ada, fresh=True) for _ in range(5)]
    assert {grant.token.reveal() for grant in fresh} == {"access-2-1//ada"} != {first.token.reveal()}
    world.clock.pass_time(11)
    assert (await world.pool.grant(ada, fresh=True)).token.reveal() == "access-3-1//ada"


async def test_invalid_grant_is_asked_once_and_kept_as_needs_login(world: World) -> None:
    ada, alan = await world.add("ada", "alan")
    world.clock.pass_time(3600)
    world.sign_in.refreshed.clear()
    world.sign_in.refuse = lambda token: failure(Cause.INVALID_GRANT) if "ada" in token else None
    for _ in range(5):
        with pytest.raises(GatewayError) as refused:
            await world.pool.grant(ada)
        assert (refused.value.failure.cause, refused.value.failure.scope) == (
            Cause.INVALID_GRANT,
            Scope.ACCOUNT,
        )
    assert world.sign_in.refreshed == ["1//ada"]
    assert world.roster.get(ada).state is AccountState.NEEDS_LOGIN
    await world.roster.settle()
    assert world.vault.read().accounts[0].state is AccountState.NEEDS_LOGIN
    assert [entry.usable for entry in world.pool.view().entries] == ["needs a new sign-in", ""]
    assert (await world.pool.grant(alan)).email == "alan@example.test"
    assert [event["why"] for event in world.events].count("needs_login") == 1


async def test_a_loser_of_a_race_takes_the_newer_token_before_it_concludes(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600)
    newer = OAuth(Secret("1//ada+"), "0123456789ab")

    def replaced_meanwhile(token: str) -> GatewayError | None:
        if token != "1//ada":
            return None
        world.vault.change(ada, lambda known: msgspec.structs.replace(known, credential=newer))
        return failure(Cause.INVALID_GRANT)

    world.sign_in.refuse = replaced_meanwhile
    assert (await world.pool.grant(ada)).token.reveal().endswith("1//ada+")
    assert world.roster.get(ada).state is AccountState.READY


async def test_a_passing_failure_rests_the_account_for_30_seconds(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600)
    world.sign_in.refuse = lambda token: failure(Cause.SERVER, Scope.ENDPOINT)
    with pytest.raises(GatewayError) as refused:
        await world.pool.grant(ada)
    assert refused.value.failure.scope is Scope.ACCOUNT
    assert world.pool.view().entries[0].resting == {"": 30.0}
    assert world.roster.get(ada).state is AccountState.READY


async def test_a_missing_setting_is_nobodys_fault(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600)
    world.sign_in.refuse = lambda token: failure(Cause.CONFIG, Scope.PROVIDER)
    with pytest.raises(GatewayError):
        await world.pool.grant(ada)
    entry = world.pool.view().entries[0]
    assert (entry.usable, entry.resting) == ("", {})


async def test_another_client_id_is_named_before_the_upstream_is_asked(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600)
    world.sign_in.client = "ffffffffffff"
    with pytest.raises(GatewayError) as refused:
        await world.pool.grant(ada)
    assert "another OAuth client id" in refused.value.failure.public_message
    assert len(world.sign_in.refreshed) == 1


async def test_a_replaced_refresh_token_is_on_disk_before_it_is_used(world: World) -> None:
    (ada,) = await world.add("ada")
    world.clock.pass_time(3600)
    world.sign_in.rotate = True
    await world.pool.grant(ada)
    kept = world.vault.read().accounts[0].credential
    assert isinstance(kept, OAuth)
    assert kept.refresh_token.reveal() == "1//ada+"
    world.clock.pass_time(3600)
    await world.pool.grant(ada)
    assert world.sign_in.refreshed[-1] == "1//ada+"


async def test_an_api_key_needs_no_refresh(world: World) -> None:
    await world.roster.put(account("k", credential=ApiKey(Secret("key"))))
    assert (await world.pool.grant("k")).token.reveal() == "key"
    assert world.sign_in.refreshed == []


async def test_nothing_of_a_token_is_logged_or_shown(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (ada,) = await world.add("CANARY")
    grant = await world.pool.grant(ada)
    world.clock.pass_time(3600)
    world.sign_in.refuse = lambda token: failure(Cause.INVALID_GRANT)
    with pytest.raises(GatewayError) as refused:
        await world.pool.grant(ada)
    shown = repr(grant) + repr(world.roster.all()) + repr(await world.service.list()) + repr(world.events)
    shown += f"{refused.value!r} {refused.value.failure!r} {vars(world.tokens)!r} {caplog.text}"
    assert "1//CANARY" not in shown
    with pytest.raises(TypeError):
        msgspec.json.encode(grant)


def refresh_in_another_process(home: Path, account_id: str, later: float, start, asked) -> None:
    """A process that refreshes; the upstream gives a new refresh token and refuses the old one for good."""

    async def run() -> None:
        built = World(home)
        valid = asked["valid"]

        def judge(token: str) -> GatewayError | None:
            asked["calls"] = asked["calls"] + 1
            if token != asked["valid"]:
                return failure(Cause.INVALID_GRANT)
            asked["valid"] = f"{token}+"
            return None

        assert valid
        built.sign_in.refuse = judge
        built.sign_in.rotate = True
        built.clock.pass_time(later)
        start.wait()
        await built.pool.grant(account_id)
        await built.pool.settle()
        await built.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(("apart", "calls"), [(0.0, 1), (4000.0, 3)], ids=["same time", "clocks apart"])
async def test_processes_that_refresh_together_never_use_a_replaced_token(
    world: World, apart: float, calls: int
) -> None:
    """Three processes share one refresh; those that can't use what the others got ask one after the other."""
    (ada,) = await world.add("ada")
    await world.roster.settle()
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        asked = manager.dict(valid="1//ada", calls=0)
        start = manager.Barrier(3)
        children = [
            context.Process(
                target=refresh_in_another_process, args=(world.home, ada, apart * n, start, asked)
            )
            for n in range(3)
        ]
        for child in children:
            child.start()
        for child in children:
            await asyncio.to_thread(child.join)
        assert [child.exitcode for child in children] == [0, 0, 0]
        assert asked["calls"] == calls
        kept = world.vault.read().accounts[0]
    assert kept.state is AccountState.READY
    assert isinstance(kept.credential, OAuth)
    assert kept.credential.refresh_token.reveal() == "1//ada" + "+" * calls


@pytest.fixture
async def beside(world: World) -> AsyncIterator[World]:
    """Another process over the same state directory, at the same time."""
    await world.roster.put(account("ada"))
    await world.roster.settle()
    other = World(world.home, clock=world.clock)
    yield other
    await other.aclose()


async def test_a_token_serves_the_other_processes_and_the_next_start(world: World, beside: World) -> None:
    first = await world.pool.grant("ada")
    assert (await beside.pool.grant("ada")).token == first.token
    assert beside.sign_in.refreshed == []
    mode = [path.stat().st_mode & 0o777 for path in (world.home / "access").iterdir()]
    assert mode == [0o600]


async def test_a_token_that_was_refused_is_not_taken_from_another_process(
    world: World, beside: World
) -> None:
    await world.pool.grant("ada")
    await beside.pool.grant("ada")
    beside.sign_in.serial = "b"
    fresh = await beside.pool.grant("ada", fresh=True)
    assert len(beside.sign_in.refreshed) == 1
    assert (await world.pool.grant("ada", fresh=True)).token == fresh.token
    assert len(world.sign_in.refreshed) == 1


async def test_what_is_due_or_of_doubtful_age_is_not_taken_over(world: World, beside: World) -> None:
    await world.pool.grant("ada")
    world.clock.jump(-60)
    await beside.pool.grant("ada")
    assert len(beside.sign_in.refreshed) == 1
    beside.tokens.forget("ada")
    world.clock.jump(60)
    world.clock.pass_time(3600 - 250)
    await beside.pool.grant("ada")
    assert len(beside.sign_in.refreshed) == 2


@pytest.mark.parametrize("content", [b"", b"{", b'{"token": 1}', b"\xff" * 100])
async def test_a_kept_token_that_can_not_be_read_costs_a_refresh(
    world: World, beside: World, content: bytes
) -> None:
    await world.pool.grant("ada")
    (file,) = (world.home / "access").iterdir()
    file.write_bytes(content)
    assert (await beside.pool.grant("ada")).token.reveal() == "access-1-1//ada"


async def test_a_sign_in_anew_leaves_no_token_of_the_one_before(world: World, beside: World) -> None:
    await world.pool.grant("ada")
    newer = OAuth(Secret("1//ada+"), "0123456789ab")
    world.vault.change("ada", lambda known: msgspec.structs.replace(known, credential=newer))
    assert (await beside.pool.grant("ada")).token.reveal() == "access-1-1//ada+"


async def test_a_removed_account_leaves_no_token_on_disk(world: World) -> None:
    await world.roster.put(account("ada"))
    await world.pool.grant("ada")
    await world.service.remove("ada")
    assert list((world.home / "access").iterdir()) == []


async def test_an_account_that_was_removed_meanwhile_is_not_a_model_that_is_not_found(world: World) -> None:
    with pytest.raises(GatewayError) as refused:
        await world.pool.grant("nobody")
    failure = refused.value.failure
    assert (failure.kind, failure.scope) == (Kind.UNAVAILABLE, Scope.ACCOUNT)
    assert "removed" in failure.public_message
    assert "nobody" not in failure.public_message
    assert isinstance(world.clock, HandClock)


@pytest.mark.parametrize("during", ["refresh", "discovery"])
async def test_an_account_removed_while_it_is_made_ready_is_told_as_such(world: World, during: str) -> None:
    await world.roster.put(account("ada"))
    world.sign_in.gate = asyncio.Event()
    granting = asyncio.create_task(world.pool.grant("ada"))
    await world.sign_in.waiting.wait()
    if during == "discovery":
        world.sign_in.on_project = lambda: world.roster.remove("ada")
    else:
        await world.service.remove("ada")
    world.sign_in.gate.set()
    with pytest.raises(GatewayError) as refused:
        await granting
    assert refused.value.failure.kind is Kind.UNAVAILABLE
    assert "removed" in refused.value.failure.public_message


async def test_a_sign_in_host_that_can_not_be_reached_rests_for_seconds_and_no_account_does(
    world: World,
) -> None:
    ada, alan = await world.add("ada", "alan")
    world.clock.pass_time(3600)
    world.sign_in.refreshed.clear()
    world.sign_in.refuse = lambda token: failure(Cause.CONNECT, Scope.ENDPOINT)
    for one in (ada, alan, ada):
        with pytest.raises(GatewayError) as refused:
            await world.pool.grant(one)
        assert refused.value.failure.cause is Cause.CONNECT
        assert refused.value.failure.retry_after == 5.0
    assert world.sign_in.refreshed == ["1//ada"]
    assert [entry.resting for entry in world.pool.view().entries] == [{}, {}]
    world.sign_in.refuse = lambda token: None
    world.clock.pass_time(5.1)
    await world.pool.grant(alan)
    await world.pool.grant(ada)


async def test_a_project_host_that_can_not_be_reached_rests_for_seconds_too(world: World) -> None:
    await world.roster.put(account("ada"))
    world.sign_in.refuse_project = failure(Cause.CONNECT, Scope.ENDPOINT)
    for _ in range(2):
        with pytest.raises(GatewayError):
            await world.pool.grant("ada")
    assert len(world.sign_in.projects_asked) == 1
    assert world.pool.view().entries[0].resting == {}
    world.sign_in.refuse_project = None
    world.clock.pass_time(5.1)
    assert (await world.pool.grant("ada")).project == "project-of-ada"
