"""Rows to turns and back, whatever grows and shrinks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.heights import Heights


@given(
    st.lists(st.integers(0, 9), max_size=30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 9)), max_size=10),
)
def test_a_row_belongs_to_the_turn_that_covers_it(sizes: list[int], changes: list[tuple[int, int]]) -> None:
    heights, plain = Heights(sizes), list(sizes)
    for index, size in changes:
        assert heights.total == sum(plain)
        if index < len(plain):
            assert heights.set(index, size) == size - plain[index]
            plain[index] = size
        else:
            heights.append(size)
            plain.append(size)
    covered = [(index, row) for index, size in enumerate(plain) for row in range(size)]
    assert [heights.at(row) for row in range(heights.total)] == covered
    assert heights.at(heights.total + 3) == (len(plain), 3)
    tops = [sum(plain[:index]) for index in range(len(plain))]
    assert [heights.top(index) for index in range(len(plain))] == tops
