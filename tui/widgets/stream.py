"""The turn that is still arriving: finished blocks stay as they are, only the tail is laid out again.

Pure apart from the clock it is given. The view asks for `layout` when it wants to paint; feeding is cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from tui.widgets.blocks import (
    TurnLayout,
    add_ending,
    add_parts,
    add_text,
    add_thoughts,
    text_width,
)
from tui.widgets.lines import BLANK, Line
from tui.widgets.palette import Palette
from tui.widgets.split import Splitter
from tui.widgets.turn import ImageView, State, ToolView, TurnView

Kind = Literal["text", "thought"]


class StreamingTurn:
    """Collects an answer and lays it out in steps. `turn` is the value it has grown to so far."""

    def __init__(self, turn: TurnView, clock: Callable[[], float]) -> None:
        self._turn = replace(turn, state="streaming")
        self._clock = clock
        self._text = turn.text
        self._thoughts = turn.thoughts
        self._pending: dict[Kind, list[str]] = {"text": [], "thought": []}
        self._thinking_since: float | None = None
        self._thought_seconds = turn.thought_seconds
        self._splitter = Splitter()
        self._stable = TurnLayout()
        self._stable_for: object = None
        self.status = ""

    @property
    def turn(self) -> TurnView:
        self._settle()
        return replace(
            self._turn, text=self._text, thoughts=self._thoughts, thought_seconds=self._seconds_thought()
        )

    def feed(self, text: str, kind: Kind) -> None:
        """Take what arrived, until it is finished. The first text after thoughts ends the thinking time."""
        if not text or self._turn.state != "streaming":
            return
        if kind == "thought" and self._thinking_since is None:
            self._thinking_since = self._clock()
        elif kind == "text":
            self._stop_thinking()
        self._pending[kind].append(text)

    def add(self, part: ToolView | ImageView) -> None:
        """A tool call or a picture that belongs to this answer."""
        self._stop_thinking()
        if isinstance(part, ToolView):
            self._turn = replace(self._turn, tools=(*self._turn.tools, part))
        else:
            self._turn = replace(self._turn, images=(*self._turn.images, part))

    def finish(self, footer: str, state: State, error: str) -> TurnView:
        """End it and return the final value; what has arrived is kept in every case."""
        self._stop_thinking()
        self._turn = replace(self._turn, footer=footer, state=state, error=error)
        return self.turn

    def layout(
        self, width: int, palette: Palette, unfolded: frozenset[str], status: Line | None
    ) -> TurnLayout:
        """The rows so far, `status` as the last row but one. Only what is not stable yet is rendered."""
        self._settle()
        room = text_width(width)
        key = (width, palette, unfolded)
        if key != self._stable_for:
            self._splitter, self._stable, self._stable_for = Splitter(), TurnLayout(), key
        for start, end in self._splitter.advance(self._text):
            add_text(self._stable, self._text[start:end], room, palette)
        whole = TurnLayout()
        if self._thoughts:
            live = self._thinking_since is not None
            opened = "thoughts" in unfolded
            add_thoughts(whole, self._thoughts, self._seconds_thought(), room, palette, opened, live)
        join(whole, self._stable)
        if tail := self._text[self._splitter.stable :].strip("\n"):
            add_text(whole, tail, room, palette)
        add_parts(whole, self._turn, room, palette, unfolded)
        if status is not None:
            whole.lines.extend([BLANK, status] if whole.lines else [status])
        add_ending(whole, self._turn, room, palette)
        return whole

    def _settle(self) -> None:
        if self._pending["text"]:
            self._text += "".join(self._pending["text"])
            self._pending["text"].clear()
        if self._pending["thought"]:
            self._thoughts += "".join(self._pending["thought"])
            self._pending["thought"].clear()

    def _stop_thinking(self) -> None:
        self._thought_seconds = self._seconds_thought()
        self._thinking_since = None

    def _seconds_thought(self) -> float:
        running = self._clock() - self._thinking_since if self._thinking_since is not None else 0.0
        return self._thought_seconds + running


def join(layout: TurnLayout, more: TurnLayout) -> None:
    """Append the rows and blocks of `more`, one blank row between."""
    if not more.lines:
        return
    if layout.lines:
        layout.lines.append(BLANK)
    shift = len(layout.lines)
    layout.lines.extend(more.lines)
    for block in more.blocks:
        layout.blocks.append(replace(block, start=block.start + shift, end=block.end + shift))
