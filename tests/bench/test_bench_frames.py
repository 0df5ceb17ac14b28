"""What a gateway adds to the way of each frame of a stream, with many streams that are not in step."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from tests.bench.figures import Figures
from tests.bench.frames import Order, Ways
from tests.bench.gateways import KEY, ROUNDS, Gateway, run_agtui, run_nginx
from tests.bench.processes import OTHERS, ROOT, end, free_port, listens, pinned, until
from tests.bench.tools import missing_peers, peer

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

STREAMS = 50
RATE = 50
FRAMES = 150
BODY = json.dumps(
    {"model": "gemini-2.5-flash", "stream": True, "messages": [{"role": "user", "content": "go"}]}
)


class Way:
    """The process that is upstream and clients at once."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process, self.port = process, port

    def of(self, gateway: Gateway) -> list[float]:
        """Milliseconds that each frame took through a gateway, sorted."""
        order = Order(gateway.port, gateway.path, BODY, KEY, STREAMS, RATE, FRAMES)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()
        took = msgspec.json.decode(self._process.stdout.readline(), type=Ways).took
        assert len(took) == STREAMS * (FRAMES - 1), f"{gateway.name} lost frames: {len(took)}"
        return took


@contextlib.contextmanager
def way() -> Generator[Way]:
    port = free_port()
    argv = pinned([sys.executable, "-m", "tests.bench.frames", str(port)], OTHERS)
    process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        until(lambda: listens(port))
        yield Way(process, port)
    finally:
        end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def test_frames_of_fifty_streams(figures: Figures, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        ways = stack.enter_context(way())
        measured = [Gateway("direct", ways.port, 0)]
        if (program := peer("nginx")) is not None:
            measured.append(stack.enter_context(run_nginx(program, tmp_path, ways.port)))
        else:
            figures.note(missing_peers("nginx"))
        measured.append(stack.enter_context(run_agtui(tmp_path, ways.port)))
        found: dict[str, list[float]] = {}
        for one in measured:
            ways.of(one)
        for _ in range(ROUNDS):
            for one in measured:
                found.setdefault(one.name, []).extend(ways.of(one))
    points = {name: (_at(took, 0.5), _at(took, 0.99)) for name, took in found.items()}
    direct = points.pop("direct")
    for name, (p50, p99) in points.items():
        added = p50 - direct[0], p99 - direct[1]
        ours = name == "agtui"
        figures.add(
            f"{STREAMS} streams at {RATE} frames/s: {name} adds to a frame",
            f"p50 {added[0]:.2f} ms, p99 {added[1]:.2f} ms (direct {direct[0]:.2f}, {direct[1]:.2f})",
            "p50 2 ms, p99 8 ms" if ours else "",
            (added[0] <= 2 and added[1] <= 8) if ours else None,
        )


def _at(took: list[float], share: float) -> float:
    return sorted(took)[int((len(took) - 1) * share)]
