"""The gateway beside nginx: latency, requests a second, CPU a chunk, many streams. Ratios within one run."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.bench.figures import Figures
from tests.bench.gateways import ROUNDS, Gateway, middle, peak_of, rounds, side_by_side
from tests.bench.tools import Tools, missing_peers

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

CHUNKS = 200
SMALL = 10
"""Chunks of an answer to a plain request: agtui streams those upstream, too."""


@pytest.fixture(scope="module")
def streams(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Gateway]]:
    """Gateways before an upstream whose answers have many chunks, warmed up."""
    with side_by_side(tools, tmp_path_factory.mktemp("streams"), CHUNKS) as found:
        for one in found:
            one.load(tools, "_b", 8, 0.5)
        yield {one.name: one for one in found}


@pytest.fixture(scope="module")
def plain(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Gateway]]:
    """The same before an upstream whose answers have a few."""
    with side_by_side(tools, tmp_path_factory.mktemp("plain"), SMALL) as found:
        for one in found:
            one.load(tools, "f_2k", 8, 0.5)
        yield {one.name: one for one in found}


@pytest.fixture(autouse=True)
def said(figures: Figures) -> None:
    if absent := missing_peers("nginx"):
        figures.note(absent)


def test_added_latency(figures: Figures, tools: Tools, plain: dict[str, Gateway]) -> None:
    found = rounds(plain.values(), lambda one: one.load(tools, "f_2k", 1, 1.5))
    p50 = {name: middle(loads, lambda load: load.p50) for name, loads in found.items()}
    added = {name: micros - p50["direct"] for name, micros in p50.items()}
    shown = f"{added['agtui']:.0f} us"
    ratio = added["agtui"] / added["nginx"] if "nginx" in added else None
    if ratio is not None:
        shown = f"{ratio:.1f}x ({added['agtui']:.0f} / {added['nginx']:.0f} us; direct {p50['direct']:.0f})"
    figures.add(
        "JSON, one in flight: added p50 over nginx's", shown, "5x", None if ratio is None else ratio <= 5
    )


def test_requests_a_second(figures: Figures, tools: Tools, plain: dict[str, Gateway]) -> None:
    found = rounds(plain.values(), lambda one: one.load(tools, "f_2k", 64, 2.5))
    for name in plain:
        if name == "direct":
            continue
        loads = found[name]
        rps = middle(loads, lambda load: load.rps)
        cpu = middle(loads, lambda load: load.cpu / max(1, load.done) * 1e6)
        p99 = middle(loads, lambda load: load.p99) / 1000
        figures.add(
            f"JSON 2 KB, 64 in flight: {name}",
            f"{rps:,.0f}/s, {cpu:.0f} us CPU each, p99 {p99:.0f} ms",
            "own pool: ~80 us CPU" if name == "agtui" else "",
        )
        assert loads[-1].done


def test_requests_of_200_kb(figures: Figures, tools: Tools, plain: dict[str, Gateway]) -> None:
    agtui = plain["agtui"]
    loads = [agtui.load(tools, "f_200k", 1, 1.5) for _ in range(ROUNDS)]
    cpu = middle(loads, lambda load: load.cpu / max(1, load.done) * 1e6)
    p50 = middle(loads, lambda load: load.p50)
    figures.add("JSON 200 KB, one in flight: agtui", f"p50 {p50 / 1000:.1f} ms, {cpu:.0f} us CPU each")


def test_paced_chunks(figures: Figures, tools: Tools, streams: dict[str, Gateway]) -> None:
    measured = {name: one for name, one in streams.items() if one.pid}
    found = rounds(measured.values(), lambda one: one.load(tools, "_d10", 100, 0.1))
    cost = {
        name: middle(loads, lambda load: load.cpu / max(1, load.events) * 1e6)
        for name, loads in found.items()
    }
    ratio = cost["agtui"] / cost["nginx"] if "nginx" in cost else None
    shown = (
        f"{cost['agtui']:.1f} us"
        if ratio is None
        else f"{ratio:.1f}x ({cost['agtui']:.1f} / {cost['nginx']:.1f} us)"
    )
    figures.add(
        "CPU a chunk, 100 streams at 10 ms, over nginx's",
        shown,
        "2.5x",
        None if ratio is None else ratio <= 2.5,
    )
    took = middle(found["agtui"], lambda load: load.p50) / 1e6
    figures.add("the same: an answer that lasts 2 s takes", f"{took:.2f} s", "2.06 s", took <= 2.06)


def test_bursts(figures: Figures, tools: Tools, streams: dict[str, Gateway]) -> None:
    for body, name in (("_b", "a burst"), ("_w", "one write a chunk")):
        agtui = streams["agtui"]
        loads = [agtui.load(tools, body, 32, 2.0) for _ in range(ROUNDS)]
        cost = middle(loads, lambda load: load.cpu / max(1, load.events) * 1e6)
        rate = middle(loads, lambda load: load.evps)
        figures.add(f"200 chunks as {name}: agtui", f"{rate:,.0f} chunks/s, {cost:.1f} us CPU each")


def test_a_thousand_streams(figures: Figures, tools: Tools, tmp_path: Path) -> None:
    with side_by_side(tools, tmp_path, 60) as found:
        agtui = next(one for one in found if one.name == "agtui")
        agtui.load(tools, "_b", 8, 0.5)
        idle = agtui.rss
        with peak_of(agtui) as samples:
            load = agtui.load(tools, "_d50", 1000, 0.1, 1000)
        more = max(samples) - idle
        figures.add(
            "1,000 streams, 60 chunks at 50 ms: all finish",
            f"{load.done} of 1000 in p50 {load.p50 / 1e6:.2f} s, p99 {load.p99 / 1e6:.2f} s (ideal 3.0)",
            "1000",
            load.done == 1000,
        )
        figures.add("the same: RSS over idle", f"{more:.0f} MB (idle {idle:.0f})", "30 MB", more <= 30)
