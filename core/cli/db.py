"""`agtui db`: the index of what was made. Files are the truth; the index can always be made anew."""

from __future__ import annotations

import click

from .app import App, confirmed, json_option, pass_app, sandbox_option
from .output import emit_json, words


@click.group()
@sandbox_option
def db() -> None:
    """The index, and the rows of the sandbox."""


@db.command()
@json_option
@pass_app
def rebuild(app: App, as_json: bool) -> None:
    """Make the index anew from the files."""
    _say(app.ask(lambda services: services.library.rebuild()), as_json)


@db.command("purge-sandbox")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_app
def purge_sandbox(app: App, yes: bool, as_json: bool) -> None:
    """Delete chats, pictures and rows that the sandbox made."""
    confirmed("Delete everything that was made with the sandbox?", yes)
    _say(app.ask(lambda services: services.library.purge_sandbox()), as_json)


@db.command("purge-bodies")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_app
def purge_bodies(app: App, yes: bool, as_json: bool) -> None:
    """Delete everything that was recorded of what was said in requests."""
    confirmed("Delete all recorded bodies?", yes)
    days = app.ask(lambda services: services.records.purge_bodies())
    _say({"days of bodies": days}, as_json)


def _say(counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        emit_json(counts)
    else:
        words(", ".join(f"{count} {name}" for name, count in counts.items()))
