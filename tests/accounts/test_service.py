"""The accounts service: adding, removing, switching, quota, notices."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain.accounts import AccountState, OAuth
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.ports import Catalogue, Grant

from .world import LIVE, START, World, failure


async def test_a_real_account_needs_the_acknowledgement_before_anything_is_asked(tmp_path: Path) -> None:
    world = World(tmp_path, acknowledged="")
    with pytest.raises(GatewayError) as refused:
        await world.service.add_token("1//ada")
    assert refused.value.failure.kind is Kind.FORBIDDEN
    assert refused.value.failure.params["code"] == "ACKNOWLEDGEMENT_REQUIRED"
    assert world.sign_in.refreshed == []
    assert await world.service.acknowledged() == ""
    assert await world.service.acknowledge() == "2026-01-01"
    assert (await world.service.add_token("1//ada")).email == "ada@example.test"
    await world.aclose()
    again = World(tmp_path, acknowledged="")
    assert await again.service.acknowledged() == "2026-01-01"


async def test_the_setting_counts_as_an_acknowledgement(tmp_path: Path) -> None:
    world = World(tmp_path, acknowledged=" 2025-12-24 ")
    assert await world.service.acknowledged() == "2025-12-24"
    assert await world.add("ada")
    await world.aclose()


async def test_sandbox_accounts_need_none(tmp_path: Path) -> None:
    world = World(tmp_path, "auto", acknowledged="")
    assert (await world.service.add_token("1//sandbox-ada")).email == "sandbox-ada@sandbox.test"
    await world.aclose()


async def test_an_added_account_is_stored_and_survives_a_restart(world: World) -> None:
    view = await world.service.add_token(" 1//ada\n", project="mine")
    assert (view.email, view.project, view.tier, view.added_at) == (
        "ada@example.test",
        "mine",
        "free-tier",
        START,
    )
    again = World(world.home)
    (known,) = again.roster.all()
    assert (known.id, known.email, known.managed_project) == (view.id, view.email, "project-of-ada")
    assert {"account": view.id, "why": "added"} in world.events


async def test_the_same_email_replaces_the_token_and_keeps_the_identity(world: World) -> None:
    (ada,) = await world.add("ada~1")
    world.pool.note_failure(ada, "", failure(Cause.INVALID_GRANT).failure)
    before = world.roster.get(ada)
    view = await world.service.add_token("1//ada~2")
    after = world.roster.get(ada)
    assert (view.id, view.state, view.state_note) == (ada, AccountState.READY, "")
    assert (after.device, after.added_at) == (before.device, before.added_at)
    assert isinstance(after.credential, OAuth)
    assert after.credential.refresh_token.reveal() == "1//ada~2"
    assert len(await world.service.list()) == 1
    assert (await world.pool.grant(ada)).token.reveal().endswith("1//ada~2")


async def test_the_same_account_added_twice_at_once_is_one_account(world: World) -> None:
    views = await asyncio.gather(*(world.service.add_token(f"1//ada~{number}") for number in range(5)))
    assert len({view.id for view in views}) == 1
    assert len(world.roster.all()) == len(world.vault.read().accounts) == 1


@pytest.mark.parametrize(
    ("packed", "project", "managed"),
    [
        ("1//abc", "", "project-of-abc"),
        ("1//abc|", "", "project-of-abc"),
        ("1//abc|my-proj", "my-proj", "project-of-abc"),
        ("1//abc||auto-7", "", "project-of-abc"),
        ("1//abc|my-proj|auto-7", "my-proj", "project-of-abc"),
    ],
)
async def test_packed_tokens_of_other_programs_are_read(
    world: World, packed: str, project: str, managed: str
) -> None:
    view = await world.service.add_token(packed)
    known = world.roster.get(view.id)
    assert world.sign_in.refreshed == ["1//abc"]
    assert (known.project, known.managed_project) == (project, managed)


async def test_a_project_of_ones_own_is_not_taken_for_a_discovered_one(world: World) -> None:
    view = await world.service.add_token("1//ada", project="project-of-ada")
    known = world.roster.get(view.id)
    assert (known.project, known.managed_project, known.tier) == ("project-of-ada", "", "free-tier")


async def test_a_packed_project_serves_while_none_can_be_discovered(world: World) -> None:
    world.sign_in.refuse_project = failure(Cause.SERVER)
    view = await world.service.add_token("1//abc||auto-7")
    assert view.project == "auto-7"


@pytest.mark.parametrize("text", ["", "   ", "two words", "1//a\nb", "|project", "ключ", "x" * 5000])
async def test_what_can_not_be_a_token_is_refused_unasked(world: World, text: str) -> None:
    with pytest.raises(GatewayError) as refused:
        await world.service.add_token(text)
    assert refused.value.failure.kind is Kind.BAD_REQUEST
    assert world.sign_in.refreshed == []


async def test_a_token_that_does_not_work_is_not_stored(world: World) -> None:
    world.sign_in.refuse = lambda token: failure(Cause.INVALID_GRANT)
    with pytest.raises(GatewayError):
        await world.service.add_token("1//ada")
    assert await world.service.list() == []
    assert world.vault.read().accounts == ()


async def test_an_unknown_provider_names_those_that_are_there(world: World) -> None:
    with pytest.raises(GatewayError) as refused:
        await world.service.add_token("1//ada", provider="antigrav")
    assert "antigravity" in refused.value.failure.public_message


async def test_a_sign_in_without_an_email_is_kept_and_named_later(world: World) -> None:
    world.sign_in.refuse_email = failure(Cause.SERVER)
    view = await world.service.add_token("1//ada")
    assert view.email.startswith("unnamed-")
    assert "ada" not in view.email
    assert (await world.service.add_token("1//ada")).id == view.id
    world.sign_in.refuse_email = None
    (named,) = await world.service.refresh_quota(view.id)
    assert named.email == "ada@example.test"


async def test_a_project_that_can_not_be_found_yet_does_not_lose_the_sign_in(world: World) -> None:
    world.sign_in.refuse_project = failure(Cause.SERVER)
    view = await world.service.add_token("1//ada")
    assert view.project == ""
    world.sign_in.refuse_project = None
    world.clock.pass_time(61)
    assert (await world.pool.grant(view.id)).project == "project-of-ada"


async def test_removing_forgets_everything(world: World) -> None:
    ada, alan = await world.add("ada", "alan")
    await world.service.remove(ada)
    assert [view.id for view in await world.service.list()] == [alan]
    assert [known.id for known in world.vault.read().accounts] == [alan]
    for act in (world.service.remove(ada), world.service.enable(ada, True)):
        with pytest.raises(GatewayError) as refused:
            await act
        assert refused.value.failure.kind is Kind.NOT_FOUND


async def test_switching_off_and_on_survives_a_restart(world: World) -> None:
    (ada,) = await world.add("ada")
    assert not (await world.service.enable(ada, False)).enabled
    assert world.pool.view().entries[0].usable == "switched off"
    assert not World(world.home).roster.get(ada).enabled
    assert (await world.service.enable(ada, True)).enabled
    assert World(world.home).roster.get(ada).enabled


async def test_quota_is_asked_of_all_and_one_failure_spoils_nothing(world: World) -> None:
    ada, alan = await world.add("ada", "alan")
    world.provider.asked.clear()

    def ada_fails(grant: Grant, endpoint: str) -> Catalogue:
        if grant.email.startswith("ada"):
            raise failure(Cause.SERVER, Scope.ENDPOINT)
        return LIVE

    world.provider.catalogues = ada_fails
    world.clock.pass_time(10)
    views = {view.id: view for view in await world.service.refresh_quota()}
    assert views[ada].last_error == "It failed (server)."
    assert (views[alan].last_error, views[alan].quotas_at) == ("", START + 10)
    assert [window.fraction for window in views[alan].quotas] == [0.5, 0.0]
    with pytest.raises(GatewayError):
        await world.service.refresh_quota(ada)


async def test_quota_of_an_account_that_is_ended_is_not_asked(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.TERMS).failure)
    world.provider.asked.clear()
    await world.service.refresh_quota()
    with pytest.raises(GatewayError) as refused:
        await world.service.refresh_quota(ada)
    assert "was ended" in refused.value.failure.public_message
    assert world.provider.asked == []


async def test_an_unreadable_accounts_file_is_told_in_the_notices(world: World) -> None:
    await world.add("ada")
    (world.home / "accounts.json").write_bytes(b"garbage")
    again = World(world.home)
    assert [view.email for view in await again.service.list()] == ["ada@example.test"]
    (notice,) = await again.service.notices()
    assert "accounts.json.bad-" in notice


async def test_a_disk_that_refuses_does_not_stop_the_pool_and_is_told(world: World) -> None:
    (ada,) = await world.add("ada")
    (world.home / "accounts.json").unlink()
    (world.home / "accounts.json").mkdir()
    world.pool.note_failure(ada, "", failure(Cause.VERIFICATION).failure)
    await world.roster.settle()
    assert world.pool.view().entries[0].usable
    with pytest.raises(GatewayError) as refused:
        await world.service.add_token("1//alan")
    assert "accounts.json failed" in refused.value.failure.public_message
