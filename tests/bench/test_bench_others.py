"""JSON requests a second beside other gateways: one upstream, one run, one core, one process each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.figures import Figures
from tests.bench.gateways import Load, middle, rounds, run_agtui
from tests.bench.others import NAMES, beside
from tests.bench.processes import OTHERS, free_port, listens, running
from tests.bench.tools import Tools, missing_peers

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

TARGETS = {"LiteLLM": 20, "antigravity-claude-proxy": 3, "Portkey": 3}
CHUNKS = 10
"""Chunks of an answer to a plain request: agtui streams those upstream, too."""
FLYING = 64
ROUNDS = 5


def _rate(load: Load) -> float:
    return load.rps


def _cpu(load: Load) -> float:
    """Microseconds a request."""
    return load.cpu / load.done * 1e6


def test_requests_beside_other_gateways(figures: Figures, tools: Tools, tmp_path: Path) -> None:
    if absent := missing_peers(*NAMES):
        figures.note(absent)
    upstream = free_port()
    argv = [tools.upstream, str(upstream), "0", "0", str(CHUNKS)]
    with (
        running(argv, OTHERS, lambda: listens(upstream)),
        run_agtui(tmp_path, upstream) as agtui,
        beside(tmp_path, upstream) as others,
    ):
        for one in (agtui, *others):
            one.load(tools, "f_2k", 8, 2.0)
        found = rounds((agtui, *others), lambda one: one.load(tools, "f_2k", FLYING, 2.0), ROUNDS)
    ours, our_cpu = (middle(found["agtui"], what) for what in (_rate, _cpu))
    for one in others:
        rate, cpu = (middle(found[one.name], what) for what in (_rate, _cpu))
        figures.add(
            f"JSON 2 KB, {FLYING} in flight: requests/s over {one.name}'s",
            f"{ours / rate:.1f}x ({ours:,.0f} / {rate:,.0f}); CPU each 1/{cpu / our_cpu:.1f} "
            f"({our_cpu:,.0f} / {cpu:,.0f} us)",
            f"{TARGETS[one.name]}x",
            ours / rate >= TARGETS[one.name],
        )
    assert our_cpu > 0
