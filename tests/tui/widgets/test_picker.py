"""Choosing one of many by typing."""

from __future__ import annotations

import time

from textual.app import App

from tests.tui.widgets.stage import until
from tui.widgets.picker import Picker
from tui.widgets.picker_list import PickerColumn, PickerList, PickerRow, ranked

ROWS = [
    PickerRow("g3", "gemini-3-pro", ("1M", "81%"), "Long documents."),
    PickerRow("g3f", "gemini-3-flash", ("1M", "93%"), "Fast."),
    PickerRow("cs", "claude-sonnet-4-5", ("200k", "74%"), "Careful with code."),
]


class Asking(App[None]):
    """Shows a picker and keeps what it answered."""

    def __init__(self, picker: Picker) -> None:
        super().__init__()
        self._picker = picker
        self.answers: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(self._picker, self.answers.append)


def ids(words: str) -> list[str]:
    return [found.row.id for found in ranked(words, ROWS)]


def test_letters_may_lie_apart_and_every_word_must_occur() -> None:
    assert ids("gmp") == ["g3"]
    assert ids("gemini flash") == ["g3f"]
    assert ids("") == ["g3", "g3f", "cs"]
    assert ids("nothing") == []


def test_facts_and_hints_are_searched_too_but_titles_count_more() -> None:
    assert ids("200k") == ["cs"]
    assert ids("careful") == ["cs"]
    assert ranked("3", ROWS)[0].row.id == "g3"


def test_matching_letters_are_named() -> None:
    assert ranked("pro", ROWS)[0].letters == (9, 10, 11)


def test_repeated_letters_do_not_take_forever() -> None:
    start = time.process_time()
    ranked("a" * 30 + "b", [PickerRow("x", "a" * 90 + "c")] * 5)
    assert time.process_time() - start < 1


async def test_typing_narrows_enter_chooses() -> None:
    picker = Picker("Choose a model", ROWS, [PickerColumn("context", True), PickerColumn("quota", True)])
    app = Asking(picker)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f", "l", "a", "enter")
        await until(pilot, lambda: bool(app.answers))
        assert app.answers == ["g3f"]


async def test_the_bar_starts_on_the_current_row_and_wraps_around() -> None:
    app = Asking(Picker("Choose", ROWS, current="cs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await until(pilot, lambda: bool(app.answers))
        assert app.answers == ["g3"]


async def test_escape_chooses_nothing() -> None:
    app = Asking(Picker("Choose", ROWS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await until(pilot, lambda: bool(app.answers))
        assert app.answers == [None]


async def test_enter_without_a_match_does_nothing() -> None:
    picker = Picker("Choose", ROWS)
    app = Asking(picker)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("x", "x", "x", "enter")
        assert not app.answers
        assert picker.is_current


async def test_a_click_chooses() -> None:
    app = Asking(Picker("Choose", ROWS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(PickerList, offset=(5, 1))
        await until(pilot, lambda: bool(app.answers))
        assert app.answers == ["g3f"]


async def test_facts_line_up_at_80x24_and_the_bar_stays_in_view() -> None:
    rows = [PickerRow(f"m{number}", f"model-{number}", (f"{number}k", "–")) for number in range(40)]
    picker = Picker("Choose", rows, [PickerColumn("context", True), PickerColumn("quota")], current="m39")
    app = Asking(picker)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        listed = [picker.choices.render_line(y).text for y in range(picker.choices.size.height)]
        assert listed[-1].startswith("▌ model-39")
        assert "39k  –" in listed[-1]
        assert picker.box.region.bottom <= 24


async def test_texts_from_outside_are_shown_as_they_are() -> None:
    row = PickerRow("a", "\x1b[31mgem[/x]ini", ("\x1b[1m1M",), "a\nb \x1b]0;title\x07[bold]")
    assert ranked("gem", [row])[0].letters == (0, 1, 2)
    picker = Picker("[/wrong] \x1b[31mtitle", [row], (PickerColumn("context"),))
    app = Asking(picker)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: picker.is_mounted and picker.choices.cursor_row is not None)
        await pilot.pause()
        assert str(picker.box._border_title) == "[/wrong] title"
        assert str(picker.hint.render()) == "a b [bold]"
        shown = picker.choices.render_line(1).text
        assert shown.startswith("▌ gem[/x]ini ")
        assert shown.rstrip().endswith("1M")
