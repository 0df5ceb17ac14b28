"""`agtui chat`: one question, the answer streamed to stdout."""

from __future__ import annotations

import time

import click

from core.domain.content import Role, Search, Text, Thought, ToolCall, Turn
from core.domain.events import Batch, PartDelta, PartOpened
from core.domain.failure import GatewayError
from core.domain.requests import ChatRequest
from core.domain.searches import merged, sources_markdown
from core.domain.streams import Collector, closing
from core.services import Services

from .app import App, caller, json_option, pass_app, ready_to_ask, setting
from .asking import prompt_text
from .completing import model_ids
from .exits import Exit, Stop
from .output import data, emit_json, on_terminal, words, write


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "--model",
    "-m",
    default="",
    shell_complete=model_ids,
    help="The model to ask (default: the setting chat.model).",
)
@click.option("--system", "-s", default=None, help="A system instruction.")
@click.option("--search", is_flag=True, help="Let the model search the web.")
@click.option("--thoughts", is_flag=True, help="Show the model's thoughts on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Only the answer.")
@json_option
@pass_app
def chat(
    app: App,
    text: tuple[str, ...],
    model: str,
    system: str | None,
    search: bool,
    thoughts: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Ask a model; the answer streams to stdout.

    TEXT may also come from a pipe, and `-` stands for standard input. ctrl+c stops the answer and keeps
    what has arrived.
    """
    prompt = prompt_text(text)
    if not prompt:
        raise Stop('nothing was asked. Say it like this: agtui chat "Why is the sky blue?"', Exit.USAGE)
    answer = _Answer(as_json, thoughts, quiet)
    try:
        app.run(_ask(app, prompt, model, system, search, answer))
    except (KeyboardInterrupt, GatewayError):
        answer.close_line()
        raise


async def _ask(app: App, prompt: str, model: str, system: str | None, search: bool, answer: _Answer) -> None:
    async with app.services() as services:
        status = await ready_to_ask(services)
        request = ChatRequest(
            model=model or await _default_model(services, status.sandbox_active),
            turns=(Turn.of(Role.USER, prompt),),
            system=tuple(part for part in (await _system(services, system),) if part),
            search=search,
        )
        async with closing(services.generation.stream(request, caller("agtui chat"))) as batches:
            async for batch in batches:
                answer.show(batch)
    answer.end()


async def _default_model(services: Services, sandbox: bool) -> str:
    return await setting(services, "chat.sandbox_model" if sandbox else "chat.model")


async def _system(services: Services, given: str | None) -> str:
    return given if given is not None else await setting(services, "chat.system")


class _Answer:
    """Writes an answer as it arrives, and what it cost at the end."""

    def __init__(self, as_json: bool, thoughts: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._thoughts = thoughts
        self._quiet = quiet
        self._collector = Collector()
        self._open: object = None
        self._written = ""
        self._since = time.monotonic()

    def show(self, batch: Batch) -> None:
        """Take a batch; write its visible text."""
        self._collector.feed(batch)
        if self._as_json:
            return
        for event in batch:
            match event:
                case PartOpened(part=Search() as found):
                    self._open = Text("")
                    self._text(sources_markdown(found))
                case PartOpened(part=part):
                    self._open = part
                    self._text(part.text if isinstance(part, Text | Thought) else "")
                case PartDelta(text=text):
                    self._text(text)
                case _:
                    pass

    def _text(self, text: str) -> None:
        if not text:
            return
        if isinstance(self._open, Text):
            write(text)
            self._written = text
        elif isinstance(self._open, Thought) and self._thoughts:
            from .output import clean

            click.echo(click.style(clean(text), dim=True), nl=False, err=True)

    def close_line(self) -> None:
        """End a line that was left open: the next words start on their own."""
        if self._written and not self._written.endswith("\n"):
            data("")
            self._written = "\n"

    def end(self) -> None:
        """The last line or the JSON. Raises GatewayError when the stream ended with a failure."""
        self.close_line()
        answer = self._collector.answer()
        seconds = time.monotonic() - self._since
        texts = [part.text for part in answer.parts if isinstance(part, Text)]
        calls = [part for part in answer.parts if isinstance(part, ToolCall)]
        found = merged(part for part in answer.parts if isinstance(part, Search))
        if self._as_json:
            emit_json(
                {
                    "text": "".join(texts),
                    "thoughts": "".join(part.text for part in answer.parts if isinstance(part, Thought)),
                    "model": answer.started.model,
                    "account": answer.started.account,
                    "provider": answer.started.provider,
                    "finish": answer.finish.reason,
                    "usage": answer.usage,
                    "tool_calls": calls,
                    "sources": found.sources,
                    "queries": found.queries,
                    "attempts": answer.started.attempts,
                    "dropped": answer.started.dropped,
                    "seconds": round(seconds, 3),
                }
            )
        elif on_terminal() and not self._quiet:
            usage = answer.usage
            facts = (
                answer.started.model,
                answer.started.account,
                f"{usage.input} + {usage.output} tokens",
                f"{seconds:.1f} s",
            )
            words(click.style(" · ".join(fact for fact in facts if fact), dim=True))
        if not texts and not self._as_json:
            words("agtui: the answer holds no text.")
