"""The generate tab as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from core.domain.works import Asset
from tests.tui.fake_services import QUOTA_FAILURE, FakeLibrary, FakeServices, picture_request
from tui.panes.generate import GeneratePane
from tui.screens.picture import PictureScreen

from .conftest import Program, app_over, on_screen, settled, until


async def test_a_prompt_becomes_a_picture_that_is_shown_with_its_file(
    program: Program, services: FakeServices
) -> None:
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.aspect.value, pane.amount.value = "16:9", "2"
        await pilot.press(*"a kite", "enter")
        await until(pilot, lambda: len(services.pictures_kept) == 5)
        await settled(pilot)
        request = services.queue[0].request
        assert (request.prompt, request.n, request.image.aspect) == ("a kite", 2, "16:9")
        newest = services.pictures_kept[0]
        assert pane.picture.path == Path(newest.path)
        assert str(pane.where.render()) == newest.path
        assert pane.queue.rows[0].cells[0].text == "●"
        assert pane.prompt.text == "a kite", "to be changed and sent again"


async def test_escape_cancels_the_newest_job(program: Program) -> None:
    held = FakeServices(Path("library"), held=True)
    async with program("generate", world=held) as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await pilot.press(*"slow", "enter")
        await until(pilot, lambda: bool(pane.queue.rows))
        assert pane.busy() == "1 picture job is still running"
        await pilot.press("escape")
        await until(pilot, lambda: held.queue[0].state == "cancelled")
        await settled(pilot)
        assert pane.queue.rows[0].cells[2].text == "cancelled"


async def test_a_failed_job_says_why_in_the_queue(program: Program, services: FakeServices) -> None:
    services.fail_next = QUOTA_FAILURE
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await pilot.press("x", "enter")
        await until(pilot, lambda: len(pane.queue.rows) == 2)
        assert "used up" in pane.queue.rows[1].cells[0].text


async def test_older_pictures_are_browsed_and_shown_on_the_whole_screen(program: Program) -> None:
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.strip.focus()
        await pilot.press("right")
        await pilot.pause()
        assert pane.picture.path is not None
        assert pane.picture.path.name == "lighthouse-1.png"
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, PictureScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PictureScreen))


async def test_a_deleted_picture_leaves_the_strip(program: Program, services: FakeServices) -> None:
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.strip.focus()
        await pilot.press("d")
        await until(pilot, lambda: len(services.pictures_kept) == 2)
        await settled(pilot)
        assert pane.strip.cursor_id == "pic1"


async def two_jobs(pilot: Pilot[Any], services: FakeServices) -> GeneratePane:
    """The pane with the bar on the older of two jobs, whose picture is on show."""
    pane = pilot.app.query_one(GeneratePane)
    await settled(pilot)
    for number in range(2):
        await services.studio.submit(picture_request(f"kite {number}"))
    await until(pilot, lambda: len(pane.queue.rows) == 2)
    await settled(pilot)
    pane.queue.focus()
    await pilot.press("j")
    await until(pilot, lambda: pane.picture.path is not None and pane.picture.path.name == "made-3.png")
    return pane


async def test_every_key_is_about_the_picture_that_is_on_show(
    program: Program, services: FakeServices
) -> None:
    async with program("generate") as pilot:
        pane = await two_jobs(pilot, services)
        assert str(pane.where.render()) == "library/made-3.png"
        copied: list[str] = []
        pilot.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await pilot.press("ctrl+y")
        assert copied == ["library/made-3.png"]
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, PictureScreen))
        await pilot.press("ctrl+y", "escape")
        assert copied == ["library/made-3.png"] * 2
        await pilot.press("d")
        await until(pilot, lambda: len(services.pictures_kept) == 4)
        assert {each.prompt for each in services.pictures_kept} == {"kite 1", "a lighthouse at dusk, linocut"}


async def test_an_event_leaves_the_picture_on_show(program: Program, services: FakeServices) -> None:
    async with program("generate") as pilot:
        pane = await two_jobs(pilot, services)
        pane.load()
        await settled(pilot)
        assert str(pane.where.render()) == "library/made-3.png"


async def test_pressing_d_twice_deletes_one_and_u_shows_it_again(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    gone: list[Asset] = []

    async def delete(self: FakeLibrary, asset_id: str) -> None:
        asked.append(asset_id)
        gone.extend(each for each in services.pictures_kept if each.id == asset_id)
        services.pictures_kept = [each for each in services.pictures_kept if each.id != asset_id]
        await services.go.wait()

    async def restore(self: FakeLibrary, asset_id: str) -> Asset:
        services.pictures_kept.append(gone[-1])
        return gone.pop()

    monkeypatch.setattr(FakeLibrary, "delete_asset", delete)
    monkeypatch.setattr(FakeLibrary, "restore_asset", restore)
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        services.go.clear()
        pane.action_delete()
        await until(pilot, lambda: bool(gone))
        pane.action_delete()
        await pilot.pause()
        services.go.set()
        await settled(pilot)
        assert asked == ["pic0"], "asked for once, whatever keys were typed ahead"
        pane.action_undo()
        await until(pilot, lambda: not gone)
        await settled(pilot)
        assert pane.strip.cursor_id == "pic0"
        assert str(pane.where.render()) == "library/lighthouse-0.png"


async def test_what_another_tab_asks_for_is_shown_once_the_gateway_is_there(
    program: Program, services: FakeServices
) -> None:
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.services = None
        pane.asked("pic2")
        await settled(pilot)
        pane.services = services
        pane.ready(services)
        pane.load()
        await settled(pilot)
        assert str(pane.where.render()) == "library/lighthouse-2.png"


async def test_a_prompt_and_a_model_are_shown_as_they_are(program: Program, services: FakeServices) -> None:
    first = services.pictures_kept[0]
    services.pictures_kept[0] = msgspec.structs.replace(
        first, prompt="[bold]a [/wrong] \x1b[31mkite", model="[x]"
    )
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.model = "[/wrong]\x1b[31mmodel"
        await pilot.pause()
        assert str(pane.picture._border_title) == "[bold]a [/wrong] kite"
        assert str(pane.picture._border_subtitle).endswith("[x]")
        assert "[/wrong]model" in str(pane.query_one("#model", Static).render())


async def test_pictures_are_browsed_where_the_strip_has_no_room_until_one_is_zoomed(program: Program) -> None:
    async with program("generate", (80, 24)) as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        assert not pane.strip.display
        pane.picture.focus()
        await until(pilot, lambda: on_screen(pilot, "← → browse"))
        first = pane.picture.path
        await pilot.press("right")
        await until(pilot, lambda: pane.picture.path != first)
        await pilot.press("left")
        await until(pilot, lambda: pane.picture.path == first)
        await until(pilot, lambda: pane.picture.showing == "picture")
        await pilot.press("z")
        await until(pilot, lambda: pane.picture.max_scroll_x > 0)
        at = pane.picture.scroll_x
        await pilot.press("right")
        await until(pilot, lambda: pane.picture.scroll_x > at)
        assert pane.picture.path == first


async def test_a_picture_on_its_way_is_announced_and_a_job_says_how_many(tmp_path: Path) -> None:
    held = FakeServices(tmp_path / "library", filled=False, held=True)
    app = app_over(held, tmp_path / "home", "generate")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.shell.pane is not None and app.shell.pane.services is not None)
        pane = pilot.app.query_one(GeneratePane)
        await until(pilot, lambda: on_screen(pilot, "Describe a picture and press enter."))
        pane.amount.value = "4"
        await pilot.press(*"slow", "enter")
        await until(pilot, lambda: on_screen(pilot, "The picture is on its way.", "4× slow"))


async def test_small_pictures_stand_on_the_bar_under_them(program: Program) -> None:
    async with program("generate") as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        strip = pane.strip
        await until(pilot, lambda: all(strip._grids.get(thumb.id) for thumb in strip._visible))
        rows = [strip.render_line(y).text for y in range(strip.size.height)]
        grid = strip._grids[strip.cursor_id]
        assert grid is not None
        assert grid.rows < strip.size.height - 1
        assert rows[-1].startswith("▔" * grid.cols + " ")
        assert rows[-2].startswith("▀" * grid.cols)
        assert not rows[0].strip()


async def test_a_larger_terminal_shows_as_many_small_pictures_as_there_are(program: Program) -> None:
    async with program("generate", (80, 24)) as pilot:
        pane = pilot.app.query_one(GeneratePane)
        await settled(pilot)
        pane.picture.focus()
        await pilot.press("right", "right")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: len(pane.strip._visible) == 3)
        assert pane.strip.cursor_id == pane.strip._visible[2].id
