"""Files survive crashes, stay private, and locks have one holder."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.config.clock import SystemClock
from core.domain.failure import GatewayError, Kind
from core.storage.files import (
    FileLock,
    confined,
    create_atomic,
    disk_work,
    ensure_dir,
    quarantine,
    read_bytes,
    sweep_temporaries,
    write_atomic,
)


class FixedClock:
    def now(self) -> float:
        return 1_767_225_600.0  # 2026-01-01T00:00:00Z

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=["umask-000", "umask-022", "umask-777"])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_files_and_directories_are_private_whatever_the_umask(tmp_path: Path) -> None:
    home = ensure_dir(tmp_path / "a" / "b")
    write_atomic(home / "one", b"1")
    create_atomic(home / "two", b"2")
    lock = FileLock(home / "lock", SystemClock())
    assert lock.try_acquire()
    lock.release()
    assert (mode(tmp_path / "a"), mode(home)) == (0o700, 0o700)
    assert mode(home / "one") == mode(home / "two") == 0o600
    assert mode(home / "lock") == 0o600


def test_a_directory_that_others_may_read_is_closed(tmp_path: Path) -> None:
    wide = tmp_path / "wide"
    wide.mkdir(0o755)
    ensure_dir(wide)
    assert mode(wide) == 0o700


def test_a_place_that_can_not_be_a_directory_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(GatewayError) as refused:
            ensure_dir(path)
        assert str(path) in refused.value.failure.public_message
        assert "AGTUI_HOME" in refused.value.failure.public_message


def test_what_a_disk_refuses_is_one_sentence() -> None:
    with pytest.raises(GatewayError) as refused, disk_work("Writing x"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (
        refused.value.failure.public_message == "Writing x failed: No space left on device. See to the disk."
    )


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"long long content")
    write_atomic(path, b"short")
    assert read_bytes(path) == b"short"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_bytes_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError):
        write_atomic(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_writing_over_a_link_replaces_the_link_and_spares_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"untouched")
    link.symlink_to(target)
    write_atomic(link, b"mine")
    assert (target.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"untouched", b"mine", False)


def test_only_the_first_creates(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert create_atomic(path, b"first")
    assert not create_atomic(path, b"second")
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_only_the_first_creates_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "key"
    assert create_atomic(path, b"first")
    assert not create_atomic(path, b"second")
    assert (path.read_bytes(), mode(path)) == (b"first", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_another_failure_to_create_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError):
        create_atomic(tmp_path / "key", b"first")
    assert list(tmp_path.iterdir()) == []


def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced, linked and renamed from now on, in order."""
    seen: list[str] = []
    real = {name: getattr(os, name) for name in ("fsync", "replace", "link", "rename")}

    def fsync(descriptor: int) -> None:
        facts = os.fstat(descriptor)
        is_dir = stat.S_ISDIR(facts.st_mode)
        seen.append("sync directory" if is_dir else f"sync {facts.st_size} bytes")
        real["fsync"](descriptor)

    def noted(name: str) -> Callable[..., None]:
        def call(*paths: Path) -> None:
            seen.append(name)
            real[name](*paths)

        return call

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("replace", "link", "rename"):
        monkeypatch.setattr(os, name, noted(name))
    return seen


def test_content_is_on_the_disk_before_its_name_and_the_name_before_anybody_relies_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = traced(monkeypatch)
    write_atomic(tmp_path / "file", b"words")
    assert seen == ["sync 5 bytes", "replace", "sync directory"]
    seen.clear()
    assert create_atomic(tmp_path / "key", b"first")
    assert seen == ["sync 5 bytes", "link", "sync directory"]
    seen.clear()
    quarantine(tmp_path / "file", FixedClock())
    assert seen == ["rename", "sync directory"]


def test_a_missing_file_is_none_and_a_huge_one_is_refused(tmp_path: Path) -> None:
    assert read_bytes(tmp_path / "nothing") is None
    (tmp_path / "huge").write_bytes(b"x" * 11)
    with pytest.raises(GatewayError) as refused:
        read_bytes(tmp_path / "huge", limit=10)
    assert refused.value.failure.kind is Kind.TOO_LARGE


