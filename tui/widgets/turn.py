"""What the transcript shows, as plain values: turns, tool calls, pictures.

The panes build these from the domain; nothing here knows of widgets, files or the network. All text may
come from a model or a stranger: renderers clean it, these values keep it as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.widgets.pixels import PixelGrid

Role = Literal["you", "model", "tool", "note", "error"]
State = Literal["done", "streaming", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class ToolView:
    """One call of a tool: one row, arguments and result on demand. `arguments` is the JSON as received."""

    name: str
    arguments: str = ""
    result: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ImageView:
    """A picture in a turn: its label (usually the path), and its pixels where somebody decoded them."""

    label: str
    pixels: PixelGrid | None = None


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn of a conversation. `id` is the caller's, unique in the list.

    `footer` is the dim right-aligned line (tokens, seconds, account); `thought_seconds` 0 means unknown.
    `error` is what went wrong with this turn in words the user can act on; what had arrived is kept above it.
    """

    id: str
    role: Role
    text: str = ""
    thoughts: str = ""
    thought_seconds: float = 0.0
    tools: tuple[ToolView, ...] = ()
    images: tuple[ImageView, ...] = ()
    footer: str = ""
    error: str = ""
    state: State = "done"
