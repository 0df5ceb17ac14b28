"""Feeds one running answer into the transcript: events in, rows and figures out.

Knows no widget tree, only a handle to feed; the pane owns the worker, the prompt and what follows.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from core.domain.content import Media, Refusal, Search, Text, Thought, ToolCall
from core.domain.events import (
    Batch,
    Failed,
    Finished,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure
from core.domain.searches import sources_markdown
from core.domain.works import Note
from tui import format as say
from tui import turns
from tui.widgets.transcript import AnswerHandle
from tui.widgets.turn import ToolView

QUIET = 4.0
"""Seconds of silence after which the waiting is said."""


@dataclass
class Answering:
    """One answer on its way. `note()` and `failure` are what is known of it at any time."""

    handle: AnswerHandle
    clock: Callable[[], float] = time.monotonic
    started: Started | None = None
    usage: Usage = field(default_factory=Usage)
    failure: Failure | None = None
    ended: bool = False
    _began: float = 0.0
    _heard: float = 0.0
    _first: float | None = None
    _letters: int = 0
    _call: ToolCall | None = None
    _arguments: str = ""
    _kind: str = "text"
    _anything: bool = False

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self.clock() - self._began

    async def follow(self, batches: AsyncIterator[Batch], on_start: Callable[[Started], None]) -> None:
        """Read the stream to its end. `on_start` is called once, when somebody has begun to answer.

        Raises GatewayError if nobody does. Leaves the handle open: `finish` ends it.
        """
        self._began = self._heard = self.clock()
        async for batch in batches:
            self._heard = self.clock()
            for event in batch:
                self._take(event)
                if isinstance(event, Started):
                    on_start(event)
            self.handle.status("streaming  " + self.figures())

    def tick(self) -> None:
        """Say how long it has been quiet; called once a second while the answer is on its way."""
        quiet = self.clock() - self._heard
        if quiet < QUIET:
            return
        what = "nothing new" if self._letters else "waiting, nothing yet"
        self.handle.status(f"{what} for {say.span(quiet)}")

    def figures(self) -> str:
        first = None if self._first is None else self._first - self._began
        return turns.running(self.usage, self._letters, self.seconds, first)

    def note(self) -> Note:
        """What the answer cost so far."""
        return Note(
            model=self.started.model if self.started else "",
            account=self.started.account if self.started else "",
            input_tokens=self.usage.input,
            output_tokens=self.usage.output,
            thought_tokens=self.usage.thoughts,
            seconds=self.seconds,
        )

    def finish(self, stopped: bool = False) -> None:
        """End the turn on the screen; what has arrived stays."""
        if self.failure is not None:
            self.handle.finish(turns.footer(self.note()), "failed", turns.error_text(self.failure))
        elif not stopped and not self._anything:
            self.handle.finish(turns.footer(self.note()), "failed", turns.NOTHING)
        else:
            self.handle.finish(turns.footer(self.note()), "stopped" if stopped else "done")

    def _take(self, event: StreamEvent) -> None:
        match event:
            case Started():
                self.started = event
            case PartOpened(part=part):
                self._first = self._first or self.clock()
                self._open(part)
            case PartDelta(text=text):
                if self._call is not None:
                    self._arguments += text
                else:
                    self._write(text)
            case PartClosed():
                if self._call is not None:
                    self.handle.add(ToolView(self._call.name, self._call.arguments + self._arguments))
                self._call, self._arguments = None, ""
            case UsageSeen(usage=usage):
                self.usage = usage
            case Finished():
                self.ended = True
            case Failed(failure=failure):
                self.ended, self.failure = True, failure

    def _open(self, part: object) -> None:
        self._call, self._kind = None, "text"
        self._anything = self._anything or not isinstance(part, Text | Thought)
        match part:
            case Thought(text=text):
                self._kind = "thought"
                self._write(text)
            case Text(text=text) | Refusal(text=text):
                self._write(text)
            case ToolCall():
                self._call = part
            case Media():
                self.handle.add(turns.image_view(part))
            case Search():
                self._write(sources_markdown(part))
            case _:
                pass

    def _write(self, text: str) -> None:
        if text:
            self._letters += len(text)
            self._anything = True
            self.handle.feed(text, "thought" if self._kind == "thought" else "text")
