"""The programs that the gateway benchmarks need: a load generator and a fake upstream in C, and the peers.

The C sources are not part of this repository. AGTUI_BENCH_TOOLS names the folder that holds `upstream.c`,
`load.c` and `mkbodies.py`; without it, `../shared/bench` beside the checkout is looked at. Peers are found on
PATH, or by the variables in `PEERS`, each the path of a program. What is missing is said, never failed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

SOURCES = ("upstream.c", "load.c", "mkbodies.py")
PEERS = {
    "nginx": ("AGTUI_BENCH_NGINX", "nginx"),
    "LiteLLM": ("AGTUI_BENCH_LITELLM", "litellm"),
    "antigravity-claude-proxy": ("AGTUI_BENCH_ACP", "antigravity-claude-proxy"),
    "Portkey": ("AGTUI_BENCH_PORTKEY", "gateway"),
}
"""A peer's variable and the command that its package installs (Debian's `nginx-light`; `litellm[proxy]` of
PyPI; `antigravity-claude-proxy` and `@portkey-ai/gateway` of npm)."""
SYSTEM = "/usr/sbin:/usr/local/sbin"
"""Where Debian keeps servers, out of a user's PATH."""


class Tools(Struct, frozen=True):
    """What was built: two programs, and the folder with request bodies."""

    upstream: Path
    load: Path
    bodies: Path


def folder() -> Path:
    named = os.environ.get("AGTUI_BENCH_TOOLS", "")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "bench"


def missing() -> list[str]:
    """What keeps the C tools from being built, in words; nothing if they can be."""
    place = folder()
    lacking = [
        f"{name} (AGTUI_BENCH_TOOLS names its folder)" for name in SOURCES if not (place / name).exists()
    ]
    if shutil.which("gcc") is None:
        lacking.append("gcc")
    return lacking


def build(where: Path) -> Tools:
    """Compile the tools and write the bodies, all below `where`."""
    place = folder()
    for name in ("upstream", "load"):
        subprocess.run(["gcc", "-O2", "-w", "-o", where / name, place / f"{name}.c"], check=True)
    # It writes beside itself.
    shutil.copy(place / "mkbodies.py", where)
    subprocess.run([sys.executable, where / "mkbodies.py"], check=True, stdout=subprocess.DEVNULL)
    return Tools(where / "upstream", where / "load", where / "bodies")


def peer(name: str) -> Path | None:
    """The program of a peer, links resolved; None if it is not here."""
    variable, command = PEERS[name]
    found = os.environ.get(variable) or shutil.which(command) or shutil.which(command, path=SYSTEM)
    if not found or not Path(found).exists():
        return None
    program = Path(found).resolve()
    # Portkey's command has a name that others may have, too.
    return program if command != "gateway" or "portkey" in str(program) else None


def missing_peers(*names: str) -> str:
    """A sentence about those that are not here; empty if all are."""
    absent = [f"{name} ({PEERS[name][0]})" for name in names if peer(name) is None]
    return f"not installed here, so not compared with: {', '.join(absent)}" if absent else ""