def test_quarantine_keeps_every_copy_under_a_dated_name(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    kept: list[str] = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        kept.append(quarantine(path, FixedClock()).name)
    assert kept == ["accounts.json.bad-20260101T000000Z", "accounts.json.bad-20260101T000000Z-2"]
    assert [(tmp_path / name).read_bytes() for name in kept] == [b"one", b"two"]
    assert not path.exists()


def test_leftovers_of_killed_writers_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".accounts.json.99-ab.tmp").write_bytes(b"secret")
    (tmp_path / ".other.99-ab.tmp").write_bytes(b"not ours")
    sweep_temporaries(tmp_path / "accounts.json")
    assert [entry.name for entry in tmp_path.iterdir()] == [".other.99-ab.tmp"]


def test_a_lock_that_could_not_be_taken_on_a_full_disk_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        with pytest.raises(OSError, match="No space"):
            FileLock(tmp_path / "lock", SystemClock()).try_acquire()
    assert FileLock(tmp_path / "lock", SystemClock()).try_acquire()


def test_a_lock_has_one_holder_and_tells_who(tmp_path: Path) -> None:
    mine, other = FileLock(tmp_path / "lock", SystemClock()), FileLock(tmp_path / "lock", SystemClock())
    assert mine.try_acquire()
    assert not other.acquire(0.02)
    holder = other.holder()
    assert holder is not None
    assert holder.pid == os.getpid()
    mine.release()
    assert other.try_acquire()
    other.release()


async def test_waiting_for_a_lock_ends_when_it_is_free_or_time_is_up(tmp_path: Path) -> None:
    mine, other = FileLock(tmp_path / "lock", SystemClock()), FileLock(tmp_path / "lock", SystemClock())
    assert mine.try_acquire()
    assert not await other.wait(0.02)
    mine.release()
    assert await other.wait(0.02)
    other.release()


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    code = """
    import sys
    from pathlib import Path
    from core.config.clock import SystemClock
    from core.storage.files import FileLock
    lock = FileLock(Path(sys.argv[1]), SystemClock())
    assert lock.try_acquire()
    print("held", flush=True)
    sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "lock")]
    lock = FileLock(tmp_path / "lock", SystemClock())
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert not lock.try_acquire()
        holder = lock.holder()
        assert holder is not None
        assert holder.pid == child.pid
        child.kill()
        child.wait()
    assert lock.acquire(2.0)
    lock.release()


GOOD = ["a", "a/b.png", "2026-01/käse.png", "..a".replace("..", "."), "a b", "日本.json", "x" * 255]
BAD = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/./b",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "a/",
    "a\\b",
    "..\\x",
    "C:x",
    "C:/x",
    "file:stream",
    "a\0b",
    "a\nb",
    "a\x1bb",
    "a\x7fb",
    "con",
    "NUL.txt",
    "com1",
    "lpt9.png",
    "a.",
    "a ",
    " a",
    "a/b./c",
    "..a",
    "x" * 256,
    "ä" * 128,
    "..%2fx",
    "%2E%2E/x",
    "a%5Cb",
    "a%00b",
    "\u2025/x",
    "\uff0e\uff0e/x",
    "a\uff0fb",
    "a\u2100b",
    "a\uff3cb",
    "a\uff1ab",
    "a\u202eb",
    "\ud800",
]


@pytest.mark.parametrize("name", GOOD)
def test_plain_names_stay_below_their_root(tmp_path: Path, name: str) -> None:
    assert confined(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize("name", BAD, ids=[ascii(name)[:40] for name in BAD])
def test_names_that_could_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GatewayError) as refused:
        confined(tmp_path, name)
    assert refused.value.failure.kind is Kind.BAD_REQUEST


def test_a_link_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    for name in ("out", "out/secret"):
        with pytest.raises(GatewayError):
            confined(tmp_path / "root", name)


def test_a_lock_that_can_not_be_signed_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lock = FileLock(tmp_path / "lock", FixedClock())
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError):
            lock.try_acquire()
    assert not lock.held
    assert lock.try_acquire()
