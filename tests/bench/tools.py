"""The peers of the gateway benchmarks: a load generator and a fake upstream in C, and nginx.

The C sources are not part of this repository. AGTUI_BENCH_TOOLS names the folder that holds `upstream.c`,
`load.c` and `mkbodies.py`; without it, `../shared/bench` beside the checkout is looked at. What is missing
is said, never failed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

SOURCES = ("upstream.c", "load.c", "mkbodies.py")


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


def nginx() -> str | None:
    """The nginx program, which Debian keeps out of a user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
