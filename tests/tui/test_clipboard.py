"""Copying: tmux first, then the terminal, then a file; and the person is told which it was."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

from tui.clipboard import OSC52_LIMIT, Copied, copy


class Tmux:
    """A tmux that takes texts, or does not."""

    def __init__(self, works: bool) -> None:
        self.works = works
        self.taken: list[bytes] = []

    async def __call__(self, text: bytes) -> bool:
        self.taken.append(text)
        return self.works


async def copied(text: str, spool: Path, tmux: Tmux | None = None) -> tuple[Copied, str]:
    written: list[str] = []
    done = await copy(
        text, in_tmux=tmux is not None, write=written.append, spool=spool, load_buffer=tmux or Tmux(False)
    )
    return done, "".join(written)


async def test_inside_tmux_the_text_goes_through_tmux_and_nothing_is_written(tmp_path: Path) -> None:
    tmux = Tmux(works=True)
    done, written = await copied("grüße", tmp_path, tmux)
    assert (done.road, done.note) == ("tmux", "copied 5 characters via tmux")
    assert tmux.taken == ["grüße".encode()]
    assert not written


async def test_a_tmux_that_refuses_gives_way_to_the_terminal(tmp_path: Path) -> None:
    done, written = await copied("hello", tmp_path, Tmux(works=False))
    assert done.road == "terminal"
    assert base64.b64decode(written.removeprefix("\x1b]52;c;").removesuffix("\x07")) == b"hello"


async def test_outside_tmux_the_terminal_is_asked_at_once(tmp_path: Path) -> None:
    done, written = await copied("x", tmp_path)
    assert done.note == "copied 1 character via the terminal (OSC 52)"
    assert written.startswith("\x1b]52;c;")


async def test_what_is_too_long_for_the_terminal_lies_in_a_private_file(tmp_path: Path) -> None:
    text = "ä" * (OSC52_LIMIT // 2 + 1)
    done, written = await copied(text, tmp_path / "state")
    path = tmp_path / "state" / "clipboard.txt"
    assert done.road == "file"
    assert str(path) in done.note
    assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not written


async def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "clipboard.txt").symlink_to(victim)
    await copied("x" * (OSC52_LIMIT + 1), tmp_path)
    assert victim.read_text() == "mine"


async def test_an_unwritable_place_is_said_and_not_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done, _ = await copied("x" * (OSC52_LIMIT + 1), tmp_path / "file")
    assert done.road == "nowhere"
