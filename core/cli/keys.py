"""`agtui keys`: the key that clients of the gateway send."""

from __future__ import annotations

import click

from .app import App, confirmed, json_option, pass_app, sandbox_option
from .output import data, emit_json, words


@click.group()
@sandbox_option
def keys() -> None:
    """The gateway's own key."""


@keys.command()
@json_option
@pass_app
def show(app: App, as_json: bool) -> None:
    """Print the local key."""
    _print(app.ask(lambda services: services.keys.show()), as_json)


@keys.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_app
def renew(app: App, yes: bool, as_json: bool) -> None:
    """Make a new local key; the old one stops working at once."""
    confirmed("Make a new key? Clients that use the old one will be refused.", yes)
    _print(app.ask(lambda services: services.keys.renew()), as_json)
    words("The old key does not work any more.")


def _print(key: str, as_json: bool) -> None:
    if as_json:
        emit_json({"key": key})
    else:
        data(key)
