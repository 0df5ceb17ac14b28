"""Importing and exporting through the service: what is stored, what stays, what is said."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from core.domain.accounts import AccountState, ImportStep, OAuth, Realm
from core.domain.failure import Cause, GatewayError, Kind

from .test_imports import FILES
from .world import World, failure


def write(path: Path, *accounts: tuple[str, str], **more: object) -> str:
    """A list of (e-mail, token) as a file; its path."""
    entries = [{"email": email, "refresh_token": token} | more for email, token in accounts]
    path.write_text(json.dumps(entries))
    return str(path)


def steps(rows: object) -> dict[str, ImportStep]:
    return {row.email: row.step for row in rows}  # type: ignore[attr-defined]


def token(world: World, email: str) -> str:
    (known,) = [each for each in world.roster.all() if each.email == email]
    assert isinstance(known.credential, OAuth)
    return known.credential.refresh_token.reveal()


async def test_a_preview_says_what_would_happen_and_changes_nothing(world: World, tmp_path: Path) -> None:
    await world.add("ada", "alan")
    path = write(
        tmp_path / "f.json",
        ("grace@example.test", "1//grace"),
        ("ADA@example.test", "1//other"),
        ("alan@example.test", "1//alan"),
        ("eve@example.test", ""),
        ("grace@example.test", "1//grace-again"),
    )
    before = world.vault.read()
    rows = await world.service.import_preview(path)
    assert [row.step for row in rows] == [
        ImportStep.ADD,
        ImportStep.REPLACE,
        ImportStep.SAME,
        ImportStep.NO_TOKEN,
        ImportStep.TWICE,
    ]
    assert world.vault.read() == before
    assert len(world.sign_in.refreshed) == 2


async def test_importing_adds_replaces_nothing_and_asks_nobody(world: World, tmp_path: Path) -> None:
    await world.add("ada")
    asked = len(world.sign_in.refreshed), len(world.provider.asked)
    path = write(tmp_path / "f.json", ("ada@example.test", "1//other"), ("grace@example.test", "1//grace"))
    report = await world.service.import_accounts(path)
    assert (report.added, report.replaced) == (("grace@example.test",), ())
    assert steps(report.skipped) == {"ada@example.test": ImportStep.REPLACE}
    assert token(world, "ada@example.test") == "1//ada"
    assert (len(world.sign_in.refreshed), len(world.provider.asked)) == asked
    assert {"account": "", "why": "imported"} in world.events


async def test_an_imported_account_survives_a_restart_and_is_proven_at_first_use(
    world: World, tmp_path: Path
) -> None:
    await world.service.import_accounts(write(tmp_path / "f.json", ("x@y.test", "1//grace|mine|found")))
    (known,) = World(world.home).roster.all()
    assert (known.state, known.enabled, known.realm) == (AccountState.READY, True, Realm.REAL)
    assert (known.project, known.managed_project) == ("mine", "found")
    assert known.device.device_id == "device-1"
    assert (await world.pool.grant(known.id)).token.reveal().endswith("1//grace")


async def test_replacing_takes_the_token_and_keeps_the_identity(world: World, tmp_path: Path) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.INVALID_GRANT).failure)
    before = world.roster.get(ada)
    path = write(tmp_path / "f.json", ("ada@example.test", "1//ada~other"))
    report = await world.service.import_accounts(path, replace=True)
    after = world.roster.get(ada)
    assert (report.added, report.replaced, report.skipped) == ((), ("ada@example.test",), ())
    assert (after.state, after.device, after.added_at) == (AccountState.READY, before.device, before.added_at)
    assert after.project == before.project
    assert (await world.pool.grant(ada)).token.reveal().endswith("1//ada~other")


async def test_a_replaced_token_is_the_one_in_use_at_once(world: World, tmp_path: Path) -> None:
    (ada,) = await world.add("ada~old")
    assert (await world.pool.grant(ada)).token.reveal().endswith("~old")
    path = write(tmp_path / "f.json", ("ada@example.test", "1//ada~other"))
    await world.service.import_accounts(path, replace=True)
    assert (await world.pool.grant(ada)).token.reveal().endswith("~other")


async def test_an_account_that_the_upstream_ended_is_not_revived(world: World, tmp_path: Path) -> None:
    (ada,) = await world.add("ada")
    world.pool.note_failure(ada, "", failure(Cause.TERMS).failure)
    path = write(tmp_path / "f.json", ("ada@example.test", "1//ada~other"))
    report = await world.service.import_accounts(path, replace=True)
    assert steps(report.skipped) == {"ada@example.test": ImportStep.ENDED}
    assert world.roster.get(ada).state is AccountState.ENDED


async def test_what_was_off_there_is_off_here(world: World) -> None:
    await world.service.import_accounts(str(FILES / "antigravity-claude-proxy.json"))
    assert {each.email: each.enabled for each in await world.service.list()} == {
        "ada@example.test": True,
        "alan@example.test": False,
    }


async def test_of_two_entries_with_one_email_the_one_in_use_counts(world: World, tmp_path: Path) -> None:
    entries = [
        {"email": "ada@x.test", "refresh_token": "1//old", "disabled": True},
        {"email": "Ada@x.test", "refresh_token": "1//live"},
    ]
    (tmp_path / "f.json").write_text(json.dumps(entries))
    report = await world.service.import_accounts(str(tmp_path / "f.json"))
    assert report.added == ("Ada@x.test",)
    assert token(world, "Ada@x.test") == "1//live"
    assert [row.step for row in report.skipped] == [ImportStep.TWICE]


async def test_a_token_without_an_email_takes_the_one_it_came_with_elsewhere(world: World) -> None:
    report = await world.service.import_accounts(str(FILES / "opencode"))
    assert report.added[:2] == ("ada@example.test", "alan@example.test")
    assert report.added[2].startswith("unnamed-")
    assert [(row.file, row.step) for row in report.skipped] == [("auth.json", ImportStep.TWICE)]


async def test_an_unnamed_account_is_the_same_the_next_time(world: World) -> None:
    path = str(FILES / "antigravity-tools-export.json")
    assert len((await world.service.import_accounts(path)).added) == 2
    assert set(steps(await world.service.import_preview(path)).values()) == {ImportStep.SAME}
    assert (await world.service.import_accounts(path, replace=True)).replaced == ()


async def test_only_the_emails_that_were_named_are_imported(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "f.json", ("ada@x.test", "1//ada"), ("alan@x.test", "1//alan"))
    report = await world.service.import_accounts(path, emails=("ALAN@x.test",))
    assert (report.added, report.skipped) == (("alan@x.test",), ())


async def test_an_email_that_the_files_lack_stops_the_import(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "f.json", ("ada@x.test", "1//ada"))
    with pytest.raises(GatewayError, match=r"eve@x\.test"):
        await world.service.import_accounts(path, emails=("ada@x.test", "eve@x.test"))
    assert world.roster.all() == []


async def test_the_acknowledgement_comes_before_anything_is_stored(tmp_path: Path) -> None:
    world = World(tmp_path / "home", acknowledged="")
    path = write(tmp_path / "f.json", ("ada@x.test", "1//ada"))
    assert len(await world.service.import_preview(path)) == 1
    with pytest.raises(GatewayError) as refused:
        await world.service.import_accounts(path)
    assert refused.value.failure.params["code"] == "ACKNOWLEDGEMENT_REQUIRED"
    assert world.vault.read().accounts == ()
    await world.service.acknowledge()
    assert (await world.service.import_accounts(path)).added == ("ada@x.test",)
    await world.aclose()


async def test_tokens_of_the_sandbox_stay_in_memory(tmp_path: Path) -> None:
    world = World(tmp_path / "home", "auto", acknowledged="")
    path = write(tmp_path / "f.json", ("ada@sandbox.test", "1//sandbox-ada"))
    assert (await world.service.import_accounts(path)).added == ("ada@sandbox.test",)
    assert world.roster.all()[0].realm is Realm.SANDBOX
    assert world.vault.read().accounts == ()
    await world.aclose()


async def test_an_unknown_provider_of_an_export_is_left_out(world: World, tmp_path: Path) -> None:
    account = {"email": "a@x.test", "provider": "later", "refresh_token": "1//a"}
    (tmp_path / "f.json").write_text(
        json.dumps({"format": "agtui-accounts", "version": 1, "accounts": [account]})
    )
    report = await world.service.import_accounts(str(tmp_path / "f.json"))
    assert [row.note for row in report.skipped] == ["there is no provider later"]
    assert world.roster.all() == []


async def test_the_same_file_imported_many_times_at_once_adds_each_account_once(
    world: World, tmp_path: Path
) -> None:
    path = write(tmp_path / "f.json", ("ada@x.test", "1//ada"), ("alan@x.test", "1//alan"))
    reports = await asyncio.gather(*(world.service.import_accounts(path) for _ in range(5)))
    assert sum(len(report.added) for report in reports) == 2
    assert len(world.vault.read().accounts) == 2


async def test_ten_thousand_accounts_are_one_write(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "f.json", *((f"a{number}@x.test", f"1//t{number}") for number in range(10_000)))
    before = world.vault.read().generation
    assert len((await world.service.import_accounts(path)).added) == 10_000
    assert world.vault.read().generation == before + 1


async def test_an_export_is_private_and_brings_everything_back(world: World, tmp_path: Path) -> None:
    await world.add("ada")
    await world.service.import_accounts(str(FILES / "antigravity-claude-proxy.json"))
    target = tmp_path / "out.json"
    report = await world.service.export(str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert report.accounts == ("ada@example.test", "alan@example.test")
    assert "1//" not in repr(report)
    other = World(tmp_path / "other")
    back = await other.service.import_accounts(str(target))
    assert back.added == report.accounts
    for mine, theirs in zip(world.roster.all(), other.roster.all(), strict=True):
        for fact in ("email", "credential", "enabled", "project", "managed_project", "provider"):
            assert getattr(mine, fact) == getattr(theirs, fact)
        assert mine.id != theirs.id
    await other.aclose()


async def test_an_export_never_overwrites(world: World, tmp_path: Path) -> None:
    await world.add("ada")
    kept, link = tmp_path / "kept.json", tmp_path / "link.json"
    kept.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere.json")
    for target in (kept, link, world.home / "accounts.json"):
        with pytest.raises(GatewayError, match="left as it is"):
            await world.service.export(str(target))
    assert kept.read_text() == "mine"
    assert not (tmp_path / "elsewhere.json").exists()
    assert len(world.vault.read().accounts) == 1


async def test_an_export_that_can_not_be_written_says_so(world: World, tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="no account"):
        await world.service.export(str(tmp_path / "out.json"))
    await world.add("ada")
    with pytest.raises(GatewayError) as refused:
        await world.service.export(str(tmp_path / "nowhere" / "out.json"))
    assert refused.value.failure.kind is Kind.UNAVAILABLE
    with pytest.raises(GatewayError, match="absolute"):
        await world.service.export("out.json")


async def test_no_row_report_or_log_line_holds_a_token(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    said: list[object] = []
    for name in ("antigravity-tools", "antigravity-claude-proxy.json", "opencode", "cliproxyapi"):
        said += await world.service.import_preview(str(FILES / name))
        said.append(await world.service.import_accounts(str(FILES / name), replace=True))
    said += [await world.service.export(str(tmp_path / "out.json")), *await world.service.list()]
    said += [world.events, world.roster.all(), await world.service.notices()]
    assert "canary" not in repr(said) + caplog.text
