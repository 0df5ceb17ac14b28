"""What a picture costs on its way to the screen: decoding in a thread, and the cells on the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from textual.app import App, ComposeResult

from tests.bench.loop_watch import settle_heap
from tui.widgets.pixel_view import PixelView
from tui.widgets.pixels import Depth, load_grid, strip_for_row


def picture(path: Path) -> Path:
    """A photo-like picture, 1024 pixels square: noise over gradients, so that no two cells are alike."""
    size = (1024, 1024)
    red, green = Image.linear_gradient("L").resize(size), Image.radial_gradient("L").resize(size)
    noise = Image.effect_noise(size, 40)
    Image.merge("RGB", (Image.blend(red, noise, 0.3), Image.blend(green, noise, 0.3), noise)).save(path)
    return path


def cost(work: Callable[[], object], times: int = 7) -> tuple[float, float]:
    """Least and median CPU milliseconds of `work`."""
    spent: list[float] = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1000)
    return min(spent), sorted(spent)[len(spent) // 2]


@pytest.mark.bench
@pytest.mark.timeout(60)
@pytest.mark.parametrize(("cols", "rows"), [(60, 24), (196, 56)])
@pytest.mark.parametrize("depth", ["truecolor", "256"])
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_cells_of_a_picture(
    cols: int, rows: int, depth: Depth, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture(tmp_path / f"picture.{kind}")
    # A square picture leaves the sides of the pane empty; 196 columns of cells are filled by stretching it.
    grid = load_grid(path, cols, rows, depth=depth)
    with Image.open(path) as image:
        wide = image.convert("RGB").resize((cols, rows * 2))
        wide.save(tmp_path / "wide.png")
    full = load_grid(tmp_path / "wide.png", cols, rows, depth=depth)
    console = Console(color_system="truecolor")
    settle_heap()
    decode = cost(lambda: load_grid(path, cols, rows, depth=depth))
    cells = cost(lambda: [strip_for_row(full, row) for row in range(full.rows)])
    sent = cost(lambda: [strip_for_row(full, row).render(console) for row in range(full.rows)])
    size = sum(len(strip_for_row(full, row).render(console).encode()) for row in range(full.rows))
    with capsys.disabled():
        print(
            f"\n{kind} 1024² to {cols}x{rows} ({depth}): in the thread {decode[0]:.1f} ms, "
            f"{full.cols * full.rows} cells {cells[0]:.1f} ms (median {cells[1]:.1f}), "
            f"with escape sequences {sent[0]:.1f} ms, {size / 1024:.0f} KiB"
        )
    assert grid.rows == rows


class Stage(App[None]):
    """Only the picture."""

    CSS = "PixelView { width: 60; height: 24; }"

    def compose(self) -> ComposeResult:
        yield PixelView()


@pytest.mark.bench
@pytest.mark.timeout(60)
async def test_from_selection_to_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = picture(tmp_path / "picture.png")
    app = Stage()
    async with app.run_test(size=(100, 30)) as pilot:
        view = app.query_one(PixelView)
        start = time.perf_counter()
        view.path = path
        while view.showing == "nothing":
            await pilot.pause(0.001)
        small = time.perf_counter() - start
        while view.showing != "picture":
            await pilot.pause(0.001)
        full = time.perf_counter() - start
        with capsys.disabled():
            print(f"\n60x24 pane: placeholder after {small * 1000:.0f} ms, full after {full * 1000:.0f} ms")
