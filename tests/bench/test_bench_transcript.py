"""How much of a core an answer costs that streams at 100 tokens a second under a long conversation."""

from __future__ import annotations

import asyncio
import time

import pytest
from textual.app import App, ComposeResult

from tests.bench.loop_watch import LoopWatch, settle_heap
from tests.tui.widgets.stage import until
from tui.widgets.transcript import TranscriptView
from tui.widgets.turn import TurnView

ANSWER = """Here is a short tour of half-block rendering, step by step.

## How it works

Each cell shows **two** pixels: the upper half is the `foreground`, the lower half the *background*.

1. resize to cols x rows*2
2. emit one half-block per cell
   - a nested item that is long enough to wrap over the end of the line at least once

```python
def cell(top: str, bottom: str) -> Segment:
    return Segment("x", Style(color=top, bgcolor=bottom))  # 42 bytes
```

| method | ms | bytes |
| --- | ---: | ---: |
| rich-pixels | 98 | 260 KiB |
| direct | 28 | 260 KiB |

> Bytes are the bottleneck over SSH.

"""
SECONDS = 6.0


class Stage(App[None]):
    """Only the transcript, as large as the terminal."""

    def compose(self) -> ComposeResult:
        yield TranscriptView()


def conversation(count: int) -> list[TurnView]:
    return [
        TurnView(str(number), "you", f"question {number}: how does it work?")
        if number % 2 == 0
        else TurnView(str(number), "model", f"Answer {number}. {ANSWER}", footer="↑12 ↓180  2.0 s")
        for number in range(count)
    ]


@pytest.mark.bench
@pytest.mark.timeout(120)
@pytest.mark.parametrize("finished", [0, 60, 600])
async def test_a_hundred_tokens_a_second_under_finished_messages(
    finished: int, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Stage()
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.query_one(TranscriptView)
        opened = time.perf_counter()
        async with LoopWatch() as opening:
            view.set_turns(conversation(finished))
            shown = time.perf_counter() - opened
            await until(pilot, lambda: not view.arranging, 30)
        handle = view.begin_answer(TurnView("live", "model"))
        settle_heap()
        tokens = [word + " " for word in (ANSWER * 4).split(" ")]
        async with LoopWatch() as watch:
            start, sent = time.perf_counter(), 0
            while (elapsed := time.perf_counter() - start) < SECONDS:
                while sent < elapsed * 100:
                    handle.feed(tokens[sent % len(tokens)])
                    sent += 1
                handle.status(f"streaming  ↓{sent} tok")
                await asyncio.sleep(0.01)
        handle.finish("done")
        with capsys.disabled():
            print(
                f"\n{finished:>4} messages: view ready in {shown * 1000:.0f} ms, rest: worst stall "
                f"{opening.worst * 1000:.0f} ms; stream of {sent} tokens: {watch.cpu:.0%} of a core, "
                f"worst stall {watch.worst * 1000:.0f} ms"
            )
        assert sent >= SECONDS * 90
