"""Signing in with the browser: who wins, what ends it, and what becomes of the account."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain.accounts import AccountState, Login, LoginState, OAuth, Realm
from core.domain.failure import Cause, GatewayError, Kind

from .world import START, World, failure

ADDRESS = "http://localhost:51121/oauth-callback?state=s1&code=code-of-{}"


async def over(world: World, login: Login) -> Login:
    """Where a sign-in ends."""
    async with asyncio.timeout(5):
        return [state async for state in world.service.login_watch(login.id)][-1]


async def test_a_browser_that_comes_back_signs_in(world: World) -> None:
    login = await world.service.login_start(hint="ada@example.test")
    assert (login.state, login.expires_at) == (LoginState.WAITING, START + 60)
    assert login.redirect_uri == "http://localhost:51121/oauth-callback"
    assert login.redirect_uri in login.url
    assert "hint=ada@example.test" in login.url
    (door,) = world.doors
    assert door.landed({"state": "s1", "code": "code-of-ada"}).status == 200
    done = await over(world, login)
    assert done.state is LoginState.DONE
    assert done.account is not None
    assert (done.account.email, done.account.project) == ("ada@example.test", "project-of-ada")
    assert world.sign_in.redeemed == [("code-of-ada", "v1", login.redirect_uri)]
    (known,) = World(world.home).roster.all()
    assert isinstance(known.credential, OAuth)
    assert (known.credential.refresh_token.reveal(), known.credential.client) == ("1//ada", "0123456789ab")
    await world.flows.get(login.id).closed()
    assert not door.open


async def test_a_paste_signs_in_too_and_the_token_is_used_at_once(world: World) -> None:
    login = await world.service.login_start()
    assert (await world.service.login_paste(login.id, ADDRESS.format("ada"))).state is LoginState.EXCHANGING
    done = await over(world, login)
    assert done.account is not None
    assert (await world.pool.grant(done.account.id)).token.reveal() == "access-c1-1//ada"
    assert world.sign_in.refreshed == []


async def test_whichever_is_first_wins_and_the_other_changes_nothing(world: World) -> None:
    world.sign_in.gate = asyncio.Event()
    login = await world.service.login_start()
    await world.service.login_paste(login.id, ADDRESS.format("ada"))
    landing = world.doors[0].landed({"state": "s1", "code": "code-of-alan"})
    assert (landing.status, landing.title) == (200, "Nothing to do")
    assert (await world.service.login_paste(login.id, "code-of-grace")).state is LoginState.EXCHANGING
    world.sign_in.gate.set()
    done = await over(world, login)
    assert done.account is not None
    assert done.account.email == "ada@example.test"
    assert [code for code, _, _ in world.sign_in.redeemed] == ["code-of-ada"]


async def test_a_state_that_is_not_ours_changes_nothing(world: World) -> None:
    login = await world.service.login_start()
    for query in ({"state": "x", "code": "code-of-eve"}, {"code": "code-of-eve"}, {"error": "access_denied"}):
        assert world.doors[0].landed(query).status == 400
    assert world.doors[0].landed({"state": "s1"}).status == 400
    with pytest.raises(GatewayError) as refused:
        await world.service.login_paste(login.id, "http://localhost/?state=x&code=code-of-eve")
    assert refused.value.failure.kind is Kind.BAD_REQUEST
    assert await world.service.login_status(login.id) == login
    assert world.sign_in.redeemed == []


async def test_a_code_that_was_pasted_wrong_may_be_pasted_again(world: World) -> None:
    world.sign_in.refuse_code = lambda code: failure(Cause.INVALID_GRANT) if "ada" not in code else None
    login = await world.service.login_start()
    await world.service.login_paste(login.id, "code-of-nobody")
    states = [state async for state in first(world, login, 3)]
    assert [each.state for each in states] == [
        LoginState.EXCHANGING,
        LoginState.WAITING,
        LoginState.EXCHANGING,
    ]
    assert states[1].error == "It failed (invalid_grant)."
    assert (await over(world, login)).state is LoginState.DONE


async def first(world: World, login: Login, count: int):
    async for state in world.service.login_watch(login.id):
        yield state
        count -= 1
        if not count:
            return
        if state.state is LoginState.WAITING:
            await world.service.login_paste(login.id, "code-of-ada")


@pytest.mark.parametrize("cause", [Cause.INVALID_GRANT, Cause.CONFIG, Cause.SERVER])
async def test_a_code_of_the_browser_that_is_refused_ends_it(world: World, cause: Cause) -> None:
    world.sign_in.refuse_code = lambda code: failure(cause)
    login = await world.service.login_start()
    world.doors[0].landed({"state": "s1", "code": "code-of-ada"})
    ended = await over(world, login)
    assert (ended.state, ended.error) == (LoginState.FAILED, f"It failed ({cause.value}).")
    assert await world.service.list() == []


@pytest.mark.parametrize("word", ["access_denied", "weird\x1b[31m" + "x" * 500])
async def test_a_refusal_in_the_browser_ends_it_in_words(world: World, word: str) -> None:
    login = await world.service.login_start()
    assert world.doors[0].landed({"state": "s1", "error": word}).title == "Not signed in"
    ended = await over(world, login)
    assert ended.state is LoginState.FAILED
    assert "refused" in ended.error
    assert ended.error.isprintable()
    assert len(ended.error) < 200


async def test_nobody_who_confirms_lets_it_expire(tmp_path: Path) -> None:
    world = World(tmp_path, lasts=0.02)
    login = await world.service.login_start()
    ended = await over(world, login)
    assert ended.state is LoginState.EXPIRED
    assert (await world.service.login_paste(login.id, "code-of-ada")).state is LoginState.EXPIRED
    await world.flows.get(login.id).closed()
    assert not world.doors[0].open
    assert world.sign_in.redeemed == []
    await world.aclose()


async def test_a_cancelled_one_closes_its_door_and_keeps_nobody(world: World) -> None:
    world.sign_in.gate = asyncio.Event()
    login = await world.service.login_start()
    await world.service.login_paste(login.id, "code-of-ada")
    await world.sign_in.waiting.wait()
    assert (await world.service.login_cancel(login.id)).state is LoginState.CANCELLED
    world.sign_in.gate.set()
    await world.flows.get(login.id).closed()
    assert (await over(world, login)).state is LoginState.CANCELLED
    assert not world.doors[0].open
    assert await world.service.list() == []


async def test_another_sign_in_ends_the_one_before(world: World) -> None:
    first, second = await asyncio.gather(world.service.login_start(), world.service.login_start())
    ended = await over(world, first)
    assert (ended.state, ended.error) == (LoginState.CANCELLED, "Another sign-in was started.")
    assert [door.open for door in world.doors] == [False, True]
    assert (await world.service.login_status(second.id)).state is LoginState.WAITING


async def test_old_sign_ins_are_forgotten(world: World) -> None:
    logins = [await world.service.login_start() for _ in range(20)]
    with pytest.raises(GatewayError) as unknown:
        await world.service.login_status(logins[0].id)
    assert unknown.value.failure.kind is Kind.NOT_FOUND
    assert (await world.service.login_status(logins[-2].id)).state is LoginState.CANCELLED


async def test_signing_in_again_heals_the_account_and_keeps_its_identity(world: World) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.INVALID_GRANT).failure)
    device = world.roster.get(ada).device
    login = await world.service.login_start(hint="ada@example.test")
    await world.service.login_paste(login.id, "code-of-ada")
    done = await over(world, login)
    assert done.account is not None
    assert (done.account.id, done.account.state) == (ada, AccountState.READY)
    assert world.roster.get(ada).device == device
    assert len(await world.service.list()) == 1


async def test_the_acknowledgement_comes_before_everything(tmp_path: Path) -> None:
    world = World(tmp_path, acknowledged="")
    world.sign_in.refuse_client = failure(Cause.CONFIG)
    with pytest.raises(GatewayError) as refused:
        await world.service.login_start()
    assert refused.value.failure.params["code"] == "ACKNOWLEDGEMENT_REQUIRED"
    await world.service.acknowledge()
    with pytest.raises(GatewayError) as unset:
        await world.service.login_start()
    assert unset.value.failure.cause is Cause.CONFIG
    assert world.doors == []
    await world.aclose()


@pytest.mark.parametrize(
    ("mode", "hint", "realm"),
    [
        ("on", "", Realm.SANDBOX),
        ("auto", "", Realm.REAL),
        ("auto", "ada@sandbox.test", Realm.SANDBOX),
        ("off", "ada@sandbox.test", Realm.REAL),
    ],
)
async def test_the_sandbox_signs_in_its_own(tmp_path: Path, mode, hint: str, realm: Realm) -> None:
    world = World(tmp_path, mode)
    login = await world.service.login_start(hint=hint)
    await world.service.login_paste(login.id, "code-of-ada")
    done = await over(world, login)
    assert done.account is not None
    assert done.account.realm is realm
    await world.aclose()


async def test_an_account_that_has_to_be_confirmed_is_kept_and_says_so(world: World) -> None:
    world.sign_in.refuse_project = failure(Cause.VERIFICATION)
    login = await world.service.login_start()
    await world.service.login_paste(login.id, "code-of-ada")
    done = await over(world, login)
    assert done.account is not None
    assert done.account.state is AccountState.VERIFY


async def test_nothing_secret_is_shown_or_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.sign_in.refuse_code = lambda code: failure(Cause.SERVER)
    login = await world.service.login_start()
    world.doors[0].landed({"state": "s1", "code": "code-of-CANARY"})
    ended = await over(world, login)
    flow = world.flows.get(login.id)
    assert "CANARY" not in f"{ended!r} {vars(flow)!r} {caplog.text} {world.events}"
    assert "v1" not in repr(vars(flow))


async def test_a_fault_of_ours_ends_it_and_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def broken(code: str) -> GatewayError | None:
        raise ZeroDivisionError

    world.sign_in.refuse_code = broken
    login = await world.service.login_start()
    await world.service.login_paste(login.id, "code-of-ada")
    assert (await over(world, login)).state is LoginState.FAILED
    assert "ZeroDivisionError" in caplog.text


async def test_the_end_of_the_program_ends_what_waits(tmp_path: Path) -> None:
    world = World(tmp_path)
    login = await world.service.login_start()
    await world.aclose()
    assert (await over(world, login)).state is LoginState.CANCELLED
    assert not world.doors[0].open
