"""The tabs: one line each. A tab's module is imported when the tab is first shown.

To add a tab, write `tui/panes/<name>.py` with a subclass of `tui.panes.base.Pane` and add its line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.panes.base import Pane


@dataclass(frozen=True)
class TabSpec:
    """One tab: its id, its title, a short one for narrow terminals, and "module:Class" of its pane."""

    id: str
    title: str
    short: str
    path: str

    def load(self) -> type[Pane]:
        """Import the pane's class. Errors of the import pass through."""
        module, _, name = self.path.partition(":")
        return getattr(import_module(module), name)


TABS: tuple[TabSpec, ...] = (
    TabSpec("chat", "chat", "chat", "tui.panes.chat:ChatPane"),
    TabSpec("generate", "generate", "gen", "tui.panes.generate:GeneratePane"),
    TabSpec("history", "history", "hist", "tui.panes.history:HistoryPane"),
    TabSpec("accounts", "accounts", "acc", "tui.panes.accounts:AccountsPane"),
    TabSpec("logs", "logs", "logs", "tui.panes.logs:LogsPane"),
)
