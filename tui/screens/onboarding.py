"""The first page: shown once, while there is no account of the person's own.

One sentence that explains the sandbox, then what else there is. Closing it is remembered by the app.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.dialog import Dialog

SANDBOX = (
    "You are in the sandbox: a simulated upstream on this machine answers, draws and counts quota, "
    "so that everything works without an account and nothing leaves this machine."
)


class Steps(Widget):
    """What else there is: a key or a word, and what it gives."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"steps--key", "steps--text", "steps--fact"}
    DEFAULT_CSS = "Steps { width: 1fr; height: auto; }"

    def __init__(self, url: str, help_key: str, commands_key: str) -> None:
        super().__init__()
        self.url, self.help_key, self.commands_key = url, help_key, commands_key

    def render(self) -> Content:
        key, text, fact = (self.get_visual_style(f"steps--{part}") for part in ("key", "text", "fact"))
        rows = [
            Content.assemble(("⏎  ", key), ("start: ask something, the answer streams", text)),
            Content.assemble(
                ("a  ", key), ("add an account of your own; the sandbox then steps aside", text)
            ),
        ]
        if self.url:
            told = ("for any OpenAI client; its key: ", text)
            rows.append(Content.assemble(("↗  ", key), (self.url, fact)))
            rows.append(Content.assemble(("   ", key), told, ("agtui keys show", fact)))
        rows.append(Content.assemble((f"{self.help_key} ", key), ("help for whatever has the focus", text)))
        rows.append(Content.assemble((f"{self.commands_key} ", key), ("everything else, by name", text)))
        return Content("\n").join(rows)


class OnboardingScreen(Dialog[str]):
    """Its result is the id of the tab to show next, or empty for the one that is shown."""

    gives_way = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "leave('')", "Start", show=False),
        Binding("a", "leave('accounts')", "Add an account", show=False),
    ]

    def __init__(self, url: str = "", help_key: str = "F1", commands_key: str = "^P") -> None:
        """`url` is where clients reach the gateway, such as http://127.0.0.1:8045/v1."""
        super().__init__()
        self.url, self.help_key, self.commands_key = url, help_key, commands_key

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with Vertical(classes="dialog-head"):
                yield Static("Welcome to agtui", classes="dialog-title", markup=False)
                yield Static("esc", classes="dialog-esc", markup=False)
            yield Static(SANDBOX, classes="dialog-text", markup=False)
            yield Steps(self.url, self.help_key, self.commands_key)

    def action_leave(self, tab: str) -> None:
        self.dismiss(tab)
