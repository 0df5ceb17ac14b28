"""What a call to an upstream costs: pool beside httpx, in CPU time of a process that does nothing else."""

from __future__ import annotations

import statistics
import subprocess
import sys

import msgspec
import pytest

from tests.bench.figures import Figures
from tests.bench.processes import OTHERS, ROOT, UNDER_TEST, free_port, listens, pinned, running
from tests.bench.tools import Tools
from tests.bench.transport_load import Cost

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROUNDS = 3
CHUNKS = 200
PLAIN = "/v1internal:generateContent"
STREAM = "/v1internal:streamGenerateContent?alt=sse"


def costs(
    tools: Tools, delay: int, each: int, path: str, calls: dict[str, int], flying: int
) -> dict[str, Cost]:
    """By transport, the round in the middle. `delay`: ms between chunks; `each`: 1 for a write each."""
    port = free_port()
    found: dict[str, list[Cost]] = {name: [] for name in calls}
    upstream = [tools.upstream, str(port), str(delay), str(each), str(CHUNKS)]
    with running(upstream, OTHERS, lambda: listens(port)):
        for _ in range(ROUNDS):
            for name, count in calls.items():
                argv = [sys.executable, "-m", "tests.bench.transport_load", name]
                argv += [str(port), path, str(count), str(flying)]
                done = subprocess.run(
                    pinned(argv, UNDER_TEST), cwd=ROOT, capture_output=True, check=True, timeout=120
                )
                found[name].append(msgspec.json.decode(done.stdout, type=Cost))
    return {name: sorted(rounds, key=lambda one: one.cpu_us)[ROUNDS // 2] for name, rounds in found.items()}


def said(figures: Figures, name: str, found: dict[str, Cost], pieces: int, times: int) -> None:
    pool, httpx = (found[key].cpu_us / pieces for key in ("pool", "httpx"))
    shown = f"{pool:.1f} us CPU, httpx {httpx:.1f} ({httpx / pool:.0f}x), {found['pool'].rps:.0f} calls/s"
    figures.add(name, shown, f"httpx / {times}", pool <= httpx / times)


@pytest.mark.parametrize("flying", [1, 64])
def test_plain_calls(figures: Figures, tools: Tools, flying: int) -> None:
    found = costs(tools, 0, 0, PLAIN, {"pool": 10_000, "httpx": 600}, flying)
    assert found["pool"].size == found["httpx"].size
    said(figures, f"upstream call, JSON, {flying} in flight", found, 1, 5)


@pytest.mark.parametrize(("each", "how"), [(0, "in one write"), (1, "a write each")])
def test_chunks_of_streams(figures: Figures, tools: Tools, each: int, how: str) -> None:
    found = costs(tools, 0, each, STREAM, {"pool": 2_000, "httpx": 200}, 32)
    assert found["pool"].size == found["httpx"].size
    said(figures, f"upstream chunk, burst {how}", found, CHUNKS, 5)


def test_chunks_that_come_one_by_one(figures: Figures, tools: Tools) -> None:
    found = costs(tools, 10, 1, STREAM, {"pool": 200, "httpx": 200}, 100)
    assert statistics.fmean(one.reads for one in found.values()) > CHUNKS / 2
    said(figures, "upstream chunk every 10 ms, 100 streams", found, CHUNKS, 2)
