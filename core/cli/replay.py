"""`agtui replay`: a recorded request once more, as its client sent it."""

from __future__ import annotations

import sys

import click

from core.domain.bodies import ReplayBegan
from core.domain.streams import closing
from core.wire.answer_words import AnswerReader

from .app import App, pass_app, ready_to_ask
from .completing import model_ids
from .exits import Exit, Stop
from .output import data, on_terminal, words, write


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--model", "-m", default="", shell_complete=model_ids, help="Ask this model instead.")
@click.option("--json", "raw", is_flag=True, help="The answer as a client gets it, byte for byte.")
@pass_app
def replay(app: App, request_id: str, model: str, raw: bool) -> None:
    """Send the recorded request ID again and print the answer.

    It goes through the gateway's own door, in the protocol that it came in, and gets a record of its own.
    Needs a body that was recorded (the setting records.bodies); `agtui logs` shows ids.
    """
    app.run(_replay(app, request_id, model, raw))


async def _replay(app: App, request_id: str, model: str, raw: bool) -> None:
    began = ReplayBegan("", 0, "")
    reader, last = AnswerReader(""), ""
    async with app.services() as services:
        await ready_to_ask(services)
        async with closing(services.replays.send(request_id, model)) as answer:
            async for item in answer:
                if isinstance(item, ReplayBegan):
                    began, reader = item, AnswerReader(item.content_type)
                elif raw:
                    sys.stdout.buffer.write(item.data)
                    sys.stdout.buffer.flush()
                    reader.feed(item.data)
                elif text := reader.feed(item.data):
                    write(text)
                    last = text
    rest = reader.end()
    if not raw:
        write(rest)
        last = rest or last
        if last and not last.endswith("\n"):
            data("")
        if not last and not reader.failure:
            words("agtui: the answer holds no text; --json shows all of it.")
        if on_terminal():
            words(click.style(f"{began.status} · {began.id} · replays {request_id}", dim=True))
    if reader.failure or began.status >= 400:
        raise Stop(f"{began.status}: {reader.failure or 'the answer is an error'}", Exit.FAILURE)
