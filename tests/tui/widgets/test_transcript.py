"""The conversation view: following, staying put, cursor, selection, search, streaming."""

from __future__ import annotations

from itertools import pairwise

from textual.geometry import Offset
from textual.message import Message
from textual.selection import Selection

from tests.tui.widgets.stage import Clock, Stage, rows_of, shown, until
from tui.widgets.transcript import TranscriptView
from tui.widgets.turn import ToolView, TurnView

SIZE = (60, 12)


def turns(count: int, text: str = "answer {}.\n\nmore of it") -> list[TurnView]:
    return [
        TurnView(
            str(number),
            "model" if number % 2 else "you",
            text.format(number) if number % 2 else f"q {number}",
        )
        for number in range(count)
    ]


def heard(messages: list[Message], kind: type[Message]) -> list[Message]:
    """Messages of a kind, once each: the hook sees them again at every widget they pass."""
    once = {id(message): message for message in messages}
    return [message for message in once.values() if isinstance(message, kind)]


async def test_a_conversation_opens_at_its_end() -> None:
    view = TranscriptView(turns(40))
    async with Stage(view).run_test(size=SIZE):
        assert "answer 39." in shown(view)
        assert view.follow


async def test_turns_out_of_view_are_laid_out_without_moving_the_picture() -> None:
    view = TranscriptView(turns(300, "word " * 60))
    async with Stage(view).run_test(size=SIZE) as pilot:
        before = rows_of(view)
        assert view.arranging
        await until(pilot, lambda: not view.arranging)
        assert rows_of(view) == before


async def test_an_answer_is_followed_to_its_end() -> None:
    view = TranscriptView(turns(10))
    async with Stage(view).run_test(size=SIZE) as pilot:
        handle = view.begin_answer(TurnView("live", "model"))
        handle.feed("line\n\n" * 30 + "the end")
        await until(pilot, lambda: "the end" in shown(view))
        final = handle.finish("↑1 ↓2")
        await pilot.pause()
        assert "↑1 ↓2" in shown(view)
        assert final.text.endswith("the end")
        assert view.turns[-1] == final


async def test_scrolled_up_nothing_moves_and_the_new_rows_are_counted() -> None:
    view = TranscriptView(turns(20))
    messages: list[Message] = []
    async with Stage(view).run_test(size=SIZE, message_hook=messages.append) as pilot:
        await until(pilot, lambda: not view.arranging)
        await pilot.press("ctrl+u")
        before = rows_of(view)
        assert not view.follow
        view.append_turn(TurnView("new", "model", "one\n\ntwo"))
        await pilot.pause()
        assert rows_of(view) == before
        assert view.new_below == 4
        assert view.border_subtitle == "4 new below"
        assert heard(messages, TranscriptView.FollowChanged)
        await pilot.press("G")
        assert view.follow
        assert "two" in shown(view)
        assert not view.border_subtitle


async def test_scrolling_down_to_the_end_follows_again() -> None:
    view = TranscriptView(turns(20))
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("pageup")
        assert not view.follow
        await pilot.press("pagedown", "pagedown")
        assert view.follow


async def test_another_width_keeps_the_place() -> None:
    view = TranscriptView(turns(60, "start {} " + "word " * 40))
    async with Stage(view).run_test(size=(100, 12)) as pilot:
        await until(pilot, lambda: not view.arranging)
        view.scroll_to(y=view.rows.top(31))
        await pilot.pause()
        assert "start 31" in rows_of(view)[0]
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: view.room.width == 49 and not view.arranging)
        assert "start 31" in rows_of(view)[0]


async def test_another_theme_colours_the_rows_anew() -> None:
    view = TranscriptView([TurnView("1", "model", "# Heading")])
    app = Stage(view)
    async with app.run_test(size=SIZE) as pilot:
        before = view.rows.line(0).segments[1].style
        app.theme = "solarized-light"
        await pilot.pause()
        await until(pilot, lambda: view.rows.line(0).segments[1].style != before)


