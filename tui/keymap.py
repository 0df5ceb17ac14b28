"""Keys: how they are called, shown, and changed by the table `[keys]` of the settings.

Pure. The table maps action ids to keys, `quit = "ctrl+q,f10"`; what it gets wrong is said in words, and
the rest of it still counts. Which actions there are stands in tui/actions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHORT = {
    "enter": "⏎",
    "escape": "esc",
    "space": "space",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "delete": "del",
    "backspace": "⌫",
}

NEVER: dict[str, str] = {
    "ctrl+i": "a terminal sends Tab for it",
    "ctrl+m": "a terminal sends Enter for it",
    "ctrl+h": "many terminals send Backspace for it",
    "ctrl+left_square_bracket": "a terminal sends Escape for it",
    "ctrl+b": "tmux keeps it for itself",
    "ctrl+a": "screen, and many a tmux, keeps it for itself",
    "ctrl+s": "it stops the output of many terminals",
    "ctrl+tab": "it does not arrive over SSH",
    "ctrl+enter": "most terminals send plain Enter for it",
    "shift+enter": "most terminals send plain Enter for it",
    "ctrl+comma": "most terminals do not send it",
    "f11": "most terminals keep it for full screen",
}
"""Keys that do not arrive everywhere, and why."""

_NAMED = {"?": "question_mark", ":": "colon", "/": "slash", "[": "left_square_bracket", "esc": "escape"}
_WRITTEN = {name: sign for sign, name in _NAMED.items() if len(sign) == 1} | {"space": " "}
_KEY = re.compile(r"((ctrl|alt|shift|super)\+)*([a-z0-9_]+|[^\s,+])", re.IGNORECASE)


@dataclass(frozen=True)
class Keymap:
    """A checked `[keys]` table: overrides as Textual takes them, and what to tell the person."""

    overrides: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def key_label(key: str) -> str:
    """A key as the footer shows it: `ctrl+t` is `^T`, `alt+1` is `alt+1`, `enter` is `⏎`, `f1` is `F1`."""
    *modifiers, name = key.split(",")[0].split("+") if key != "+" else ["+"]
    if re.fullmatch(r"f\d+", name):
        name = name.upper()
    name = SHORT.get(name, name)
    if modifiers == ["ctrl"] and len(name) == 1:
        return "^" + name.upper()
    if modifiers == ["shift"] and len(name) == 1 and name.isalpha():
        return name.upper()
    return "+".join((*modifiers, name))


def character_of(key: str) -> str | None:
    """What `key` writes into a field: `slash` writes `/`; None for a key that writes nothing."""
    return key if len(key) == 1 else _WRITTEN.get(key)


def read_keymap(table: Mapping[str, str], defaults: Mapping[str, str], tabs: Iterable[str] = ()) -> Keymap:
    """Check the person's table against the actions' `defaults` (id to keys).

    An id that starts with a tab's name and a dot belongs to that tab and is taken as it is. Wrong ids and
    keys are left out and named; keys that do not arrive everywhere, or that two actions have, are kept
    and named.
    """
    overrides: dict[str, str] = {}
    warnings: list[str] = []
    prefixes = tuple(f"{tab}." for tab in tabs)
    for action, written in table.items():
        keys = [_normal(key) for key in str(written).split(",")]
        wrong = [key for key in keys if not _KEY.fullmatch(key)]
        if action not in defaults and not action.startswith(prefixes):
            warnings.append(f"[keys] {action}: there is no such action")
        elif wrong or not keys:
            warnings.append(f"[keys] {action}: {', '.join(wrong) or 'nothing'} is not a key")
        else:
            overrides[action] = ",".join(keys)
            warnings += [
                f"[keys] {action}: {key} may not reach the program: {NEVER[key]}"
                for key in keys
                if key in NEVER
            ]
    return Keymap(overrides, (*warnings, *_duplicates({**defaults, **overrides}, overrides)))


def _normal(key: str) -> str:
    *modifiers, name = key.strip().lower().split("+") if key.strip() != "+" else ["plus"]
    return "+".join((*modifiers, _NAMED.get(name, name)))


def _duplicates(bound: Mapping[str, str], changed: Mapping[str, str]) -> list[str]:
    """A key that two actions have, where the person's table is a part of it."""
    owners: dict[str, list[str]] = {}
    for action, keys in bound.items():
        for key in keys.split(","):
            owners.setdefault(key, []).append(action)
    return [
        f"[keys] {key} is bound to {' and to '.join(actions)}"
        for key, actions in owners.items()
        if len(actions) > 1 and any(action in changed for action in actions)
    ]
