"""The log tail on the screen."""

from __future__ import annotations

import time

from textual.message import Message

from core.domain.state import Level, LogLine
from tests.tui.widgets.stage import Clock, Stage, rows_of, shown, until
from tui.widgets.log_source import LogBuffer
from tui.widgets.log_view import LogView

SIZE = (80, 10)


def line(seq: int, text: str = "", level: Level = "info") -> LogLine:
    return LogLine(seq, 3600.0 + seq, level, "proxy", text or f"line {seq}")


def log(count: int, capacity: int = 100) -> tuple[LogBuffer, LogView]:
    source = LogBuffer(capacity)
    source.extend(line(seq) for seq in range(1, count + 1))
    return source, LogView(source, local=time.gmtime)


async def test_a_row_is_time_level_source_and_text() -> None:
    _, view = log(1)
    async with Stage(view).run_test(size=SIZE):
        assert rows_of(view)[0] == " 01:00:01 INFO  proxy    line 1"
    _, view = log(1)
    async with Stage(view).run_test(size=(120, 10)):
        assert rows_of(view)[0] == " 01:00:01.000 INFO  proxy    line 1"


async def test_new_lines_are_followed() -> None:
    source, view = log(50)
    async with Stage(view).run_test(size=SIZE) as pilot:
        assert rows_of(view)[-1].endswith("line 50")
        source.extend(line(seq) for seq in range(51, 300))
        await until(pilot, lambda: rows_of(view)[-1].endswith("line 299"))
        assert view.status_text == "100 of 299 kept · 0 dropped"


async def test_paused_nothing_moves_even_when_the_lines_are_forgotten() -> None:
    source, view = log(50, 60)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("space")
        before = rows_of(view)
        source.extend(line(seq) for seq in range(51, 500))
        view.tick()
        await pilot.pause()
        assert rows_of(view) == before
        assert view.status_text.startswith("‖ paused, 449 new below · 60 of 499 kept")
        await pilot.press("space")
        assert rows_of(view)[-1].endswith("line 499")


async def test_scrolling_up_pauses_and_the_end_follows_again() -> None:
    _, view = log(50)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+u")
        assert not view.follow
        await pilot.press("G")
        assert view.follow


async def test_scrolling_in_a_paused_log_keeps_lines_by_number() -> None:
    source, view = log(100)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+u")
        source.extend(line(seq) for seq in range(101, 131))
        view.tick()
        top = rows_of(view)[0]
        view.scroll_to(y=view.scroll_offset.y - 1)
        await pilot.pause()
        assert rows_of(view)[1] == top


async def test_levels_and_words_narrow_the_rows_and_words_are_marked() -> None:
    source, view = log(20)
    source.extend([line(21, "boom", "error"), line(22, "quota low", "warning")])
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: "line" not in shown(view))
        assert [row.split()[-1] for row in rows_of(view) if row] == ["boom", "low"]
        view.filter_text = "QUOTA"
        await until(pilot, lambda: "boom" not in shown(view))
        marked = [
            segment.text for segment in view.render_line(0) if segment.style and segment.style.underline
        ]
        assert marked == ["quota"]
        assert "1 match" in view.status_text


async def test_the_cursor_pauses_and_its_line_can_be_opened_and_copied() -> None:
    _, view = log(20)
    messages: list[Message] = []
    async with Stage(view).run_test(size=SIZE, message_hook=messages.append) as pilot:
        await pilot.press("k", "k", "enter", "y")
        assert not view.follow
        once = {id(message): message for message in messages}.values()
        assert [message.line.seq for message in once if isinstance(message, LogView.Selected)] == [19]
        copied = [message.text for message in once if isinstance(message, LogView.CopyRequested)]
        assert copied == ["01:00:19 INFO  proxy line 19"]


async def test_lines_are_text_whatever_they_hold() -> None:
    source, view = log(0)
    source.extend([line(1, "[bold]x[/bold] \x1b[31mred\nnext \u202eevil")])
    async with Stage(view).run_test(size=SIZE):
        assert rows_of(view)[0].endswith("[bold]x[/bold] red next evil")


async def test_long_lines_are_reached_sideways() -> None:
    source, view = log(0)
    source.extend([line(1, "a" * 100 + "the end")])
    async with Stage(view).run_test(size=SIZE) as pilot:
        assert "the end" not in shown(view)
        await pilot.press("l", "l", "l")
        assert "the end" in shown(view)


async def test_hidden_the_log_is_not_read() -> None:
    class Counting(LogBuffer):
        reads = 0

        @property
        def last(self) -> int:
            self.reads += 1
            return super().last

    source = Counting(10)
    view = LogView(source)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: source.reads > 2)
        view.display = False
        await pilot.pause(0.1)
        before = source.reads
        await pilot.pause(0.35)
        assert source.reads == before
        source.extend([line(1, "meanwhile")])
        view.display = True
        await until(pilot, lambda: "meanwhile" in shown(view))


async def test_nothing_is_painted_while_nothing_arrives() -> None:
    _, view = log(20)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.pause(0.2)
        painted: list[int] = []
        original = view.render_line
        view.render_line = lambda y: painted.append(y) or original(y)  # type: ignore[method-assign]
        await pilot.pause(0.35)
        assert not painted


async def test_the_status_is_told_at_most_twice_a_second() -> None:
    clock = Clock()
    source = LogBuffer(10)
    view = LogView(source, clock=clock)
    messages: list[Message] = []
    async with Stage(view).run_test(size=SIZE, message_hook=messages.append) as pilot:
        for seq in range(1, 6):
            source.extend([line(seq)])
            view.tick()
            await pilot.pause()
        clock.now += 1
        view.tick()
        await pilot.pause()
        once = {id(message): message for message in messages}.values()
        told = [message.text for message in once if isinstance(message, LogView.StatusChanged)]
        assert told == ["0 of 0 kept · 0 dropped", "5 of 5 kept · 0 dropped"]


async def test_clear_empties_the_view_and_new_lines_appear() -> None:
    source, view = log(20)
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("c")
        assert shown(view).strip() == ""
        source.extend([line(21)])
        await until(pilot, lambda: "line 21" in shown(view))
