"""Pictures as half-blocks: each cell shows two pixels, the upper as foreground, the lower as background.

Pure functions over values, apart from reading the file. The only module of the program's screen that
imports Pillow, and only inside functions. Nothing here knows of widgets.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 40_000_000
MAX_BYTES = 64 * 1024 * 1024
HALF = "▀"

Depth = Literal["truecolor", "256"]
RGB = tuple[int, int, int]


class PictureError(Exception):
    """A picture that cannot be shown, in words for the user: missing, no picture, or too large to decode."""


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """Decoded pixels: `width` by `height` (always even), three bytes each, row by row.

    `source` is the picture's own size in pixels. `depth` "256" is for slow links: half the bytes a cell.
    """

    width: int
    height: int
    rgb: bytes
    source: tuple[int, int]
    depth: Depth = "truecolor"

    @property
    def cols(self) -> int:
        return self.width

    @property
    def rows(self) -> int:
        return self.height // 2


def fit(size: tuple[int, int], cols: int, rows: int, zoom: int = 1) -> tuple[int, int]:
    """Pixels that a picture of `size` takes in a pane of `cols` x `rows` cells, its aspect kept.

    A cell is taken as twice as high as wide, so its two half-blocks are square. Pictures smaller than
    the pane keep their size at zoom 1; zoom multiplies the pane, never beyond the picture itself.
    """
    width, height = max(1, size[0]), max(1, size[1])
    scale = min(cols * zoom / width, rows * 2 * zoom / height, max(1.0, zoom / 2))
    return max(1, round(width * scale)), max(1, round(height * scale))


def rows_needed(size: tuple[int, int], cols: int, most: int = 1000) -> int:
    """Rows of cells that a picture of `size` takes when it may be `cols` wide and `most` rows high."""
    return (fit(size, cols, most)[1] + 1) // 2


def load_grid(
    path: Path,
    cols: int,
    rows: int,
    *,
    background: RGB = (0, 0, 0),
    depth: Depth = "truecolor",
    zoom: int = 1,
) -> PixelGrid:
    """Decode `path` to fit `cols` x `rows` cells. Blocks for 5 to 50 ms: call it in a thread.

    The file's header is read first and more than 40 megapixels or 64 MB are refused undecoded. JPEG is
    decoded at reduced size. Raises PictureError.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path.name} is larger than {MAX_BYTES // 2**20} MB")
        with Image.open(path) as image:
            size = image.size
            if size[0] * size[1] > MAX_PIXELS:
                pixels = f"{size[0]} x {size[1]} pixels"
                raise PictureError(f"{path.name} has {pixels}, more than {MAX_PIXELS // 10**6} MP")
            wanted = fit(size, cols, rows, zoom)
            image.draft("RGB", wanted)
            return grid_of(image, cols, rows, background=background, depth=depth, zoom=zoom, source=size)
    except FileNotFoundError:
        raise PictureError(f"{path.name} is no longer there") from None
    except UnidentifiedImageError:
        raise PictureError(f"{path.name} is not a picture that can be shown") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"{path.name} is too large to decode") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"{path.name} cannot be read: {error}") from error


def grid_of(
    image: Image,
    cols: int,
    rows: int,
    *,
    background: RGB = (0, 0, 0),
    depth: Depth = "truecolor",
    zoom: int = 1,
    source: tuple[int, int] | None = None,
) -> PixelGrid:
    """An opened picture as a grid. Transparency lies over `background`; an odd height gets one row of it."""
    from PIL import Image as Images

    source = source or image.size
    wanted = fit(source, cols, rows, zoom)
    if image.mode not in ("RGB", "RGBA", "L"):
        clear = "transparency" in image.info or image.mode in ("LA", "PA", "La")
        image = image.convert("RGBA" if clear else "RGB")
    if image.size != wanted:
        image = image.resize(wanted, Images.Resampling.LANCZOS, None, 2.0)  # pyright: ignore[reportUnknownMemberType]
    if image.mode == "RGBA":
        flat = Images.new("RGB", image.size, background)
        flat.paste(image, mask=image.getchannel("A"))
        image = flat
    elif image.mode != "RGB":
        image = image.convert("RGB")
    width, height = image.size
    rgb = image.tobytes()
    if height % 2:
        rgb += bytes(background) * width
        height += 1
    return PixelGrid(width, height, rgb, source, depth)