async def test_the_answer_is_painted_at_the_pace_of_the_line() -> None:
    clock = Clock()
    view = TranscriptView(clock=clock)
    view.low_bandwidth = True
    async with Stage(view).run_test(size=SIZE) as pilot:
        handle = view.begin_answer(TurnView("live", "model"))
        await pilot.pause()
        handle.feed("early")
        await pilot.pause(0.3)
        assert "early" not in shown(view)
        clock.now += 0.25
        handle.feed(" and late")
        await until(pilot, lambda: "early and late" in shown(view))


async def test_stopping_keeps_what_has_arrived() -> None:
    view = TranscriptView()
    async with Stage(view).run_test(size=SIZE) as pilot:
        handle = view.begin_answer(TurnView("live", "model"))
        handle.feed("half an ans")
        handle.status("streaming ↓3")
        await until(pilot, lambda: "streaming ↓3" in shown(view) and "esc stop" in shown(view))
        handle.finish(state="stopped")
        await pilot.pause()
        assert "half an ans" in shown(view)
        assert "■ stopped" in shown(view)
        assert "esc stop" not in shown(view)
        handle.feed("too late")
        await pilot.pause()
        assert "too late" not in shown(view)


async def test_another_conversation_leaves_the_running_answer_behind() -> None:
    view = TranscriptView()
    async with Stage(view).run_test(size=SIZE) as pilot:
        handle = view.begin_answer(TurnView("live", "model"))
        handle.feed("of the old one")
        view.set_turns([TurnView("1", "you", "the other one")])
        handle.feed(", still")
        await pilot.pause()
        assert "the other one" in shown(view)
        assert "old one" not in shown(view)
        assert handle.finish().text == "of the old one, still"
        assert [turn.id for turn in view.turns] == ["1"]


async def test_the_cursor_walks_over_blocks_and_copies_them() -> None:
    view = TranscriptView([TurnView("1", "model", "text\n\n```py\nx = 1\n```")])
    messages: list[Message] = []
    async with Stage(view).run_test(size=SIZE, message_hook=messages.append) as pilot:
        await pilot.press("k", "y", "k", "y", "k", "Y")
        copied = heard(messages, TranscriptView.CopyRequested)
        assert [(message.text, message.what) for message in copied] == [  # type: ignore[attr-defined]
            ("x = 1", "code"),
            ("text", "text"),
            ("text\n\n```py\nx = 1\n```", "turn"),
        ]


async def test_unfolding_shows_the_thoughts_and_folding_hides_them() -> None:
    view = TranscriptView([TurnView("1", "model", "so.", thoughts="first\nsecond")])
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("k", "k", "enter")
        assert "second" in shown(view)
        await pilot.press("enter")
        assert "second" not in shown(view)
        await pilot.click(TranscriptView, offset=(4, 0))
        assert "second" in shown(view)


async def test_selected_text_has_no_margins_and_no_breaks_of_the_wrapping() -> None:
    view = TranscriptView([TurnView("1", "you", "ask"), TurnView("2", "model", "word " * 20 + "end\n\nnext")])
    async with Stage(view).run_test(size=(40, 12)):
        got = view.get_selection(Selection(Offset(0, 0), Offset(6, 6)))
        assert got is not None
        assert got[0] == "ask\n\n" + "word " * 20 + "end\n\nnext"
        part = view.get_selection(Selection(Offset(7, 2), Offset(11, 2)))
        assert part is not None
        assert part[0] == "word"


async def test_a_drag_of_the_mouse_selects_what_it_passes() -> None:
    view = TranscriptView([TurnView("1", "model", "alpha beta gamma")])
    app = Stage(view)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.mouse_down(TranscriptView, offset=(8, 0))
        await pilot.hover(TranscriptView, offset=(12, 0))
        await pilot.mouse_up(TranscriptView, offset=(12, 0))
        await pilot.pause()
        assert app.screen.get_selected_text() == "beta"


