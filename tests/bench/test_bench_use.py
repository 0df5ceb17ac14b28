"""The terminal program in use: an answer that streams under a long conversation, keys, tabs, leaving.

Measured from outside on a pseudo-terminal, with the C upstream behind the gateway that runs inside.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bench.figures import Figures
from tests.bench.gateways import KEY, PATH
from tests.bench.homes import sign_in, upstream_settings, with_account, with_long_chat
from tests.bench.processes import OTHERS, agtui, environment, free_port, listens, pinned, running
from tests.bench.screen import Screen
from tests.bench.test_bench_start import FOOTER, LETTER
from tests.bench.tools import Tools

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]

CHUNKS = 1000
PACE_MS = 10
WATCHED_S = 4.0
KEYS = 12
TABS = 5
QUIET_S = 0.25
"""A tab is there when nothing more is drawn for this long."""


@pytest.fixture
def account(tools: Tools, home: Path) -> Generator[dict[str, str]]:
    """An environment whose one account streams 100 chunks a second, and a conversation of 600 messages."""
    with_long_chat(home)
    with_account(home)
    upstream = free_port()
    argv = [tools.upstream, str(upstream), str(PACE_MS), "1", str(CHUNKS)]
    with running(argv, OTHERS, lambda: listens(upstream)), sign_in() as google:
        yield environment(
            home, **upstream_settings(f"http://127.0.0.1:{upstream}", google), AGTUI_API_KEY=KEY
        )


def test_an_answer_under_600_messages(figures: Figures, account: dict[str, str]) -> None:
    with Screen([*agtui()], account) as screen:
        screen.until(FOOTER)
        screen.settle()
        asked = len(screen.text)
        screen.type(b"go\r")
        screen.until("chunk 1", after=asked)
        time.sleep(0.5)
        spent, began = screen.cpu, time.perf_counter()
        paints = [began, *screen.reads(WATCHED_S)]
        share = (screen.cpu - spent) / (time.perf_counter() - began)
        pause = max(after - before for before, after in pairwise(paints))
        echoes = [echo(screen) for _ in range(KEYS)]
    figures.add(
        "answer at 100 chunks/s under 600 messages: CPU, gateway included",
        f"{share:.0%}",
        "20 %",
        share <= 0.2,
    )
    figures.add(
        "the same: longest pause between two paints (83 ms apart)",
        f"{pause * 1000:.0f} ms",
        "a stall of 120 ms",
        pause <= 0.083 + 0.120,
    )
    middle, worst = statistics.median(echoes) * 1000, max(echoes) * 1000
    figures.add("the same: key to echo", f"p50 {middle:.0f} ms, worst {worst:.0f} ms", "30 ms", middle <= 30)


def echo(screen: Screen) -> float:
    """Seconds from a key to its letter on the screen."""
    screen.rest(0.15)
    shown = len(screen.text)
    began = time.perf_counter()
    screen.type(LETTER.encode())
    screen.until(LETTER, 5.0, after=shown)
    return time.perf_counter() - began


def test_switching_tabs(figures: Figures, env: dict[str, str]) -> None:
    with Screen([*agtui(), "--sandbox"], env) as screen:
        screen.until(FOOTER)
        screen.settle(2.0)
        first = [drawn(screen, tab) for tab in range(2, TABS + 1)]
        later = [drawn(screen, tab) for _ in range(3) for tab in range(1, TABS + 1)]
    for name, times, most in (("first time", first, 60), ("later", later, 25)):
        middle, worst = statistics.median(times) * 1000, max(times) * 1000
        figures.add(
            f"tab switch until all is drawn, {name}",
            f"p50 {middle:.0f} ms, worst {worst:.0f} ms",
            f"{most} ms",
            middle <= most,
        )


def drawn(screen: Screen, tab: int) -> float:
    """Seconds from the key of a tab until the last of its bytes."""
    began = last = time.perf_counter()
    screen.type(b"\x1b%d" % tab)
    while screen.read(QUIET_S if last > began else 5.0):
        last = time.perf_counter()
    return last - began


def test_leaving_with_open_streams(figures: Figures, tools: Tools, account: dict[str, str]) -> None:
    port = int(account["AGTUI_SERVER__PORT"])
    load = [tools.load, port, "POST", PATH, tools.bodies / "oai_2k_s.json", 20, 5, 20]
    with Screen([*agtui()], account) as screen:
        screen.until(FOOTER)
        screen.settle()
        argv = pinned([str(word) for word in (*load, f"Authorization: Bearer {KEY}")], OTHERS)
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as clients:
            screen.rest(1.5)
            began = time.perf_counter()
            screen.type(b"\x11")
            left = screen.leaves(20.0)
            took = time.perf_counter() - began
            clients.kill()
    figures.add("leaving with 20 open streams", f"{took:.2f} s", "1.5 s", left and took <= 1.5)
