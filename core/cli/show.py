"""`agtui show`: a picture as half-blocks, by rich-pixels. The terminal program has a renderer of its own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .app import App, pass_app
from .exits import Exit, Stop
from .output import data, on_terminal, terminal_size, words

if TYPE_CHECKING:
    from PIL.Image import Image

PROMPT_LINES = 5
"""Left free below a picture: its path, which may wrap, and a prompt of up to three lines."""
WIDEST = 64
"""Columns by default: a cell costs some 40 bytes, which counts over SSH."""
LARGEST_PIXELS = 100_000_000


@click.command()
@click.argument("picture")
@click.option("--width", type=click.IntRange(4, 400), default=None, help="Columns to use.")
@click.option("--ansi", is_flag=True, help="Write colours even when piped: agtui show --ansi X > x.ans")
@pass_app
def show(app: App, picture: str, width: int | None, ansi: bool) -> None:
    """Show PICTURE, a file or the id of a picture in the library.

    When piped it prints the path and the size, or the picture itself with --ansi.
    """
    path = Path(picture)
    if not path.exists():
        path = Path(app.ask(lambda services: services.library.asset(picture)).path)
    if ansi or on_terminal():
        show_file(path, width, forced=ansi)
    else:
        with _opened(path) as image:
            data(f"{path}\t{image.width}x{image.height}")


def show_file(path: Path, width: int | None = None, forced: bool = False) -> None:
    """Draw the file at `path`; with colours switched off, one sentence instead."""
    context = click.get_current_context(silent=True)
    if not forced and context is not None and context.color is False:
        words("agtui: pictures need colours, and they are switched off.")
        return
    with _opened(path) as image:
        columns, lines = terminal_size()
        if width is None:
            # As wide as it may be while the picture and the next prompt fit on the screen.
            width = max(4, min(columns, WIDEST, (lines - PROMPT_LINES) * 2 * image.width // image.height))
        click.echo(render(image, width), nl=False, color=True)


def render(image: Image, columns: int) -> str:
    """`image` as ANSI text: `columns` wide, two pixels a cell, its proportions kept."""
    from rich.console import Console
    from rich_pixels import HalfcellRenderer, Pixels

    rows = max(2, round(columns * image.height / image.width))
    small = image.convert("RGBA").resize(  # pyright: ignore[reportUnknownMemberType]  (numpy is optional there)
        (columns, rows + rows % 2)
    )
    out = io.StringIO()
    console = Console(
        file=out, width=columns, force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    console.print(Pixels.from_image(small, renderer=HalfcellRenderer()))
    return out.getvalue()


def _opened(path: Path) -> Image:
    """The picture at `path`, not decoded yet. Ends the command when it is none, or too large to show."""
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(path)
    except (OSError, UnidentifiedImageError) as error:
        raise Stop(f"{path} can't be shown: it is no picture that can be read.", Exit.FAILURE) from error
    if image.width * image.height > LARGEST_PIXELS:
        image.close()
        raise Stop(f"{path} is too large to show: {image.width}x{image.height}.", Exit.FAILURE)
    return image
