"""How fast it starts: the version, the gateway, the first frame, the prompt."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.conftest import SEEN
from tests.bench.figures import Figures
from tests.bench.processes import agtui, cpu_of, environment, listens, running
from tests.bench.screen import Screen

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

BARE = """
from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static

class Bare(App):
    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("nothing but Textual")
        yield Footer()

Bare().run()
"""
FOOTER = "F1 help"
"""The last words that the program's first frame draws, at the end of the key footer."""
BARE_FOOTER = "palette"
LETTER = "ß"
"""Typed as soon as the first frame is there, into a prompt that comes later; nowhere else on the screen."""


def median(measure: Callable[[], float], times: int = 9) -> float:
    measure()
    return statistics.median(measure() for _ in range(times))


def test_the_version(figures: Figures, env: dict[str, str]) -> None:
    def took(argv: list[str]) -> float:
        began = time.perf_counter()
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - began) * 1000

    bare = median(lambda: took([sys.executable, "-c", "pass"]))
    whole = median(lambda: took([*agtui(), "--version"]))
    more = whole - bare
    figures.add(
        "agtui --version over bare Python", f"{more:.0f} ms ({whole:.0f} - {bare:.0f})", "80 ms", more <= 80
    )


def test_serve_to_listening(figures: Figures, tmp_path: Path) -> None:
    spent: list[float] = []

    def took(number: int) -> float:
        # A home that has been used: the key is made, the database is there.
        env = environment(tmp_path / "home")
        port = int(env["AGTUI_SERVER__PORT"])
        began = time.perf_counter()
        with running([*agtui(), "serve", "--sandbox"], None, lambda: listens(port), env) as process:
            wall = time.perf_counter() - began
            spent.append(cpu_of(process.pid))
            return wall

    took(0)
    wall = statistics.median(took(number) for number in range(7))
    cpu = statistics.median(spent[1:])
    figures.add("agtui serve to listening", f"{wall:.2f} s ({cpu:.2f} s CPU)", "0.6 s", wall <= 0.6)


def test_first_frame_and_prompt(figures: Figures, tmp_path: Path, home: Path, env: dict[str, str]) -> None:
    script = tmp_path / "bare.py"
    script.write_text(BARE)

    def bare() -> tuple[float, float]:
        with Screen([sys.executable, str(script)], env) as screen:
            wall = screen.until(BARE_FOOTER)
            return wall, screen.cpu

    def ours() -> tuple[float, float, float, float]:
        (home / "ui.json").write_text(SEEN)  # without what was typed last time
        with Screen([*agtui(), "--sandbox"], env) as screen:
            first = screen.until(FOOTER)
            first_cpu = screen.cpu
            screen.type(LETTER.encode())
            return first, first_cpu, screen.until(LETTER), screen.cpu

    bare()
    ours()
    bares, all_ours = zip(*((bare(), ours()) for _ in range(7)), strict=True)
    bare_wall, bare_cpu = (statistics.median(column) for column in zip(*bares, strict=True))
    wall, cpu, prompt_wall, prompt_cpu = (statistics.median(column) for column in zip(*all_ours, strict=True))
    figures.add(
        "a bare Textual app: first frame",
        f"{bare_cpu:.2f} s CPU, {bare_wall:.2f} s wall",
        "what follows is over this",
    )
    figures.add(
        "first full frame",
        f"{cpu / bare_cpu:.2f}x ({cpu:.2f} s CPU, {wall:.2f} s wall)",
        "1.25x",
        cpu / bare_cpu <= 1.25,
    )
    figures.add(
        "usable prompt: what was typed at the first frame stands in it",
        f"{prompt_cpu / bare_cpu:.2f}x ({prompt_cpu:.2f} s CPU, {prompt_wall:.2f} s wall)",
        "1.6x",
        prompt_cpu / bare_cpu <= 1.6,
    )
