"""What it costs while nothing happens, and what it keeps in memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bench.figures import Figures
from tests.bench.homes import fill_log, with_long_chat
from tests.bench.processes import agtui, cpu_of, listens, memory_of, running
from tests.bench.screen import Screen
from tests.bench.test_bench_start import FOOTER

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

WATCHED_S = 15.0
LINES = 20_000
TABS = 5


def gateway(env: dict[str, str]) -> int:
    return int(env["AGTUI_SERVER__PORT"])


def test_an_idle_screen(figures: Figures, env: dict[str, str]) -> None:
    with Screen([*agtui(), "--sandbox"], env) as screen:
        screen.until(FOOTER)
        screen.settle(2.0)
        spent = screen.cpu
        written = screen.rest(WATCHED_S) / WATCHED_S
        share = (screen.cpu - spent) / WATCHED_S
    figures.add("idle screen: written to the terminal", f"{written:.0f} B/s", "0 B/s", written == 0)
    figures.add("idle screen, gateway up: CPU", f"{share:.2%}", "0.3 %", share <= 0.003)


def test_an_idle_gateway(figures: Figures, env: dict[str, str]) -> None:
    port = gateway(env)
    for argv, name in ((["--sandbox"], "on the sandbox"), ([], "without it")):
        with running([*agtui(), "serve", *argv], None, lambda: listens(port), env) as process:
            time.sleep(3.0)  # until what goes on after the start is over
            spent = cpu_of(process.pid)
            time.sleep(WATCHED_S / 2)
            share = (cpu_of(process.pid) - spent) / (WATCHED_S / 2)
            rss, pss = memory_of(process.pid)
        figures.add(
            f"headless idle, {name}",
            f"RSS {rss:.0f} MB (PSS {pss:.0f}), CPU {share:.2%}",
            "RSS 60 MB",
            rss <= 60,
        )


def test_memory_of_a_long_session(figures: Figures, home: Path, env: dict[str, str]) -> None:
    with_long_chat(home)
    with Screen([*agtui(), "--sandbox"], env) as screen:
        screen.until(FOOTER)
        first = screen.pss
        screen.settle()
        settled = screen.pss
        fill_log(gateway(env), (home / "api.key").read_text().strip(), LINES)
        logged = screen.pss
        for tab in (*range(2, TABS + 1), 1):
            drawn = screen.bytes
            screen.type(b"\x1b%d" % tab)
            screen.settle()
            assert screen.bytes > drawn, f"tab {tab} drew nothing"
        visited = screen.pss
    figures.add("memory at the first frame", f"PSS {first:.0f} MB", "42 MB", first <= 42)
    figures.add("memory once all is started, 600 messages shown", f"PSS {settled:.0f} MB")
    figures.add("the same, 20,000 log lines later", f"PSS {logged:.0f} MB")
    figures.add("the same, all tabs visited", f"PSS {visited:.0f} MB", "75 MB", visited <= 75)
