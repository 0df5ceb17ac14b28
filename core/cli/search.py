"""`agtui search`: one search of the web, its answer with sources on stdout."""

from __future__ import annotations

import time

import click
import msgspec

from core.domain.content import Retrieved, Source
from core.domain.events import Usage
from core.domain.searches import WebAnswer

from .app import App, caller, json_option, pass_app, ready_to_ask
from .asking import prompt_text
from .exits import Exit, Stop
from .output import clean, data, emit_json, on_terminal, words


class Found(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    query: str
    markdown: str
    text: str
    sources: tuple[Source, ...]
    pages: tuple[Retrieved, ...]
    queries: tuple[str, ...]
    model: str
    account: str
    usage: Usage
    seconds: float


@click.command()
@click.argument("query", nargs=-1)
@click.option("--url", "-u", "urls", multiple=True, metavar="URL", help="Read this page, too; repeatable.")
@click.option("--no-thinking", is_flag=True, help="Don't think about what was found: faster, shallower.")
@click.option(
    "--model", "-m", default="", help="The model that searches (default: the setting gateway.search_model)."
)
@click.option("--quiet", "-q", is_flag=True, help="Only the result.")
@json_option
@pass_app
def search(
    app: App,
    query: tuple[str, ...],
    urls: tuple[str, ...],
    no_thinking: bool,
    model: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Search the web with Google and print the answer with its sources, in Markdown.

    QUERY may also come from a pipe, and `-` stands for standard input. Google finds and reads the pages;
    agtui opens none of them.
    """
    asked = prompt_text(query)
    if not asked and not urls:
        raise Stop('nothing was asked. Say it like this: agtui search "Who won Euro 2024?"', Exit.USAGE)
    began = time.monotonic()

    async def work() -> WebAnswer:
        async with app.services() as services:
            await ready_to_ask(services)
            if on_terminal() and not quiet:
                words(click.style("searching …", dim=True))
            who = caller("agtui search")
            return await services.generation.search(asked, who, urls, not no_thinking, model)

    answer = app.run(work())
    _print(answer, time.monotonic() - began, as_json, quiet)


def _print(answer: WebAnswer, seconds: float, as_json: bool, quiet: bool) -> None:
    found, usage = answer.found, answer.usage
    if as_json:
        emit_json(
            Found(
                answer.query,
                answer.markdown,
                answer.text,
                found.sources,
                found.pages,
                found.queries,
                answer.started.model,
                answer.started.account,
                usage,
                round(seconds, 3),
            )
        )
        return
    text = answer.markdown.rstrip("\n")
    data(clean(text) if on_terminal() else text)
    if on_terminal() and not quiet:
        facts = (
            answer.started.model,
            answer.started.account,
            f"{usage.input} + {usage.output} tokens",
            f"{seconds:.1f} s",
        )
        words(click.style(" · ".join(clean(fact) for fact in facts if fact), dim=True))
