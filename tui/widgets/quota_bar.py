"""How much of a quota is left, on one row: `━━━━━━━━·· 81%  in 2 h 11 m`.

`quota_text` is pure and serves lists too; `QuotaBar` is the widget. State shows by length, by number and
by glyph, so it survives NO_COLOR; colour only repeats it.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from core.domain.quota import EMPTY, QuotaLevel, percent, quota_cells, quota_level, reset_text

__all__ = ["QuotaBar", "QuotaLevel", "percent", "quota_cells", "quota_level", "quota_text", "reset_text"]

LEVELS: tuple[QuotaLevel, ...] = ("good", "mid", "low")


def quota_text(
    left: float | None,
    reset_in: float | None = None,
    width: int = 10,
    colors: dict[QuotaLevel, Style] | None = None,
) -> Text:
    """Bar, number and reset. `left` None (unknown) is a dash; `reset_in` is seconds from this moment.

    `width` counts the bar alone; the number takes five cells more.
    """
    if left is None:
        return Text("–".center(width + 5), style="dim")
    color = (colors or {}).get(quota_level(left), Style())
    text = Text(no_wrap=True)
    bar = quota_cells(left, width)
    text.append(bar.rstrip(EMPTY), color)
    text.append(EMPTY * (width - len(bar.rstrip(EMPTY))), Style(dim=True))
    text.append(f" {percent(left)}", color + Style(bold=True) if quota_level(left) == "low" else color)
    if when := reset_text(reset_in):
        text.append(f"  {when}", Style(dim=True))
    return text


class QuotaBar(Widget):
    """One row that shows `left` and `reset_in`. Component classes: `quota--good`, `--mid`, `--low`."""

    DEFAULT_CSS = """
    QuotaBar {
        height: 1;
        width: auto;
        & > .quota--good { color: $success; }
        & > .quota--mid { color: $warning; }
        & > .quota--low { color: $error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"quota--good", "quota--mid", "quota--low"}

    left: reactive[float | None] = reactive[float | None](None, layout=True)
    """The share that is left, 0 to 1; None is unknown."""
    reset_in: reactive[float | None] = reactive[float | None](None, layout=True)
    """Seconds until it is full again; None is unknown."""

    def __init__(
        self,
        left: float | None = None,
        reset_in: float | None = None,
        *,
        cells: int = 10,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(QuotaBar.left, left)
        self.set_reactive(QuotaBar.reset_in, reset_in)
        self._cells = cells

    def render(self) -> Text:
        colors: dict[QuotaLevel, Style] = {}
        for level in LEVELS:
            colors[level] = Style(color=self.get_component_rich_style(f"quota--{level}").color)
        return quota_text(self.left, self.reset_in, self._cells, colors)