@lru_cache(maxsize=4096)
def _color_256(red: int, green: int, blue: int) -> Color:
    """The nearest colour of the 6x6x6 cube or the grey ramp. The arguments are already coarse."""
    cube = [(value >= 48) + (value >= 115) + max(0, (value - 115) // 40) for value in (red, green, blue)]
    ramp = (0, 95, 135, 175, 215, 255)
    grey = max(0, min(23, ((red + green + blue) // 3 - 3) // 10))
    near = sum((ramp[step] - value) ** 2 for step, value in zip(cube, (red, green, blue), strict=True))
    flat = sum((8 + grey * 10 - value) ** 2 for value in (red, green, blue))
    number = 232 + grey if flat < near else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    return Color("", ColorType.EIGHT_BIT, number)


def row_segments(grid: PixelGrid, row: int, start: int, end: int) -> list[Segment]:
    """One row of cells, columns `start` to `end`. Built without parsing: this is the hot path of a picture.

    Equal neighbours become one segment.
    """
    stride = grid.width * 3
    first = row * 2 * stride
    upper = grid.rgb[first + start * 3 : first + end * 3]
    lower = grid.rgb[first + stride + start * 3 : first + stride + end * 3]
    if grid.depth == "256":
        return _row_256(upper, lower)
    segments: list[Segment] = []
    add, style_of, kind = segments.append, Style.from_color, ColorType.TRUECOLOR
    tops = zip(upper[::3], upper[1::3], upper[2::3], strict=True)
    bottoms = zip(lower[::3], lower[1::3], lower[2::3], strict=True)
    last: tuple[RGB, RGB] | None = None
    for pair in zip(tops, bottoms, strict=True):
        if pair == last:
            segments[-1] = Segment(segments[-1].text + HALF, segments[-1].style)
            continue
        last = pair
        top, bottom = pair
        style = style_of(
            Color("", kind, None, ColorTriplet(*top)), Color("", kind, None, ColorTriplet(*bottom))
        )
        add(Segment(HALF, style))
    return segments


@lru_cache(maxsize=4096)
def _style_256(top: Color, bottom: Color) -> Style:
    return Style.from_color(top, bottom)


def _row_256(upper: bytes, lower: bytes) -> list[Segment]:
    """The same in 256 colours; three bits a channel are dropped first, so that cells repeat and merge."""
    segments: list[Segment] = []
    last: Style | None = None
    for at in range(0, len(upper), 3):
        top = _color_256(upper[at] & 0xF8, upper[at + 1] & 0xF8, upper[at + 2] & 0xF8)
        bottom = _color_256(lower[at] & 0xF8, lower[at + 1] & 0xF8, lower[at + 2] & 0xF8)
        style = _style_256(top, bottom)
        if style is last:
            segments[-1] = Segment(segments[-1].text + HALF, style)
        else:
            segments.append(Segment(HALF, style))
        last = style
    return segments


def strip_for_row(grid: PixelGrid, row: int, start: int = 0, end: int | None = None) -> Strip:
    """Row `row` of the grid as a Strip, columns `start` to `end` (default: all)."""
    end = grid.width if end is None else min(end, grid.width)
    start = max(0, start)
    return Strip(row_segments(grid, row, start, end), max(0, end - start))


GridKey = tuple[Path, int, int, int, RGB, Depth, int]


class PictureCache:
    """The grids shown last, so that going back to a picture costs nothing. Safe to use from threads.

    Keys hold the file's modification time: a rewritten file is decoded again. `limit` pictures and
    `max_bytes` of pixels are kept; a full pane is 66 KB.
    """

    def __init__(self, limit: int = 32, max_bytes: int = 8 * 1024 * 1024) -> None:
        self._limit, self._max_bytes = limit, max_bytes
        self._grids: OrderedDict[GridKey, PixelGrid] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(
        self,
        path: Path,
        cols: int,
        rows: int,
        background: RGB = (0, 0, 0),
        depth: Depth = "truecolor",
        zoom: int = 1,
    ) -> PixelGrid | None:
        """The grid if it is still known and the file unchanged, else None. Never decodes."""
        with self._lock:
            key = self._key(path, cols, rows, background, depth, zoom)
            if (grid := self._grids.get(key)) is not None:
                self._grids.move_to_end(key)
            return grid

    def load(
        self,
        path: Path,
        cols: int,
        rows: int,
        background: RGB = (0, 0, 0),
        depth: Depth = "truecolor",
        zoom: int = 1,
    ) -> PixelGrid:
        """The grid, decoded now if need be (call it in a thread). Raises PictureError."""
        if (known := self.get(path, cols, rows, background, depth, zoom)) is not None:
            return known
        key = self._key(path, cols, rows, background, depth, zoom)
        grid = load_grid(path, cols, rows, background=background, depth=depth, zoom=zoom)
        with self._lock:
            if key not in self._grids:
                self._bytes += len(grid.rgb)
            self._grids[key] = grid
            while len(self._grids) > self._limit or (self._bytes > self._max_bytes and len(self._grids) > 1):
                _, gone = self._grids.popitem(last=False)
                self._bytes -= len(gone.rgb)
        return grid

    @staticmethod
    def _key(path: Path, cols: int, rows: int, background: RGB, depth: Depth, zoom: int) -> GridKey:
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            changed = 0
        return (path, changed, cols, rows, background, depth, zoom)
