"""What the environment says of a terminal, and what the keys of a person's settings become."""

from __future__ import annotations

import pytest

from tui.keymap import key_label, read_keymap
from tui.terminal import Terminal

DEFAULTS = {"quit": "ctrl+q", "help": "f1", "go": "ctrl+g"}


@pytest.mark.parametrize(
    ("env", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "xterm-direct"}, "truecolor"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "dumb"}, "mono"),
        ({}, "mono"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": ""}, "mono"),
    ],
)
def test_the_number_of_colours_is_read_from_the_environment(env: dict[str, str], depth: str) -> None:
    assert Terminal.read(env).depth == depth


@pytest.mark.parametrize(
    ("env", "unicode"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "en_US.utf8@euro"}, True),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C"}, True),
        ({}, True),
    ],
)
def test_a_locale_without_unicode_is_seen(env: dict[str, str], unicode: bool) -> None:
    assert Terminal.read(env).unicode is unicode


def test_over_ssh_there_are_fewer_frames() -> None:
    assert Terminal.read({"SSH_CONNECTION": "1"}).fps < Terminal.read({}).fps


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("ctrl+t", "^T"),
        ("enter", "⏎"),
        ("f1", "F1"),
        ("shift+enter", "shift+⏎"),
        ("shift+g", "G"),
        ("alt+1", "alt+1"),
        ("ctrl+pageup", "ctrl+pgup"),
        ("question_mark", "?"),
        ("escape", "esc"),
        ("ctrl+q,f10", "^Q"),
    ],
)
def test_keys_are_shown_short(key: str, label: str) -> None:
    assert key_label(key) == label


def test_ones_own_keys_replace_the_defaults() -> None:
    keymap = read_keymap({"quit": "F10, ctrl+x", "help": "?"}, DEFAULTS)
    assert keymap.overrides == {"quit": "f10,ctrl+x", "help": "question_mark"}
    assert not keymap.warnings


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"qiut": "f10"}, "no such action"),
        ({"quit": "ctrl+"}, "is not a key"),
        ({"quit": ""}, "is not a key"),
        ({"quit": "ctrl+i"}, "Tab"),
        ({"quit": "ctrl+b"}, "tmux"),
        ({"quit": "ctrl+g"}, "quit and to go"),
    ],
)
def test_a_wrong_or_doubtful_key_is_named(table: dict[str, str], word: str) -> None:
    (warning,) = read_keymap(table, DEFAULTS).warnings
    assert word in warning
    assert warning.startswith("[keys] ")


def test_a_tabs_own_actions_are_taken_without_being_known() -> None:
    keymap = read_keymap({"chat.new": "f5", "nochat.new": "f6"}, DEFAULTS, ["chat"])
    assert keymap.overrides == {"chat.new": "f5"}
    assert len(keymap.warnings) == 1


def test_two_wrong_lines_leave_the_right_one_standing() -> None:
    keymap = read_keymap({"qiut": "f10", "help": "+++", "go": "f2"}, DEFAULTS)
    assert keymap.overrides == {"go": "f2"}
