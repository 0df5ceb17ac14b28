"""Reading the terminal: bytes that are not UTF-8 never end the program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tui.driver import InputDecoder, KeyParser


def decoded(*chunks: bytes) -> str:
    decoder = InputDecoder()
    return "".join([decoder.feed(chunk) for chunk in chunks] + [decoder.feed(b"", final=True)])


def x10(button: int, column: int, row: int) -> bytes:
    return b"\x1b[M" + bytes((32 + button, 32 + column, 32 + row))


def parsed(text: str) -> list[events.Event]:
    return [event for event in KeyParser().feed(text) if isinstance(event, events.Event)]


@pytest.mark.parametrize("column", [1, 60, 95, 96, 110, 180, 223])
def test_a_mouse_report_of_the_oldest_kind_is_understood_at_every_column(column: int) -> None:
    (event,) = parsed(decoded(x10(0, column, 7)))
    assert isinstance(event, events.MouseDown)
    assert (event.x, event.y, event.button) == (column - 1, 6, 1)


def test_its_release_and_its_wheel_are_understood() -> None:
    assert isinstance(parsed(decoded(x10(3, 5, 5)))[0], events.MouseUp)
    assert isinstance(parsed(decoded(x10(64, 5, 5)))[0], events.MouseScrollUp)
    assert isinstance(parsed(decoded(x10(35, 5, 5)))[0], events.MouseMove)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_any_bytes_in_any_pieces_are_read_the_same_and_raise_nothing(content: bytes, size: int) -> None:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert decoded(*pieces) == decoded(content)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=100), st.integers(1, 3))
def test_text_comes_through_whole_however_it_is_cut(text: str, size: int) -> None:
    content = text.encode()
    assert decoded(*(content[start : start + size] for start in range(0, len(content), size))) == text


@given(st.integers(0, 6), st.text(alphabet="abcäöü€😀", max_size=5))
def test_a_report_cut_anywhere_leaves_its_neighbours_alone(cut: int, text: str) -> None:
    report = x10(0, 150, 3)
    whole = decoded(text.encode() + report + text.encode())
    cut_up = decoded(text.encode() + report[:cut], report[cut:] + text.encode())
    assert whole == cut_up == f"{text}\x1b[<0;150;3M{text}"


def test_a_lone_escape_is_passed_on_at_once() -> None:
    decoder = InputDecoder()
    assert decoder.feed(b"\x1b") == "\x1b"
    assert decoder.feed(b"a") == "a"


def test_a_new_style_report_and_an_arrow_stay_what_they_are() -> None:
    assert decoded(b"\x1b[<0;150;3M\x1b[A\x1b[1;5D") == "\x1b[<0;150;3M\x1b[A\x1b[1;5D"


@pytest.mark.parametrize("digit", "1234567890")
def test_alt_with_a_digit_is_that_key_in_a_terminal_of_the_old_kind(digit: str) -> None:
    (event,) = parsed(f"\x1b{digit}")
    assert isinstance(event, events.Key)
    assert (event.key, event.character) == (f"alt+{digit}", None)


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x07", "ctrl+g"),
        ("\x10", "ctrl+p"),
        ("\x11", "ctrl+q"),
        ("\x03", "ctrl+c"),
        ("\x1bOP", "f1"),
        ("\x1b[19~", "f8"),
        ("\x1b[20~", "f9"),
    ],
)
def test_every_default_key_has_bytes_that_an_old_terminal_sends(sent: str, key: str) -> None:
    (event,) = parsed(sent)
    assert isinstance(event, events.Key)
    assert event.key == key
