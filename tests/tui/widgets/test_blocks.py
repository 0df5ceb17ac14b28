"""Whole turns as rows, at once and in portions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.widgets.stage import Clock
from tui.widgets.blocks import seconds_text, turn_layout
from tui.widgets.palette import Palette
from tui.widgets.pixels import PixelGrid
from tui.widgets.stream import StreamingTurn
from tui.widgets.turn import ImageView, ToolView, TurnView

ANSWER = """# Title

Some *text* that is long enough to be wrapped at the width that these tests use.

1. one

   ```python
   x = 1

   ```
2. two

```sh
ls -l
```
| a | b |
|---|---|
| 1 | 2 |

The end"""


def rows(turn: TurnView, width: int = 40, unfolded: frozenset[str] = frozenset()) -> list[str]:
    return [line.text.rstrip() for line in turn_layout(turn, width, Palette(), unfolded).lines]


def test_a_question_stands_literally_behind_the_marker() -> None:
    got = rows(TurnView("1", "you", "**not bold**\n[not a link](x)"))
    assert got == ["❯ **not bold**", "  [not a link](x)", ""]


def test_an_answer_starts_in_the_third_column_and_ends_with_its_footer_at_the_right() -> None:
    got = rows(TurnView("1", "model", "hello", footer="↑1 ↓2  0.4 s"))
    assert got == ["  hello", " " * 27 + "↑1 ↓2  0.4 s", ""]


def test_text_is_never_wider_than_110_cells() -> None:
    layout = turn_layout(TurnView("1", "model", "word " * 100), 300, Palette())
    assert max(line.width for line in layout.lines) <= 112


def test_thoughts_are_one_row_until_they_are_unfolded() -> None:
    turn = TurnView("1", "model", "so.", thoughts="**Plan**\nfirst this", thought_seconds=3.2)
    assert rows(turn)[0] == "  ▸ thought for 3 s · Plan"
    assert rows(turn, unfolded=frozenset({"thoughts"}))[:3] == [
        "  ▾ thought for 3 s",
        "  ▎ **Plan**",
        "  ▎ first this",
    ]


def test_a_call_is_one_row_until_it_is_unfolded() -> None:
    turn = TurnView("1", "model", tools=(ToolView("weather", '{"city": "Paris"}', "18 °C\ndry"),))
    assert rows(turn, 60)[0] == '  ◆ weather {"city": "Paris"}  → 18 °C dry'
    assert rows(turn, 60, frozenset({"tool0"}))[:4] == [
        "  ◆ weather",
        '  ▎ {"city": "Paris"}',
        "  ▎ 18 °C",
        "  ▎ dry",
    ]


def test_an_error_keeps_what_had_arrived_above_it() -> None:
    got = rows(TurnView("1", "model", "half an ans", error="The line was cut.\x1b[2J", state="failed"))
    assert got == ["  half an ans", "", "✗ The line was cut.", ""]


def test_a_stopped_answer_says_so() -> None:
    assert rows(TurnView("1", "model", "half", state="stopped"))[1].strip() == "■ stopped"


def test_a_picture_is_drawn_above_its_label() -> None:
    grid = PixelGrid(2, 2, bytes(range(12)), (2, 2))
    assert rows(TurnView("1", "model", images=(ImageView("art.png", grid),)))[:2] == ["  ▀▀", "  ▣ art.png"]


def test_copying_a_code_block_gives_the_code_and_a_text_block_its_markdown() -> None:
    blocks = turn_layout(TurnView("1", "model", ANSWER), 40, Palette()).blocks
    assert [block.kind for block in blocks] == ["text", "text", "text", "code", "text", "text"]
    assert blocks[3].source == "ls -l"
    assert blocks[0].source == "# Title"


@given(st.lists(st.integers(1, 60), max_size=40))
def test_an_answer_that_came_in_portions_looks_like_one_that_came_whole(portions: list[int]) -> None:
    stream, palette, at = StreamingTurn(TurnView("1", "model"), Clock()), Palette(), 0
    for size in [*portions, len(ANSWER)]:
        stream.feed(ANSWER[at : at + size], "text")
        at += size
        stream.layout(40, palette, frozenset(), None)
    whole = stream.finish("done", "done", "")
    assert whole == TurnView("1", "model", ANSWER, footer="done")
    streamed = stream.layout(40, palette, frozenset(), None)
    assert [line.text for line in streamed.lines] == [
        line.text for line in turn_layout(whole, 40, palette).lines
    ]


def test_what_was_rendered_before_is_not_rendered_again() -> None:
    stream, palette = StreamingTurn(TurnView("1", "model"), Clock()), Palette()
    stream.feed("first block\n\nsecond", "text")
    before = stream.layout(40, palette, frozenset(), None)
    stream.feed(" goes on", "text")
    after = stream.layout(40, palette, frozenset(), None)
    assert after.lines[0] is before.lines[0]
    assert after.lines[2].text == "  second goes on"


def test_thinking_is_timed_until_the_first_word_of_the_answer() -> None:
    clock = Clock()
    stream = StreamingTurn(TurnView("1", "model"), clock)
    stream.feed("hm", "thought")
    clock.now += 4
    assert stream.layout(60, Palette(), frozenset(), None).lines[0].text == "  ▸ thinking for 4 s · hm"
    stream.feed("yes", "text")
    clock.now += 60
    assert stream.finish("", "done", "").thought_seconds == 4


def test_an_escape_sequence_torn_between_two_portions_is_still_removed() -> None:
    stream = StreamingTurn(TurnView("1", "model"), Clock())
    stream.feed("a\x1b]52;c;", "text")
    stream.feed("ZXZpbA==\x07b", "text")
    assert stream.layout(40, Palette(), frozenset(), None).lines[0].text == "  ab"


def test_tools_join_an_answer_on_the_way() -> None:
    stream = StreamingTurn(TurnView("1", "model"), Clock())
    stream.add(ToolView("look"))
    assert stream.turn == replace(TurnView("1", "model"), tools=(ToolView("look"),), state="streaming")


def test_durations_read_like_speech() -> None:
    assert [seconds_text(value) for value in (0.42, 3.2, 12.6, 125)] == ["0.4 s", "3 s", "13 s", "2 m 05 s"]
