"""A QR code in half-blocks: black on white whatever the theme, for that is what cameras look for."""

from __future__ import annotations

from typing import Final, cast

from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

QUIET: Final = 2
"""Light modules around it. The standard asks for four; cameras are content with two."""
BLOCKS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def rows_of(text: str) -> list[str]:
    """The code for `text`, a row of the screen for two of its own. Empty for what no code can hold."""
    import segno  # 40 ms, and wanted on one screen only

    try:
        code = segno.make_qr(text, error="L", boost_error=False)
    except segno.DataOverflowError:
        return []
    modules = [
        [bool(dark) for dark in row] for row in cast("list[list[int]]", list(code.matrix_iter(border=QUIET)))
    ]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    return [
        "".join(BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    ]


class QrCode(Widget):
    """Shows `text` as a QR code; nothing while there is none."""

    DEFAULT_CSS = "QrCode { width: auto; height: auto; color: #000000; background: #ffffff; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[str] = []

    @property
    def needs(self) -> Size:
        """Columns and rows that it takes."""
        return Size(len(self._rows[0]) if self._rows else 0, len(self._rows))

    def encode(self, text: str) -> None:
        self._rows = rows_of(text)
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self.needs.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.needs.height

    def render(self) -> Content:
        return Content.styled("\n".join(self._rows), Style.parse("#000000 on #ffffff"))
