"""The list with columns: what is shown, where the bar is, what it says."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.row_list import Cell, Column, Row, RowList

COLUMNS = (Column("name"), Column("state", 8), Column("more", 10, from_width=60))
NAMES = ("ada", "alan", "grace", "edsger")


def rows(names: tuple[str, ...] = NAMES) -> tuple[Row, ...]:
    return tuple(Row(name, (Cell(name), Cell("ready", "good"), Cell("x" * 30))) for name in names)


class ListApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[str] = []
        self.moved: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "#888888", "faint": "#666666", "select": "#224466"}

    def compose(self) -> ComposeResult:
        yield RowList(COLUMNS)

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.chosen.append(message.id)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self.moved.append(message.id)


def text(view: RowList, y: int) -> str:
    return view.render_line(y).text


async def test_rows_stand_in_their_columns_and_never_wrap() -> None:
    async with ListApp().run_test(size=(80, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show(rows())
        await pilot.pause()
        assert text(view, 0).split() == ["name", "state", "more"]
        assert text(view, 1).startswith("▌ada")
        assert text(view, 1).rstrip().endswith("xxxxxxxxx…")
        assert {len(text(view, y)) for y in range(5)} == {80}


async def test_a_narrow_list_leaves_out_what_matters_least() -> None:
    async with ListApp().run_test(size=(40, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show(rows())
        await pilot.pause()
        assert text(view, 0).split() == ["name", "state"]


async def test_the_bar_moves_stays_with_its_row_and_opens() -> None:
    async with ListApp().run_test(size=(80, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show(rows())
        view.focus()
        await pilot.press("j", "down", "k", "enter")
        assert pilot.app.chosen == ["alan"]
        view.show(rows(("zoe", "yan", *NAMES)))
        assert view.cursor_id == "alan"
        await pilot.press("G", "enter", "g", "enter")
        assert pilot.app.chosen == ["alan", "edsger", "zoe"]


async def test_headings_are_passed_over() -> None:
    async with ListApp().run_test(size=(80, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        listed = rows()
        view.show((Row("", (Cell("today", "muted"),)), *listed[:2], Row("", (Cell("earlier"),)), *listed[2:]))
        view.focus()
        await pilot.press("j", "j", "k", "k", "k")
        assert view.cursor_id == "ada"
        await pilot.press("j", "j")
        assert view.cursor_id == "grace"
        assert "today" in text(view, 1)


async def test_a_vanished_row_hands_the_bar_to_its_neighbour() -> None:
    async with ListApp().run_test(size=(80, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show(rows())
        view.put_cursor("alan")
        view.show(rows(("ada", "grace")))
        assert view.cursor_id == "grace"
        view.show(())
        await pilot.pause()
        assert view.cursor_id == ""
        assert pilot.app.moved[-1] == ""


async def test_a_click_moves_and_a_second_one_opens() -> None:
    async with ListApp().run_test(size=(80, 24)) as pilot:
        view = pilot.app.query_one(RowList)
        view.show(rows())
        await pilot.pause()
        await pilot.click(RowList, offset=(3, 3))
        assert (view.cursor_id, pilot.app.chosen) == ("grace", [])
        await pilot.click(RowList, offset=(3, 3))
        assert pilot.app.chosen == ["grace"]
