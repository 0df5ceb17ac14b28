"""Which lines are shown, and which row is whose, while the log goes on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.state import Level, LogLine
from tests.tui.widgets.stage import Clock
from tui.widgets.log_source import LogBuffer
from tui.widgets.log_window import LogFilter, LogWindow


def line(seq: int, text: str = "", level: Level = "info") -> LogLine:
    return LogLine(seq, 1000.0 + seq, level, "proxy", text or f"line {seq}")


def buffer(count: int, capacity: int = 100) -> LogBuffer:
    made = LogBuffer(capacity)
    made.extend(line(seq) for seq in range(1, count + 1))
    return made


def seqs(window: LogWindow) -> list[int]:
    return [window.seq_at(row) for row in range(len(window))]


def filtered(window: LogWindow, wanted: LogFilter) -> None:
    window.refilter(wanted)
    while window.work(1.0, Clock()):
        pass


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 20))
def test_the_buffer_keeps_the_newest_lines_in_order(portions: list[int], capacity: int) -> None:
    made, seq = LogBuffer(capacity), 0
    for size in portions:
        made.extend(line(number) for number in range(seq + 1, seq + size + 1))
        seq += size
    assert [each.seq for each in made.since(0, 10_000)] == list(range(max(1, seq - capacity + 1), seq + 1))
    assert (made.last, made.dropped) == (seq, 0)
    assert made.since(seq - 1, 10) == ([line(seq)] if seq else [])


def test_a_gap_counts_as_dropped_and_starts_the_window_anew() -> None:
    made = buffer(5)
    made.extend([line(9), line(10)])
    assert (made.first, made.last, made.dropped) == (9, 10, 3)
    made.extend([line(9)])
    assert [each.seq for each in made.since(0, 10)] == [9, 10]


def test_without_a_filter_rows_are_the_lines_held() -> None:
    source = buffer(150)
    window = LogWindow(source)
    assert seqs(window) == list(range(51, 151))
    source.extend([line(151)])
    assert window.advance(frozen=False) == 1
    assert seqs(window) == list(range(52, 152))
    assert window.row_of(100) == 48


def test_frozen_rows_stay_where_they_are_when_their_lines_are_forgotten() -> None:
    source = buffer(100)
    window = LogWindow(source)
    source.extend(line(seq) for seq in range(101, 151))
    assert window.advance(frozen=True) == 0
    assert window.seq_at(0) == 1
    assert window.line(0) is None
    assert window.line(60) == line(61)
    assert window.rebase() == 50
    assert window.seq_at(0) == 51


def test_a_filter_shows_its_rows_only_when_all_lines_are_known() -> None:
    source = buffer(100)
    window = LogWindow(source)
    window.refilter(LogFilter(text="5"))
    assert window.building
    assert len(window) == 100
    assert not window.work(1.0, Clock())
    assert seqs(window) == [seq for seq in range(1, 101) if "5" in str(seq)]


def test_a_filter_works_in_slices() -> None:
    clock = Clock()

    def slow() -> float:
        clock.now += 0.01
        return clock.now

    window = LogWindow(buffer(1000, 1000))
    window.refilter(LogFilter(text="line"))
    assert window.work(0.002, slow)
    assert window.building


def test_new_lines_join_a_filter_and_old_ones_leave_it() -> None:
    source = buffer(100)
    window = LogWindow(source)
    filtered(window, LogFilter(text="LINE 1"))
    assert seqs(window) == [1, *range(10, 20), 100]
    source.extend(line(seq) for seq in range(101, 112))
    assert window.advance(frozen=False) == 3
    assert seqs(window) == [*range(12, 20), *range(100, 112)]


def test_levels_are_a_threshold_and_words_look_at_source_and_account_too() -> None:
    source = LogBuffer(10)
    source.extend(
        [
            line(1, "a", "debug"),
            line(2, "b", "warning"),
            line(3, "c", "error"),
            LogLine(4, 0.0, "error", "pool", "x", account="Ada@x"),
        ]
    )
    window = LogWindow(source)
    for wanted, rows in [
        (LogFilter("info"), [2, 3, 4]),
        (LogFilter("error"), [3, 4]),
        (LogFilter("debug", "pool"), [4]),
        (LogFilter("debug", "ada@"), [4]),
        (LogFilter(), [1, 2, 3, 4]),
    ]:
        filtered(window, wanted)
        assert seqs(window) == rows


def test_clearing_hides_what_was_there_and_nothing_that_comes() -> None:
    source = buffer(10)
    window = LogWindow(source)
    window.clear()
    assert len(window) == 0
    source.extend([line(11)])
    window.advance(frozen=False)
    assert seqs(window) == [11]
    filtered(window, LogFilter(text="line"))
    assert seqs(window) == [11]
