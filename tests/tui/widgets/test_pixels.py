"""Pictures as half-blocks: right size, right colours, refused when too large."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.style import Style

from tui.widgets.pixels import PictureCache, PictureError, fit, load_grid, rows_needed, strip_for_row


def saved(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def colours(style: Style | None) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    assert style is not None
    top, bottom = style.color, style.bgcolor
    return (
        tuple(top.triplet) if top and top.triplet else None,
        tuple(bottom.triplet) if bottom and bottom.triplet else None,
    )


@given(st.integers(1, 6000), st.integers(1, 6000), st.integers(1, 200), st.integers(1, 80))
def test_a_picture_fits_its_pane_and_keeps_its_aspect(width: int, height: int, cols: int, rows: int) -> None:
    got = fit((width, height), cols, rows)
    assert 1 <= got[0] <= max(cols, 1)
    assert 1 <= got[1] <= rows * 2
    if min(got) > 20:
        assert got[0] / got[1] == pytest.approx(width / height, rel=0.1)


def test_a_square_takes_twice_as_many_columns_as_rows() -> None:
    assert fit((1024, 1024), 200, 50) == (100, 100)
    assert rows_needed((1024, 1024), 60) == 30


def test_small_pictures_are_not_blown_up_until_zoomed() -> None:
    assert fit((16, 16), 60, 24) == (16, 16)
    assert fit((16, 16), 60, 24, zoom=4) == (32, 32)


def test_the_upper_pixel_is_the_foreground_and_the_lower_the_background(tmp_path: Path) -> None:
    image = Image.new("RGB", (2, 2), "red")
    image.putpixel((0, 1), (0, 0, 255))
    grid = load_grid(saved(image, tmp_path / "a.png"), 10, 10)
    strip = strip_for_row(grid, 0)
    assert strip.text == "▀▀"
    assert [colours(segment.style) for segment in strip] == [
        ((255, 0, 0), (0, 0, 255)),
        ((255, 0, 0), (255, 0, 0)),
    ]


def test_an_odd_height_is_filled_with_the_background(tmp_path: Path) -> None:
    grid = load_grid(saved(Image.new("RGB", (1, 3), "red"), tmp_path / "a.png"), 10, 10, background=(1, 2, 3))
    assert (grid.rows, grid.height) == (2, 4)
    assert colours(next(iter(strip_for_row(grid, 1))).style) == ((255, 0, 0), (1, 2, 3))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_the_background(mode: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 2), (255, 255, 255, 0)).convert(mode)
    image.save(tmp_path / "a.png", transparency=0) if mode == "P" else image.save(tmp_path / "a.png")
    grid = load_grid(tmp_path / "a.png", 10, 10, background=(10, 20, 30))
    assert grid.rgb[:3] == bytes((10, 20, 30))


@pytest.mark.parametrize("mode", ["1", "L", "CMYK", "I;16", "RGB"])
def test_every_common_mode_is_shown(mode: str, tmp_path: Path) -> None:
    kind = "jpg" if mode == "CMYK" else "png"
    grid = load_grid(saved(Image.new(mode, (8, 8)), tmp_path / f"a.{kind}"), 10, 10)
    assert (grid.cols, grid.rows) == (8, 4)


def test_equal_neighbours_are_one_segment(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (60, 40), "navy"), tmp_path / "a.png")
    assert len(list(strip_for_row(load_grid(path, 60, 24), 0))) == 1
    assert len(list(strip_for_row(load_grid(path, 60, 24, depth="256"), 0))) == 1


def test_a_part_of_a_row_can_be_taken(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 2))
    for column in range(4):
        image.putpixel((column, 0), (column, 0, 0))
    grid = load_grid(saved(image, tmp_path / "a.png"), 10, 10)
    strip = strip_for_row(grid, 0, 1, 3)
    assert [colours(segment.style)[0] for segment in strip] == [(1, 0, 0), (2, 0, 0)]
    assert strip.cell_length == 2


@given(st.binary(min_size=6, max_size=6))
def test_256_colours_come_close(rgb: bytes) -> None:
    from tui.widgets.pixels import PixelGrid

    grid = PixelGrid(1, 2, rgb, (1, 2), "256")
    color = next(iter(strip_for_row(grid, 0))).style.color  # type: ignore[union-attr]
    assert color is not None
    near = color.get_truecolor()
    assert max(abs(near[channel] - rgb[channel]) for channel in range(3)) <= 60


def huge_png(path: Path, width: int, height: int) -> Path:
    """A header that promises `width` x `height` pixels, and nothing behind it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", b"")]
    framed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(framed))
    return path


def test_what_is_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="8000 x 8000 pixels, more than 40 MP"):
        load_grid(huge_png(tmp_path / "bomb.png", 8000, 8000), 10, 10)
    with pytest.raises(PictureError):
        load_grid(huge_png(tmp_path / "bomb.png", 200_000, 200_000), 10, 10)
    with (tmp_path / "long.png").open("wb") as file:
        os.truncate(file.fileno(), 65 * 2**20)
    with pytest.raises(PictureError, match="larger than 64 MB"):
        load_grid(tmp_path / "long.png", 10, 10)


def test_a_file_that_is_no_picture_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("hello")
    (tmp_path / "cut.png").write_bytes(
        saved(Image.effect_noise((99, 99), 90), tmp_path / "a.png").read_bytes()[:300]
    )
    with pytest.raises(PictureError, match=r"notes\.png is not a picture"):
        load_grid(tmp_path / "notes.png", 10, 10)
    with pytest.raises(PictureError, match=r"gone\.png is no longer there"):
        load_grid(tmp_path / "gone.png", 10, 10)
    with pytest.raises(PictureError, match=r"cut\.png cannot be read"):
        load_grid(tmp_path / "cut.png", 10, 10)


def test_a_rewritten_file_is_decoded_again_and_the_oldest_picture_goes_first(tmp_path: Path) -> None:
    cache = PictureCache(limit=2)
    paths = [saved(Image.new("RGB", (4, 4), "red"), tmp_path / f"{number}.png") for number in range(3)]
    for path in paths:
        cache.load(path, 10, 10)
    assert cache.get(paths[0], 10, 10) is None
    first = cache.get(paths[2], 10, 10)
    assert first is not None
    assert cache.load(paths[2], 10, 10) is first
    saved(Image.new("RGB", (4, 4), "blue"), paths[2])
    os.utime(paths[2], ns=(1, 1))
    assert cache.load(paths[2], 10, 10).rgb[:3] == b"\x00\x00\xff"
