"""The generate tab as a person uses it."""

from __future__ import annotations

from pathlib import Path

from tests.tui.fake_services import QUOTA_FAILURE, FakeServices
from tui.panes.generate import GeneratePane
from tui.screens.picture import PictureScreen

from .conftest import Program, settled, until


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
