"""A picture in a pane: small first, then sharp, zoomed, moved, or an error in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from textual.message import Message

from tests.tui.widgets.stage import Stage, rows_of, shown, until
from tui.widgets.pixel_view import PixelView


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "noise.png"
    Image.effect_noise((400, 400), 90).save(path)
    return path


async def test_a_small_placeholder_comes_first(picture: Path) -> None:
    view = PixelView(settle=60)
    async with Stage(view).run_test(size=(80, 30)) as pilot:
        view.path = picture
        await until(pilot, lambda: view.showing == "placeholder")
        assert max(row.count("▀") for row in rows_of(view)) == 24


async def test_the_whole_picture_follows_after_a_moment(picture: Path) -> None:
    view = PixelView()
    messages: list[Message] = []
    async with Stage(view).run_test(size=(80, 30), message_hook=messages.append) as pilot:
        view.path = picture
        await until(pilot, lambda: view.showing == "picture")
        assert max(row.count("▀") for row in rows_of(view)) == 60
        await until(pilot, lambda: any(isinstance(message, PixelView.Loaded) for message in messages))
        loaded = [message for message in messages if isinstance(message, PixelView.Loaded)]
        assert loaded[0].size == (400, 400)


async def test_a_picture_seen_before_is_there_at_once(picture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (8, 8), "red").save(other)
    view = PixelView(picture)
    async with Stage(view).run_test(size=(80, 30)) as pilot:
        await until(pilot, lambda: view.showing == "picture")
        view.path = other
        await until(pilot, lambda: view.showing == "picture")
        view.path = picture
        assert view.showing == "picture"


async def test_quick_steps_decode_only_placeholders_and_show_the_last(picture: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        Image.new("RGB", (100 + number, 100)).save(path)
    view = PixelView()
    messages: list[Message] = []
    async with Stage(view).run_test(size=(80, 30), message_hook=messages.append) as pilot:
        for path in paths:
            view.path = path
            await pilot.pause()
        await until(pilot, lambda: view.showing == "picture")
        await pilot.pause()
        loaded = {message.path for message in messages if isinstance(message, PixelView.Loaded)}
        assert loaded == {paths[-1]}


async def test_zoom_shows_more_of_the_picture_and_arrows_move_over_it(picture: Path) -> None:
    view = PixelView(picture)
    async with Stage(view).run_test(size=(40, 20)) as pilot:
        await until(pilot, lambda: view.showing == "picture")
        await pilot.press("z")
        await until(pilot, lambda: view.zoom == 2 and view.showing == "picture")
        middle = shown(view)
        at = view.scroll_offset
        assert at.x > 0
        assert at.y > 0
        await pilot.press("right")
        assert view.scroll_offset.x > at.x
        await pilot.press("plus", "minus", "0")
        await until(pilot, lambda: view.zoom == 1 and view.showing == "picture")
        assert shown(view) != middle or view.scroll_offset.x == 0


async def test_zoom_ends_where_the_picture_has_no_more_to_show(tmp_path: Path) -> None:
    path = tmp_path / "tiny.png"
    Image.new("RGB", (100, 100)).save(path)
    view = PixelView(path)
    async with Stage(view).run_test(size=(80, 40)) as pilot:
        await until(pilot, lambda: view.showing == "picture")
        for _ in range(6):
            await pilot.press("plus")
            await until(pilot, lambda: view.showing == "picture")
        assert view.zoom == 8
        await pilot.press("z")
        assert view.zoom == 1


async def test_what_cannot_be_shown_is_said_in_the_pane(tmp_path: Path) -> None:
    view = PixelView(tmp_path / "gone.png")
    messages: list[Message] = []
    async with Stage(view).run_test(size=(80, 20), message_hook=messages.append) as pilot:
        await until(pilot, lambda: view.showing == "error")
        await pilot.pause()
        assert "✗ gone.png is no longer there" in shown(view)
        assert any(isinstance(message, PixelView.Failed) for message in messages)


async def test_without_a_path_the_pane_says_what_to_do() -> None:
    view = PixelView(empty="Press g to make a picture.")
    async with Stage(view).run_test(size=(80, 20)):
        assert "Press g to make a picture." in shown(view)


async def test_the_caption_stands_in_the_last_row(picture: Path) -> None:
    view = PixelView(picture)
    async with Stage(view).run_test(size=(80, 20)) as pilot:
        view.caption = "z zoom\x1b[31m"
        await until(pilot, lambda: view.showing == "picture")
        assert rows_of(view)[-1].strip() == "z zoom"
        assert "▀" in rows_of(view)[-2]


async def test_nothing_is_painted_while_nothing_changes(picture: Path) -> None:
    view = PixelView(picture)
    async with Stage(view).run_test(size=(80, 20)) as pilot:
        await until(pilot, lambda: view.showing == "picture")
        await pilot.pause(0.2)
        painted: list[int] = []
        original = view.render_line
        view.render_line = lambda y: painted.append(y) or original(y)  # type: ignore[method-assign]
        await pilot.pause(0.3)
        assert not painted
