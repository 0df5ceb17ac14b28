"""Files that want to do harm: each is refused or left out in words, and nothing but it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.accounts.import_files import LARGEST, read_path
from core.accounts.imports import MOST_ENTRIES, MOST_VALUES, read_file
from core.domain.accounts import ImportStep
from core.domain.failure import GatewayError, Kind

from .test_imports import FILES
from .world import World

CANARY = "1//canary-hostile"
GOOD = json.dumps([{"email": "ada@x.test", "refresh_token": CANARY}]).encode()


def entry(**members: object) -> bytes:
    return json.dumps({"accounts": [{"refreshToken": CANARY, "email": "ada@x.test"} | members]}).encode()


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \n\t ",
    "only zeros": b"\0" * 4096,
    "only a byte order mark": b"\xef\xbb\xbf",
    "cut off in a string": GOOD[:-20],
    "cut off after the token": GOOD[:-1],
    "two documents": GOOD + GOOD,
    "a zero inside": GOOD.replace(b"ada", b"a\0a"),
    "utf-16": GOOD.decode().encode("utf-16"),
    "latin-1": GOOD.replace(b"ada", b"\xe4da"),
    "half a surrogate": GOOD.replace(b"ada", b"\\ud800"),
    "a comment": b"// mine\n" + GOOD,
    "not a number": b'{"accounts": NaN}',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "deep and closed": b'{"accounts":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a text": json.dumps(CANARY).encode(),
    "a number": b"7",
    "null": b"null",
    "texts in a list": json.dumps([CANARY]).encode(),
    "accounts as an object": json.dumps({"accounts": {"ada": {"refreshToken": CANARY}}}).encode(),
    "accounts as a text": json.dumps({"accounts": CANARY}).encode(),
    "accounts as numbers": b'{"accounts": [1, 2, 3]}',
    "a token that is a list": json.dumps({"token": [CANARY]}).encode(),
    "another service": json.dumps({"type": "claude", "refresh_token": CANARY}).encode(),
    "html": b"<html><body>sign in</body></html>",
    "sqlite": b"SQLite format 3\0" + b"\0" * 100,
    "zip": b"PK\x03\x04" + b"\0" * 100,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_is_refused_by_name_and_told_what_was_expected(name: str, tmp_path: Path) -> None:
    file = tmp_path / "their-accounts.json"
    file.write_bytes(REFUSED[name])
    with pytest.raises(GatewayError) as refused:
        read_path(file)
    failure = refused.value.failure
    assert failure.kind is Kind.BAD_REQUEST
    assert "their-accounts.json" in failure.public_message
    assert "Expected is" in failure.public_message
    assert "canary" not in repr(failure)


WITHOUT_TOKEN: dict[str, bytes] = {
    "a number": entry(refreshToken=7),
    "a list": entry(refreshToken=[CANARY]),
    "an object": entry(refreshToken={"value": CANARY}),
    "nothing": entry(refreshToken=None),
    "empty": entry(refreshToken=""),
    "spaces": entry(refreshToken="   "),
    "two lines": entry(refreshToken=f"{CANARY}\nX-Injected: 1"),
    "a zero": entry(refreshToken=f"{CANARY}\0"),
    "other letters": entry(refreshToken=f"{CANARY}ключ"),
    "an escape": entry(refreshToken=f"{CANARY}\x1b[31m"),
    "far too long": entry(refreshToken=CANARY * 1000),
    "only a project": entry(refreshToken="|project"),
}


@pytest.mark.parametrize("name", WITHOUT_TOKEN)
def test_what_can_not_be_a_token_is_none(name: str) -> None:
    (one,) = read_file(WITHOUT_TOKEN[name], "x").found
    assert not one.refresh_token
    assert "refresh token" in one.note
    assert "canary" not in repr(one)


@pytest.mark.parametrize(
    "email",
    [7, ["a@x.test"], "no-at-sign", "a@x.test\x1b]0;owned\x07", "a b@x.test", "a@\u202ex", "a@x" * 200],
)
def test_an_email_that_can_not_be_one_is_left_out(email: object) -> None:
    (one,) = read_file(entry(email=email), "x").found
    assert one.email == ""
    assert one.refresh_token.reveal() == CANARY
    assert "e-mail" in one.note


@pytest.mark.parametrize("project", [7, ["p"], "p" * 500, "p\nX: 1", "p q", "\u043f"])
def test_a_project_that_can_not_be_one_is_left_out(project: object) -> None:
    (one,) = read_file(entry(projectId=project), "x").found
    assert one.project == ""
    assert one.refresh_token.reveal() == CANARY
    assert "project" in one.note


def test_one_odd_entry_does_not_take_the_others_along() -> None:
    content = json.dumps({"accounts": [7, None, [], {"refreshToken": CANARY}, {}]}).encode()
    assert [bool(each.refresh_token) for each in read_file(content, "x").found] == [
        False,
        False,
        False,
        True,
        False,
    ]


def test_more_entries_than_anybody_has_are_refused() -> None:
    content = json.dumps([{"refresh_token": CANARY}] * (MOST_ENTRIES + 1)).encode()
    with pytest.raises(GatewayError) as refused:
        read_file(content, "x.json")
    assert refused.value.failure.kind is Kind.TOO_LARGE
    assert "x.json" in refused.value.failure.public_message


def test_a_file_that_would_fill_the_memory_is_refused_unread() -> None:
    with pytest.raises(GatewayError) as refused:
        read_file(b"[" + b"[]," * MOST_VALUES + b"[]]", "x.json")
    assert refused.value.failure.kind is Kind.TOO_LARGE


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as huge:
        huge.truncate(LARGEST + 1)
    with pytest.raises(GatewayError) as refused:
        read_path(file)
    assert refused.value.failure.kind is Kind.TOO_LARGE
    (tmp_path / "good.json").write_bytes(GOOD)
    reading = read_path(tmp_path)
    assert [each.email for each in reading.found] == ["ada@x.test"]
    assert [trouble.file for trouble in reading.troubles] == ["huge.json"]


def link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def pipe(path: Path, target: Path) -> None:
    os.mkfifo(path)


def directory(path: Path, target: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [link, pipe, directory])
def test_only_regular_files_of_a_directory_are_read(
    make: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes(GOOD)
    folder = tmp_path / "folder"
    folder.mkdir()
    make(folder / "trap.json", outside)
    with pytest.raises(GatewayError) as refused:
        read_path(folder)
    assert refused.value.failure.kind is Kind.BAD_REQUEST


def test_no_link_is_followed_wherever_it_stands(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.json").write_bytes(GOOD)
    file, folder = tmp_path / "file.json", tmp_path / "folder"
    file.symlink_to(outside / "a.json")
    folder.symlink_to(outside)
    for path in (file, folder):
        with pytest.raises(GatewayError, match="link"):
            read_path(path)
    home = tmp_path / "home"
    home.mkdir()
    (home / "accounts").symlink_to(outside)
    with pytest.raises(GatewayError, match="holds no"):
        read_path(home)


def test_a_named_pipe_does_not_hold_the_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(GatewayError, match="regular file"):
        read_path(tmp_path / "pipe.json")


@pytest.mark.parametrize(
    "name",
    [
        "../../outside",
        "/etc/passwd",
        "..",
        "a/../../b",
        "a\\..\\b",
        "%2e%2e%2foutside",
        "a\0b",
        "nul",
        "x" * 300,
        "",
        "\x1b[31m",
    ],
)
def test_an_index_can_not_lead_out_of_its_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    (folder / "accounts" / "a").mkdir(parents=True)
    for outside in (tmp_path, tmp_path / "one", folder):
        for name_outside in ("outside.json", "b.json", "passwd.json"):
            (outside / name_outside).write_bytes(GOOD)
    index = {"version": "2.0", "accounts": [{"id": name, "email": "ada@x.test"}], "current_account_id": None}
    (folder / "accounts.json").write_text(json.dumps(index))
    reading = read_path(folder / "accounts.json")
    assert not any(each.refresh_token for each in reading.found)
    assert all(each.file.isprintable() for each in (*reading.troubles, *reading.found))


def test_an_index_that_names_itself_ends(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    index = {"version": "2.0", "accounts": [{"id": "accounts", "email": "a@x.test"}] * 3}
    (tmp_path / "accounts.json").write_text(json.dumps(index))
    (folder / "accounts.json").write_text(json.dumps(index))
    assert read_path(tmp_path).found == read_path(tmp_path / "accounts.json").found


def test_names_of_files_lose_what_a_terminal_would_obey(tmp_path: Path) -> None:
    (tmp_path / "a\x1b]0;owned\x07\n.json").write_bytes(GOOD)
    (tmp_path / "b\x1b[2J.json").write_bytes(b"{")
    reading = read_path(tmp_path)
    for name in (reading.found[0].file, reading.troubles[0].file):
        assert name.isprintable()


@pytest.mark.parametrize(
    "path", ["", "relative.json", "../up.json", "~/home.json", "/a\0b", "\0", "/nowhere/at/all.json"]
)
async def test_a_path_that_can_not_be_read_is_refused(path: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    with pytest.raises(GatewayError) as refused:
        await world.service.import_preview(path)
    assert refused.value.failure.kind in (Kind.BAD_REQUEST, Kind.NOT_FOUND)
    await world.aclose()


async def test_the_whole_corpus_writes_nothing_and_shows_no_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    for number, content in enumerate((*REFUSED.values(), *WITHOUT_TOKEN.values())):
        (folder / f"{number:02}.json").write_bytes(content)
    world = World(tmp_path / "home")
    before = everything(tmp_path)
    rows = await world.service.import_preview(str(folder))
    report = await world.service.import_accounts(str(folder))
    assert {row.step for row in rows} == {ImportStep.UNREADABLE, ImportStep.NO_TOKEN}
    assert (report.added, report.replaced, report.skipped) == ((), (), rows)
    assert world.roster.all() == []
    assert everything(tmp_path) == before
    assert "canary" not in repr(rows) + repr(report) + caplog.text
    await world.aclose()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_cut_of_every_file_is_refused_or_read_without_a_crash() -> None:
    for file in sorted(FILES.rglob("*.json")):
        content = file.read_bytes()
        for end in range(0, len(content), 7):
            said = attempt(content[:end], file.name)
            assert file.name in said
            assert "canary" not in said


def attempt(content: bytes, name: str) -> str:
    try:
        return repr(read_file(content, name).found or name)
    except GatewayError as error:
        return repr(error.failure)
