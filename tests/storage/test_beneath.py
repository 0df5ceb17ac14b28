"""Reading by name never leaves the directory, whatever is put in the way and whenever."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from core.domain.failure import GatewayError, Kind
from core.storage.beneath import read_beneath


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"inside")
    (tmp_path / "out" / "b").mkdir(parents=True)
    (tmp_path / "out" / "b" / "file").write_bytes(b"outside")
    return root


def test_a_file_is_read_by_its_name(root: Path) -> None:
    assert read_beneath(root, "a/b/file", 100) == b"inside"
    assert read_beneath(root, "a/b/none", 100) is None
    assert read_beneath(root, "none/b/file", 100) is None
    assert read_beneath(root / "none", "a", 100) is None


def test_more_than_the_limit_is_not_read(root: Path) -> None:
    with pytest.raises(GatewayError) as caught:
        read_beneath(root, "a/b/file", 5)
    assert caught.value.failure.kind is Kind.TOO_LARGE


@pytest.mark.parametrize(
    "name",
    ["../out/b/file", "a/../../out/b/file", "/etc/passwd", "", "a//b", "a\\b", "a/b/file\0", "a/b/file "],
)
def test_names_that_could_lead_outside_are_refused(root: Path, name: str) -> None:
    with pytest.raises(GatewayError) as caught:
        read_beneath(root, name, 100)
    assert caught.value.failure.kind is Kind.BAD_REQUEST


def test_directories_pipes_and_links_are_no_files(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert read_beneath(root, "pipe", 100) is None
    assert read_beneath(root, "a", 100) is None
    (root / "link").symlink_to(root / "a" / "b" / "file")
    with pytest.raises(GatewayError):
        read_beneath(root, "link", 100)


def test_a_directory_swapped_for_a_link_while_reading_lets_nothing_out(root: Path) -> None:
    done = threading.Event()

    def swap() -> None:
        inside, aside, link = root / "a", root / "aside", root / "a"
        while not done.is_set():
            inside.rename(aside)
            link.symlink_to(root.parent / "out")
            link.unlink()
            aside.rename(inside)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[bytes | None] = set()
    try:
        for _ in range(2_000):
            try:
                seen.add(read_beneath(root, "a/b/file", 100))
            except GatewayError:
                seen.add(None)
    finally:
        done.set()
        swapping.join()
    assert seen <= {b"inside", None}
