"""What the terminal program remembers between two runs: `ui.json` in the state directory.

The last tab, whether the first-run page was seen, the chosen theme, and each pane's small texts (an
unsent prompt). Nothing here is worth refusing to start for: an unreadable file is put aside and said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

FILE = "ui.json"


@dataclass
class UiState:
    """The remembered things. Changed by the app only, written by `save`."""

    tab: str = ""
    theme: str = ""
    onboarded: bool = False
    panes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    @classmethod
    def load(cls, directory: Path) -> UiState:
        """Read `ui.json`; a missing one is empty, an unreadable one is renamed and forgotten."""
        path = directory / FILE
        try:
            raw: object = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError):
            _put_aside(path)
            return cls()
        return cls._from(cast("dict[str, Any]", raw)) if isinstance(raw, dict) else cls()

    @classmethod
    def _from(cls, raw: Mapping[str, Any]) -> UiState:
        panes: dict[str, dict[str, str]] = {}
        if isinstance(kept := raw.get("panes"), dict):
            for name, texts in cast("dict[str, Any]", kept).items():
                if isinstance(texts, dict):
                    pairs = cast("dict[str, Any]", texts).items()
                    panes[name] = {key: text for key, text in pairs if isinstance(text, str)}
        tab, theme = raw.get("tab"), raw.get("theme")
        return cls(
            tab=tab if isinstance(tab, str) else "",
            theme=theme if isinstance(theme, str) else "",
            onboarded=raw.get("onboarded") is True,
            panes=panes,
        )

    def save(self, directory: Path) -> None:
        """Write `ui.json` (0600) in one step: a crash leaves the old file or the new one.

        Raises OSError or GatewayError if the directory can't be written.
        """
        from core.storage.files import ensure_dir, write_atomic

        body = {"tab": self.tab, "theme": self.theme, "onboarded": self.onboarded, "panes": self.panes}
        write_atomic(ensure_dir(directory) / FILE, json.dumps(body, ensure_ascii=False, indent=1).encode())


def _put_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".json.unreadable"))
    except OSError:
        return
