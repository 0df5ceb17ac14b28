"""The logs tab shows what was said in a request, and sends it again."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from core.domain.bodies import Bodies, Said, Sent
from tests.tui.fake_services import FakeServices
from tui.panes.logs import LogsPane

from .conftest import Program, on_screen, settled, until


@pytest.fixture
def request_id(services: FakeServices) -> str:
    """The request of the newest line, recorded."""
    line = services.log_lines[-1]
    found = line.request_id or services.rows[0].id
    services.log_lines[-1] = type(line)(line.seq, line.at, line.level, line.source, line.text, found)
    headers = (("content-type", "application/json"),)
    words = "\\n".join(f"line {number}" for number in range(60))
    services.said[found] = Bodies(
        found,
        0.0,
        "POST",
        "/v1/messages",
        headers,
        Said('{"model":"m1","prompt":"[b]wet[/b]"}', 28),
        (Sent("https://up.test/v1:generate", Said('{"contents":[]}', 15)),),
        200,
        headers,
        Said(f'{{"said":"{words}"}}', 400, cut=True),
    )
    return found


async def shown(pilot: Pilot[Any]) -> LogsPane:
    pane = pilot.app.query_one(LogsPane)
    await until(pilot, lambda: pane.log_view.source.last == 40)
    await settled(pilot)
    pane.log_view.focus()
    return pane


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
async def test_each_side_is_a_page(
    program: Program, services: FakeServices, request_id: str, size: tuple[int, int]
) -> None:
    async with program("logs", size=size) as pilot:
        pane = await shown(pilot)
        for title, text in (
            ("1/3 as the client sent it", "POST /v1/messages, 28 bytes"),
            ("2/3 as the upstream got it, call 1", "https://up.test/v1:generate"),
            ("3/3 the answer", "200, 400 bytes, only the beginning"),
        ):
            await pilot.press("b")
            await until(pilot, lambda title=title: str(pane.detail.border_title) == title)
            await settled(pilot)
            assert on_screen(pilot, text)
        await pilot.press("b")
        await until(pilot, lambda: str(pane.detail.border_title) == request_id)


async def test_a_page_scrolls_and_is_copied(
    program: Program, services: FakeServices, request_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program("logs", size=(80, 24)) as pilot:
        pane = await shown(pilot)
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await pilot.press("b", "b")
        await until(pilot, lambda: str(pane.detail.border_title).startswith("2/3"))
        await pilot.press("y")
        await until(pilot, lambda: bool(copied))
        assert copied == ['https://up.test/v1:generate, 15 bytes\n\n{\n  "contents": []\n}']
        await pilot.press("b")
        await until(pilot, lambda: str(pane.detail.border_title).startswith("3/3"))
        await settled(pilot)
        await pilot.press("G")
        await until(pilot, lambda: pane.detail.scroll_y > 0 or pane.detail.max_scroll_y == 0)
        await pilot.press("escape")
        await until(pilot, lambda: pane.log_view.has_focus and not pane.detail.display)


async def test_what_was_not_recorded_says_which_setting_records_it(
    program: Program, services: FakeServices, request_id: str
) -> None:
    services.said.clear()
    async with program("logs") as pilot:
        await shown(pilot)
        await pilot.press("b")
        await until(pilot, lambda: on_screen(pilot, "No body is recorded"))


async def test_the_sandbox_gets_a_request_again_without_a_question(
    program: Program, services: FakeServices, request_id: str
) -> None:
    async with program("logs") as pilot:
        await shown(pilot)
        await pilot.press("r")
        await until(pilot, lambda: on_screen(pilot, "was sent again as", "req_again"))
        assert services.replayed == [(request_id, "")]


@pytest.mark.parametrize("sends", [True, False])
async def test_a_real_account_is_asked_only_after_a_yes(
    program: Program, services: FakeServices, request_id: str, sends: bool
) -> None:
    services.sandboxed = False
    async with program("logs") as pilot:
        await shown(pilot)
        await pilot.press("r")
        await until(pilot, lambda: on_screen(pilot, "Send this request again?"))
        assert not services.replayed
        await pilot.press("enter" if sends else "escape")
        await until(pilot, lambda: not on_screen(pilot, "Send this request again?"))
        await settled(pilot)
        assert bool(services.replayed) is sends


async def test_recording_has_its_badge(program: Program, services: FakeServices) -> None:
    async with program("logs") as pilot:
        await shown(pilot)
        assert not on_screen(pilot, " REC ")
    services.recording = True
    async with program("logs") as pilot:
        await shown(pilot)
        await until(pilot, lambda: on_screen(pilot, " REC "))
