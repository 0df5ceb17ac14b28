"""One picture on the whole screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from core.domain.works import Asset
from tui import format as say
from tui.widgets.clean import clean_line
from tui.widgets.pixel_view import PixelView
from tui.widgets.plain import PlainText


class PictureScreen(Screen[None]):
    """The picture, as large as the terminal allows, and one line about it. Esc leaves."""

    DEFAULT_CSS = """
    PictureScreen { background: $background; }
    PictureScreen PixelView { height: 1fr; }
    PictureScreen #facts {
        height: 1; color: $muted; padding: 0 1; text-overflow: ellipsis; text-wrap: nowrap;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f,q", "app.pop_screen", "Back", id="picture.back", tooltip="Back to the tabs"),
        Binding("ctrl+y", "copy_path", "Copy path", id="picture.copy", priority=True),
    ]

    def __init__(self, asset: Asset) -> None:
        super().__init__()
        self._asset = asset

    def compose(self) -> ComposeResult:
        asset = self._asset
        yield PixelView(Path(asset.path))
        facts = f"esc back · {asset.width}×{asset.height} · {say.weight(asset.size)} · {asset.path}"
        yield PlainText(clean_line(facts), id="facts")

    def on_mount(self) -> None:
        self.query_one(PixelView).focus()

    def action_copy_path(self) -> None:
        app = cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]
        app.copy_to_clipboard(self._asset.path)
