"""Cutting Markdown while it arrives: the pieces are the same whatever the portions it came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.split import Splitter, split_blocks

TEXT = """Intro.

1. first

   ```python
   x = 1

   y = 2
   ```

2. second
```sh
ls

pwd
```
After.
> quote

~~~
``` not a fence

~~~
End"""

BLOCKS = [
    "Intro.\n\n",
    "1. first\n\n   ```python\n   x = 1\n\n   y = 2\n   ```\n\n",
    "2. second\n",
    "```sh\nls\n\npwd\n```\n",
    "After.\n> quote\n\n",
    "~~~\n``` not a fence\n\n~~~\n",
    "End",
]


def test_blocks_end_at_blank_rows_and_around_fences_but_never_inside_an_item_or_a_fence() -> None:
    assert split_blocks(TEXT) == BLOCKS


@given(st.lists(st.integers(1, 40), max_size=60))
def test_portions_do_not_change_the_blocks(portions: list[int]) -> None:
    splitter, got, at = Splitter(), list[str](), 0
    for size in [*portions, len(TEXT)]:
        at = min(len(TEXT), at + size)
        got += [TEXT[start:end] for start, end in splitter.advance(TEXT[:at])]
    assert [*got, TEXT[splitter.stable :]] == BLOCKS


def test_an_open_fence_is_kept_whole_until_it_closes() -> None:
    splitter = Splitter()
    splitter.advance("text\n\n```py\na\n\nb\n")
    assert splitter.fence == "```"
    assert splitter.stable == len("text\n\n")


def test_an_inline_code_that_looks_like_a_fence_opens_none() -> None:
    assert split_blocks("```x``` is inline\n\nnext") == ["```x``` is inline\n\n", "next"]
