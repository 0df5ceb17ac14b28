"""`agtui --version`: one line, or JSON. Imports neither Textual nor Starlette, and not click."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import core


def line(as_json: bool = False) -> str:
    """`agtui 1.2.3 (python 3.12.4, textual 8.2.8, commit abc1234)`, or the same as JSON."""
    facts = {
        "version": core.__version__,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "textual": _installed("textual"),
        "commit": _commit(),
    }
    if as_json:
        return json.dumps(facts)
    rest = ", ".join(f"{name} {facts[name]}" for name in ("python", "textual", "commit") if facts[name])
    return f"agtui {facts['version']} ({rest})"


def _installed(name: str) -> str:
    """A package's version from the name of its metadata; importlib.metadata would take 40 ms to say it."""
    for place in sys.path:
        for found in Path(place).glob(f"{name}-*.dist-info"):
            return found.name.removesuffix(".dist-info").removeprefix(f"{name}-")
    return ""


def _commit() -> str:
    """The commit of the checkout this runs from, 7 digits; empty for an installed package."""
    git = Path(core.__file__).parent.parent / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if head.startswith("ref: "):
            head = (git / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return ""
    return head[:7]
