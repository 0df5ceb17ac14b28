"""Which project an account's calls name, and what happens when it is refused."""

from __future__ import annotations

import pytest

from core.domain.failure import Cause, GatewayError, Scope

from .world import World, account, failure


async def named(world: World, without: str = "") -> str:
    return (await world.pool.grant("ada", without=without)).project


async def test_ones_own_project_comes_before_the_one_of_the_settings_and_that_before_what_is_discovered(
    world: World,
) -> None:
    await world.roster.put(account("ada", managed_project="given"))
    assert await named(world) == "given"
    world.sign_in.chosen_project = "from-settings"
    assert await named(world) == "from-settings"
    await world.roster.put(account("ada", project="mine", managed_project="given"))
    assert await named(world) == "mine"
    world.sign_in.chosen_project = ""
    assert await named(world) == "mine"
    assert world.sign_in.projects_asked == []
    assert world.roster.get("ada").managed_project == "given"


async def test_a_refused_project_gives_way_to_the_one_that_was_discovered(world: World) -> None:
    await world.roster.put(account("ada", project="mine", managed_project="given"))
    assert await named(world, without="mine") == "given"
    assert await named(world) == "given"
    (shown,) = await world.service.list()
    assert shown.project == "given"
    assert "refuses the project mine; given is used" in shown.state_note
    assert world.sign_in.projects_asked == []


async def test_a_refused_project_has_another_one_discovered(world: World) -> None:
    await world.roster.put(account("ada", project="mine"))
    assert await named(world, without="mine") == "project-of-ada"
    assert world.roster.get("ada").project == "mine"
    assert world.roster.get("ada").managed_project == "project-of-ada"


async def test_a_discovered_project_that_is_refused_is_discovered_anew(world: World) -> None:
    await world.roster.put(account("ada", managed_project="old"))
    assert await named(world, without="old") == "project-of-ada"
    assert await named(world) == "project-of-ada"
    assert world.sign_in.projects_asked == ["ada@example.test"]


async def test_where_there_is_no_other_project_the_same_is_given_and_nobody_asks_on_and_on(
    world: World,
) -> None:
    await world.roster.put(account("ada", managed_project="old"))
    world.sign_in.refuse_project = failure(Cause.DENIED)
    for _ in range(5):
        assert await named(world, without="old") == "old"
    assert len(world.sign_in.projects_asked) == 1
    world.clock.pass_time(61)
    world.sign_in.refuse_project = None
    assert await named(world, without="old") == "project-of-ada"


async def test_an_owner_who_acts_gets_the_chosen_project_tried_again(world: World) -> None:
    await world.roster.put(account("ada", project="mine", managed_project="given"))
    assert await named(world, without="mine") == "given"
    await world.service.enable("ada", True)
    assert await named(world) == "mine"
    assert (await world.service.list())[0].state_note == ""


async def test_without_any_project_the_account_says_so(world: World) -> None:
    await world.roster.put(account("ada"))
    world.sign_in.refuse_project = failure(Cause.DENIED, Scope.REQUEST)
    with pytest.raises(GatewayError) as refused:
        await named(world)
    assert (refused.value.failure.cause, refused.value.failure.scope) == (Cause.DENIED, Scope.ACCOUNT)


async def test_an_owner_sets_a_project_and_takes_it_back(world: World) -> None:
    await world.roster.put(account("ada", managed_project="given"))
    world.pool.note_failure("ada", "", failure(Cause.PROJECT, retry_after=3600.0).failure)
    assert (await world.service.set_project("ada", " mine ")).project == "mine"
    assert world.pool.view().entries[0].resting == {}
    assert await named(world) == "mine"
    assert world.vault.read().accounts[0].project == "mine"
    assert (await world.service.set_project("ada", "")).project == "given"
    with pytest.raises(GatewayError) as refused:
        await world.service.set_project("ada", "two words")
    assert "can't be a project" in refused.value.failure.public_message
    assert await named(world) == "given"
