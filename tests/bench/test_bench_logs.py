"""Whether the log tail keeps up with 10,000 lines a second, and what that costs."""

from __future__ import annotations

import asyncio
import time

import pytest
from textual.app import App, ComposeResult

from core.domain.state import LogLine
from tests.bench.loop_watch import LoopWatch, settle_heap
from tui.widgets.log_source import LogBuffer
from tui.widgets.log_view import LogView

SECONDS = 5.0
RATE = 10_000


class Stage(App[None]):
    """Only the log, as large as the terminal."""

    def __init__(self, source: LogBuffer) -> None:
        super().__init__()
        self._source = source

    def compose(self) -> ComposeResult:
        yield LogView(self._source)


def line(seq: int) -> LogLine:
    level = ("debug", "info", "info", "info", "warning")[seq % 5]
    return LogLine(seq, 1_795_254_000 + seq / RATE, level, "proxy", f"POST /v1/messages 200 {seq} ms alice")  # type: ignore[arg-type]


@pytest.mark.bench
@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", ["following", "filtered", "paused"])
async def test_ten_thousand_lines_a_second(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = LogBuffer(20_000)
    source.extend(line(seq) for seq in range(1, 20_001))
    ready = [line(seq) for seq in range(20_001, 20_001 + int(SECONDS * RATE))]
    app = Stage(source)
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.query_one(LogView)
        async with LoopWatch() as filtering:
            if case == "filtered":
                view.filter_text = "7"
            if case == "paused":
                view.follow = False
            await pilot.pause(0.5)
        sent = 0
        settle_heap()
        async with LoopWatch() as watch:
            start = time.perf_counter()
            while (elapsed := time.perf_counter() - start) < SECONDS:
                due = min(len(ready), int(elapsed * RATE))
                source.extend(ready[sent:due])
                sent = due
                await asyncio.sleep(0.01)
        view.tick()
        with capsys.disabled():
            print(
                f"\n{case}: {sent / watch.seconds:,.0f} lines/s, {watch.cpu:.0%} of a core, "
                f"worst stall {watch.worst * 1000:.0f} ms "
                f"(filtering 20,000: {filtering.worst * 1000:.0f} ms); "
                f"{view.status_text}"
            )
        assert source.last == 20_000 + sent
