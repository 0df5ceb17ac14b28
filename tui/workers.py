"""Workers that fail say so: what a pane, a dialog or a widget with workers mixes in.

Textual's StateChanged does not bubble, so each node that owns workers has to listen itself.
"""

from __future__ import annotations

from typing import Any, cast

from textual import on
from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState

from tui.messages import Flash, Program
from tui.start import Refusal


class TellsFailures(MessagePump):
    """A failure that may be shown is flashed; an error of the program's own leaves a crash report, too."""

    @on(Worker.StateChanged)
    def _worker_changed(self, message: Worker.StateChanged) -> None:
        worker = cast("Worker[Any]", message.worker)  # pyright: ignore[reportUnknownMemberType]
        error = worker.error
        if message.state is not WorkerState.ERROR or error is None:
            return
        if isinstance(error, Refusal):
            self.post_message(Flash(error.failure.public_message, "error", 8))
        else:
            report = cast("Program", self.app).report(error)  # pyright: ignore[reportUnknownMemberType]
            text = f"That did not work: {type(error).__name__}. Report: {report.path}"
            self.post_message(Flash(text, "error", 10))
