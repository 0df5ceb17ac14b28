"""The one-row choice."""

from __future__ import annotations

from tests.tui.widgets.stage import Stage
from tui.widgets.choice import Choice


class Coloured(Stage):
    """With the colours that the program's themes have beyond Textual's."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "#808080", "faint": "#404040"}


async def test_options_are_shown_clean_and_picked_as_they_are() -> None:
    choice = Choice("Kind", ("one", "\x1b[31mred[/x]"))
    choice.styles.width = 60
    async with Coloured(choice).run_test(size=(60, 3)) as pilot:
        await pilot.press("right")
        assert choice.value == "\x1b[31mred[/x]"
        assert choice.render_line(0).text.rstrip() == "Kind      one ▸red[/x]"
        await pilot.click(Choice, offset=(10, 0))
        assert choice.value == "one"
        await pilot.click(Choice, offset=(20, 0))
        assert choice.value == "\x1b[31mred[/x]"