async def test_a_click_in_the_empty_margin_means_the_start_of_the_row() -> None:
    view = TranscriptView([TurnView("1", "model", "alpha")])
    app = Stage(view)
    async with app.run_test(size=(160, 12)) as pilot:
        assert rows_of(view)[0].startswith(" " * 20)
        await pilot.mouse_down(TranscriptView, offset=(1, 0))
        await pilot.hover(TranscriptView, offset=(150, 0))
        await pilot.mouse_up(TranscriptView, offset=(150, 0))
        await pilot.pause()
        assert app.screen.get_selected_text() == "alpha"


async def test_search_goes_to_matches_and_around() -> None:
    conversation = turns(60)
    conversation[10] = TurnView("10", "you", "a Needle here")
    conversation[50] = TurnView("50", "you", "needle again")
    view = TranscriptView(conversation)
    async with Stage(view).run_test(size=SIZE) as pilot:
        assert view.search("needle") == 2
        await pilot.pause()
        first = "Needle" in shown(view)
        await pilot.press("n")
        assert ("Needle" in shown(view)) != first
        await pilot.press("n")
        assert ("Needle" in shown(view)) == first
        assert view.search("nowhere") == 0


async def test_a_hidden_view_paints_nothing_and_catches_up_when_shown() -> None:
    view = TranscriptView()
    async with Stage(view).run_test(size=SIZE) as pilot:
        handle = view.begin_answer(TurnView("live", "model"))
        view.display = False
        await until(pilot, lambda: not view.shown)
        handle.feed("while away")
        await pilot.pause(0.2)
        assert view.rows.height(0) == 2
        view.display = True
        await until(pilot, lambda: "while away" in shown(view))


async def test_nothing_from_a_model_reaches_the_screen_as_a_control() -> None:
    evil = "a\x1b]52;c;ZQ==\x07b \x9b31mc \u202edcb"
    view = TranscriptView(
        [
            TurnView("1", "you", evil),
            TurnView(
                "2",
                "model",
                evil,
                thoughts=evil,
                error=evil,
                footer=evil,
                tools=(ToolView(evil, evil, evil),),
            ),
            TurnView("3", "error", evil),
        ]
    )
    async with Stage(view).run_test(size=(60, 30)):
        assert all(char.isprintable() for row in rows_of(view) for char in row)


async def test_an_empty_conversation_says_what_to_do() -> None:
    view = TranscriptView(empty="Ask anything, `enter` sends it.")
    async with Stage(view).run_test(size=SIZE) as pilot:
        assert "Ask anything, enter sends it." in shown(view)
        view.append_turn(TurnView("1", "you", "hello"))
        await pilot.pause()
        assert "Ask anything" not in shown(view)


async def test_on_a_slow_link_the_view_scrolls_by_a_third_at_once() -> None:
    clock = Clock()
    view = TranscriptView(turns(20), clock=clock)
    view.low_bandwidth = True
    async with Stage(view).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: not view.arranging)
        handle = view.begin_answer(TurnView("live", "model"))
        tops: list[int] = []
        for number in range(12):
            clock.now += 1
            handle.feed(f"row {number}\n\n")
            await until(pilot, lambda number=number: f"row {number}" in shown(view))
            tops.append(view.scroll_offset.y)
        assert {later - sooner for sooner, later in pairwise(tops)} <= {0, 4}
        handle.finish("done")
        await pilot.pause()
        assert rows_of(view)[-2].strip() == "done"


async def test_what_the_user_says_brings_the_end_into_view() -> None:
    view = TranscriptView(turns(40))
    async with Stage(view).run_test(size=SIZE) as pilot:
        await pilot.press("g")
        assert not view.follow
        view.append_turn(TurnView("mine", "you", "one more thing"))
        await pilot.pause()
        assert "one more thing" in shown(view)
