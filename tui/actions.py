"""The actions of the whole program: one table that bindings, palette, help and the key settings come from.

A pane's own actions are ordinary Textual bindings of the pane, with an id `<tab>.<name>`, a description
and a tooltip; help and key settings take them from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class ActionSpec:
    """One action. `id` is its name in `[keys]`, `run` the app action it calls, `keys` its default keys.

    `anywhere`: it works while a dialog is open, too. `rank` above 0 puts it in the key footer.
    """

    id: str
    title: str
    help: str
    run: str
    keys: str = ""
    anywhere: bool = False
    palette: bool = True
    rank: int = 0
    label: str = ""


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec(
        "go",
        "Go to…",
        "A letter on everything.",
        "jump",
        "ctrl+g",
        rank=70,
        label="go",
    ),
    ActionSpec(
        "commands",
        "Commands",
        "All commands, by name.",
        "command_palette",
        "ctrl+p",
        palette=False,
        rank=99,
        label="commands",
    ),
    ActionSpec("help", "Help", "This place, and its keys.", "help", "f1", rank=98, label="help"),
    ActionSpec(
        "stop",
        "Copy, stop or leave",
        "Copies what is selected; else stops what runs; else, pressed twice, quits.",
        "interrupt",
        "ctrl+c",
        anywhere=True,
        palette=False,
    ),
    ActionSpec("quit", "Quit", "Asks if something runs.", "quit", "ctrl+q", anywhere=True),
    ActionSpec("screenshot", "Screenshot", "Save the screen as SVG.", "screenshot", "f8", anywhere=True),
    ActionSpec(
        "mouse",
        "Mouse off or on",
        "Select with the terminal.",
        "toggle_mouse",
        "f9",
        anywhere=True,
    ),
    ActionSpec("welcome", "First page", "The sandbox, and what else.", "welcome"),
)


TAB_ACTIONS: tuple[ActionSpec, ...] = tuple(
    ActionSpec(
        f"tab-{number}",
        f"Tab {number}",
        f"Show tab {number}.",
        f"show_tab({number})",
        f"alt+{number}",
        palette=False,
    )
    for number in range(1, 10)
)
"""One for each tab, by its number; what is beyond the last tab does nothing."""


def bindings(actions: tuple[ActionSpec, ...]) -> list[Binding]:
    """Textual bindings of all actions that have a key.

    All have priority: a focused input would take alt+digit as text, and ctrl+c for its own.
    """
    return [
        Binding(
            spec.keys,
            spec.run,
            spec.title,
            show=False,
            priority=True,
            tooltip=spec.help,
            id=spec.id,
            system=not spec.palette,
        )
        for spec in actions
        if spec.keys
    ]
