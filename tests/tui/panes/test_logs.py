"""The log tail when its owner goes away and another one comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.failure import Failure, GatewayError, Kind
from core.domain.state import Event, LogLine, LogSlice
from tests.tui.fake_services import NOW, FakeRecords, FakeServices
from tui.panes.logs import LogsPane

from .conftest import Program, on_screen, settled, until

GAP = [Event(0, NOW, "gap", {})]


def lines(count: int, text: str) -> list[LogLine]:
    return [LogLine(number + 1, NOW, "info", "gateway", f"{text} {number}") for number in range(count)]


def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tail that breaks off after what there is."""

    async def tail(self: FakeRecords, after: int = 0) -> AsyncIterator[LogSlice]:
        yield await self.lines(after)
        raise GatewayError(Failure(Kind.UNAVAILABLE, "The gateway is gone."))

    monkeypatch.setattr(FakeRecords, "tail", tail)


async def test_the_tail_begins_again_after_a_gap(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        breaking(broken)
        async with program("logs") as pilot:
            pane = pilot.app.query_one(LogsPane)
            await until(pilot, lambda: pane.log_view.source.last == 40 and pane._tail is None)
            services.log_lines.append(LogLine(41, NOW, "info", "gateway", "back"))
            services.published.put_nowait(GAP)
            await until(pilot, lambda: pane.log_view.source.last == 41)


async def test_a_tail_that_ended_begins_again_when_the_tab_is_shown_again(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch)
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40 and pane._tail is None)
        services.log_lines.append(LogLine(41, NOW, "info", "gateway", "back"))
        pane.activated()
        await until(pilot, lambda: pane.log_view.source.last == 41)


@pytest.mark.parametrize("count", [3, 40, 90], ids=["fewer", "as many", "more"])
async def test_another_owners_lines_take_the_place_of_the_old_ones(
    program: Program, services: FakeServices, count: int
) -> None:
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40)
        services.log_lines[:] = lines(count, "anew")
        services.published.put_nowait(GAP)
        await until(pilot, lambda: texts(pane)[:2] == ["anew 0", "anew 1"])
        source = pane.log_view.source
        assert source.last == count
        assert source.dropped == 0
        await settled(pilot)
        await until(pilot, lambda: "anew" in "\n".join(strip_texts(pane)))


def texts(pane: LogsPane) -> list[str]:
    return [line.text for line in pane.log_view.source.since(0, 100)]


def strip_texts(pane: LogsPane) -> list[str]:
    return [pane.log_view.render_line(y).text for y in range(pane.log_view.size.height)]


async def test_a_gap_with_the_same_owner_keeps_the_lines(program: Program, services: FakeServices) -> None:
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40)
        source = pane.log_view.source
        services.log_lines.append(LogLine(41, NOW, "info", "gateway", "one more"))
        services.published.put_nowait(GAP)
        await until(pilot, lambda: source.last == 41)
        assert pane.log_view.source is source


async def test_the_footer_says_what_space_does_next(program: Program) -> None:
    async with program("logs") as pilot:
        await until(pilot, lambda: on_screen(pilot, "space pause"))
        await pilot.press("space")
        await until(pilot, lambda: on_screen(pilot, "space follow"))
        await pilot.press("space")
        await until(pilot, lambda: on_screen(pilot, "space pause"))


async def test_enter_shows_the_newest_line_when_none_is_chosen(program: Program) -> None:
    async with program("logs") as pilot:
        pane = pilot.app.query_one(LogsPane)
        await until(pilot, lambda: pane.log_view.source.last == 40)
        await until(pilot, lambda: pane.log_view.max_scroll_y > 0)
        await pilot.press("enter")
        await until(pilot, lambda: pane.has_class("-detail"))
        assert pane.log_view.cursor_line is not None
        assert pane.log_view.cursor_line.seq == 40
