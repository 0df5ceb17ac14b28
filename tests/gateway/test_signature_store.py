"""The store of signatures: bounded, private, and the same after a restart."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from core.gateway.signature_store import SignatureStore
from tests.fakes import FakeClock

DAY = 86_400.0


def store(path: Path | None, clock: FakeClock | None = None, ttl: float = DAY, **more: Any) -> SignatureStore:
    return SignatureStore(path, clock or FakeClock(), lambda: ttl, **{"write_after": 60.0, **more})


def text(kept: SignatureStore, key: str) -> str | None:
    found = kept.find(key)
    return found.text if found else None


def facts(path: Path) -> os.stat_result | None:
    return path.stat() if path.exists() else None


def tear(path: Path) -> None:
    """Cut the last line short, and add what is none."""
    path.write_bytes(path.read_bytes()[:-7] + b"\nnot json\n[1,2]\n\xff\xfe")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signatures.jsonl"


async def test_a_signature_survives_a_restart_in_a_private_file(path: Path) -> None:
    first = store(path)
    first.put(["call a", "place b"], "signed", "gemini-pro")
    assert facts(path) is None, "writing is off the request's way"
    await first.aclose()
    written = facts(path)
    assert written is not None
    assert stat.S_IMODE(written.st_mode) == 0o600
    second = store(path)
    assert second.find("call a") is None
    await second.ready()
    found = second.find("call a")
    assert found is not None
    assert (found.text, found.family) == ("signed", "gemini-pro")
    assert text(second, "place b") == "signed"


async def test_what_came_before_the_file_was_read_wins_over_it(path: Path) -> None:
    first = store(path)
    first.put(["a"], "old", "f")
    first.put(["b"], "other", "f")
    await first.aclose()
    second = store(path)
    second.put(["a"], "young", "f")
    await second.ready()
    assert (text(second, "a"), text(second, "b")) == ("young", "other")
    await second.aclose()
    third = store(path)
    await third.ready()
    assert (text(third, "a"), text(third, "b")) == ("young", "other")


async def test_a_signature_is_good_for_a_time_that_a_restart_does_not_change(path: Path) -> None:
    clock = FakeClock()
    first = store(path, clock)
    first.put(["a"], "signed", "f")
    await first.aclose()
    clock.move(DAY - 1)
    second = store(path, clock)
    await second.ready()
    assert text(second, "a") == "signed"
    clock.move(2)
    assert text(second, "a") is None


async def test_the_oldest_go_first() -> None:
    kept = store(None, most=3)
    for key in "abcd":
        kept.put([key], "signed", "f")
    assert [text(kept, key) for key in "abcd"] == [None, "signed", "signed", "signed"]
    small = store(None, most_bytes=4_000)
    for key in "abcd":
        small.put([key], "s" * 1_200, "f")
    assert [text(small, key) is not None for key in "abcd"] == [False, True, True, True]
    small.put(["e"], "s" * 300_000, "f")
    assert text(small, "e") is None
    assert text(small, "d") is not None


async def test_the_file_stays_as_small_as_what_is_in_it(path: Path) -> None:
    for number in range(30):
        again = store(path, most_bytes=50_000)
        for key in range(10):
            again.put([f"call {key}"], f"{number}" + "s" * 4_000, "f")
        await again.aclose()
    written = facts(path)
    assert written is not None
    assert written.st_size < 2 * 50_000 + 70_000 + 50_000
    last = store(path)
    await last.ready()
    assert (text(last, "call 7") or "").startswith("29")


async def test_a_file_that_a_crash_has_torn_gives_what_is_whole(path: Path) -> None:
    first = store(path)
    first.put(["a"], "one", "f")
    first.put(["b"], "two", "f")
    await first.aclose()
    tear(path)
    second = store(path)
    await second.ready()
    assert (text(second, "a"), text(second, "b")) == ("one", None)


async def test_a_disk_that_fails_costs_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = store(tmp_path, write_after=0.0)
    await kept.ready()
    kept.put(["a"], "one", "f")
    await kept.aclose()
    assert text(kept, "a") == "one"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
