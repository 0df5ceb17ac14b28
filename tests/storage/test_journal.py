"""A file of lines that survives crashes and stays private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.storage.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines"


def test_lines_come_back_in_their_order(path: Path) -> None:
    journal = Journal(path)
    assert journal.read() == []
    journal.append([b"one", b"two"])
    journal.append([b"three"])
    assert Journal(path).read() == [b"one", b"two", b"three"]
    assert journal.size == path.stat().st_size


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_the_file_is_private_whatever_the_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        Journal(path).append([b"one"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        Journal(path).rewrite([b"two"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_torn_line_spoils_no_other(path: Path) -> None:
    Journal(path).append([b"one", b"two"])
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        Journal(path).append([b"three"])
        lines = Journal(path).read()
        assert lines[-1] == b"three"
        assert lines[0] == b"one" or cut < 4


def test_writing_anew_replaces_everything(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"one", b"two"])
    journal.rewrite([b"two"])
    assert Journal(path).read() == [b"two"]
    assert journal.size == path.stat().st_size
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_link_is_not_followed(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_bytes(b"")
    path.symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        Journal(path).append([b"one"])
    assert elsewhere.read_bytes() == b""
