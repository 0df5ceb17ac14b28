"""The accounts file: private, never silently empty, and a delete wins."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from core.accounts.vault import Vault
from core.domain.accounts import AccountState, ApiKey, Command, Realm, ServiceAccount
from core.domain.failure import GatewayError
from core.domain.secret import Secret

from .world import HandClock, account


def vault(home: Path) -> Vault:
    return Vault(home / "accounts.json", HandClock())


def ids(home: Path) -> list[str]:
    return [known.id for known in vault(home).read().accounts]


def filled(home: Path, *names: str) -> Vault:
    built = vault(home)
    for name in names:
        assert built.put(account(name))
    return built


def test_accounts_come_back_as_they_were(tmp_path: Path) -> None:
    accounts = [
        account("a", project="mine", state=AccountState.VERIFY, state_note="link", enabled=False),
        account("b", credential=ApiKey(Secret("k"))),
        account("c", credential=ServiceAccount(Secret("{}"))),
        account("d", credential=Command(("agy", "-p"))),
    ]
    built = vault(tmp_path)
    for known in accounts:
        built.put(known)
    assert list(vault(tmp_path).read().accounts) == accounts
    assert vault(tmp_path).notices == ()


def test_every_file_is_private_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        built = filled(tmp_path / "home", "a", "b", "c", "d", "e")
        built.remove("a")
    finally:
        os.umask(before)
    files = list((tmp_path / "home").iterdir())
    assert len(files) == 5  # the file, three copies, the lock
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_missing_file_is_an_empty_list_without_a_word(tmp_path: Path) -> None:
    assert ids(tmp_path) == []
    assert vault(tmp_path).notices == ()


GARBAGE = {
    "empty": lambda good: b"",
    "truncated": lambda good: good[: len(good) // 2],
    "zeros": lambda good: b"\0" * len(good),
    "extra bytes": lambda good: good + b"}",
    "not json": lambda good: b"\xff\xfe garbage",
    "not an object": lambda good: b"[]",
    "wrong types": lambda good: good.replace(b'"1//a"', b"[1]"),
    "no version": lambda good: b"{}",
    "null token": lambda good: good.replace(b'"1//a"', b"null"),
    "deep": lambda good: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_damaged_file_is_kept_aside_and_nobody_is_lost(tmp_path: Path, damage) -> None:
    filled(tmp_path, "a", "b", "c")
    file = tmp_path / "accounts.json"
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    again = vault(tmp_path)
    assert [known.id for known in again.read().accounts] == ["a", "b", "c"]
    aside = next(tmp_path.glob("accounts.json.bad-*"))
    assert aside.read_bytes() == damaged
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert str(aside) in again.notices[0]
    assert "3 accounts" in again.notices[0]
    assert ids(tmp_path) == ["a", "b", "c"]


def test_the_notice_stays_until_the_copy_is_gone(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    (tmp_path / "accounts.json").write_bytes(b"?")
    vault(tmp_path).read()
    aside = next(tmp_path.glob("accounts.json.bad-*"))
    assert [str(aside) in notice for notice in vault(tmp_path).notices] == [True]
    aside.unlink()
    assert vault(tmp_path).notices == ()


def test_older_generations_serve_when_the_twin_is_bad_too(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b", "c")
    for name in ("accounts.json", "accounts.json.1"):
        (tmp_path / name).write_bytes(b"?")
    again = vault(tmp_path)
    assert [known.id for known in again.read().accounts] == ["a", "b"]
    assert "may be lost" in again.notices[0]


def test_when_nothing_is_good_that_is_said(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    for file in tmp_path.glob("accounts.json*"):
        file.write_bytes(b"?")
    again = vault(tmp_path)
    assert again.read().accounts == ()
    assert "add your accounts again" in again.notices[0]


def test_a_file_that_vanished_is_restored_and_said_so(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b")
    (tmp_path / "accounts.json").unlink()
    again = vault(tmp_path)
    assert [known.id for known in again.read().accounts] == ["a", "b"]
    assert "was missing" in again.notices[0]


def test_a_file_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    content = msgspec.json.encode({"version": 2, "accounts": {"shape": "unknown"}})
    (tmp_path / "accounts.json").write_bytes(content)
    for act in (vault(tmp_path).read, lambda: vault(tmp_path).put(account("a"))):
        with pytest.raises(GatewayError) as refused:
            act()
        assert "newer agtui" in refused.value.failure.public_message
    assert (tmp_path / "accounts.json").read_bytes() == content


def test_an_open_file_is_closed_and_said_so(tmp_path: Path) -> None:
    filled(tmp_path, "a")
    (tmp_path / "accounts.json").chmod(0o644)
    again = vault(tmp_path)
    again.read()
    assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600
    assert "open to other users (mode 0644)" in again.notices[0]


def test_a_delete_wins_over_a_save_from_stale_memory(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b")
    stale = vault(tmp_path)
    remembered = stale.read().accounts[0]
    assert vault(tmp_path).remove("a")
    assert not stale.put(remembered)
    assert stale.change("a", lambda known: msgspec.structs.replace(known, enabled=False)) is None
    assert ids(tmp_path) == ["b"]


def test_a_removed_account_is_gone_from_the_copies_too(tmp_path: Path) -> None:
    filled(tmp_path, "a", "b", "c").remove("b")
    assert not [file for file in tmp_path.iterdir() if b"1//b" in file.read_bytes()]
    (tmp_path / "accounts.json").write_bytes(b"?")
    assert ids(tmp_path) == ["a", "c"]


def test_a_stale_writer_keeps_what_others_added(tmp_path: Path) -> None:
    one, two = vault(tmp_path), vault(tmp_path)
    one.put(account("a"))
    two.put(account("b"))
    one.change("a", lambda known: msgspec.structs.replace(known, project="p"))
    assert ids(tmp_path) == ["a", "b"]


def test_the_acknowledgement_keeps_its_first_day(tmp_path: Path) -> None:
    assert vault(tmp_path).acknowledge("2026-01-01") == "2026-01-01"
    assert vault(tmp_path).acknowledge("2026-02-02") == "2026-01-01"
    filled(tmp_path, "a")
    assert vault(tmp_path).read().acknowledged == "2026-01-01"


def test_sandbox_accounts_are_not_for_the_vault(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        vault(tmp_path).put(account("a", realm=Realm.SANDBOX))


def test_no_secret_shows_in_notices_or_errors(tmp_path: Path) -> None:
    built = filled(tmp_path, "CANARY-1")
    good = (tmp_path / "accounts.json").read_bytes()
    for damage in (good[:-20], good.replace(b'"oauth"', b'"1//CANARY-1"'), good + b"CANARY-1"):
        (tmp_path / "accounts.json").write_bytes(damage)
        built.read()
    assert "CANARY" not in "".join(built.notices) + repr(built) + repr(built.read().accounts[0].credential)


def test_many_are_stored_in_one_write_but_for_those_that_were_removed(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "accounts.json", HandClock())
    vault.put(account("ada", enabled=False))
    vault.put(account("gone"))
    vault.remove("gone")
    before = vault.read().generation
    assert vault.put_all([account("eve"), account("gone"), account("ada")]) == {"ada", "eve"}
    document = vault.read()
    assert [(known.id, known.enabled) for known in document.accounts] == [("ada", True), ("eve", True)]
    assert document.generation == before + 1
    assert vault.put_all([account("gone")]) == frozenset()
    assert vault.read() == document
