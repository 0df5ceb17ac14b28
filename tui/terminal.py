"""What kind of terminal this is: a few facts from the environment, read once before Textual is imported.

Pure: the environment is passed in, nothing is asked of the terminal itself (a question over a slow line
costs a second, and some terminals answer into the prompt).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Depth = Literal["mono", "16", "256", "truecolor"]

LOCAL_FPS = 30
REMOTE_FPS = 15


@dataclass(frozen=True)
class Terminal:
    """The facts that decide how the program draws and copies."""

    ssh: bool
    """The terminal is at the other end of an SSH connection."""
    tmux: bool
    depth: Depth
    """How many colours there are; `mono` under NO_COLOR, too."""
    unicode: bool
    """Whether box drawing, dots and half blocks can be shown."""

    @property
    def fps(self) -> int:
        """Frames a second: fewer over SSH, where bytes are what is short."""
        return REMOTE_FPS if self.ssh else LOCAL_FPS

    @property
    def few_colours(self) -> bool:
        """Whether only the terminal's own 16 colours (or none) can be relied on."""
        return self.depth in ("mono", "16")

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Terminal:
        return cls(
            ssh=bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY") or env.get("SSH_CLIENT")),
            tmux=bool(env.get("TMUX")),
            depth=_depth(env),
            unicode=_unicode(env),
        )


def _depth(env: Mapping[str, str]) -> Depth:
    """NO_COLOR wins, then COLORTERM, then the name of the terminal, as Rich decides it when drawing."""
    term = env.get("TERM", "").strip().lower()
    if env.get("NO_COLOR") is not None or term in ("", "dumb", "unknown"):
        return "mono"
    if env.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    if term.endswith("-direct"):
        return "truecolor"
    if "256color" in term or term.endswith("kitty"):
        return "256"
    return "16"


def _unicode(env: Mapping[str, str]) -> bool:
    """The first of LC_ALL, LC_CTYPE, LANG that is set decides; a bare C locale is read as UTF-8.

    Python itself coerces C and POSIX to UTF-8 (PEP 538), and containers rarely set a locale.
    """
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = env.get(name, "")
        if value:
            charset = value.partition(".")[2].partition("@")[0].lower().replace("-", "")
            return charset in ("utf8", "") if charset or value not in ("C", "POSIX") else True
    return True
