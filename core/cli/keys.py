"""`agtui keys`: the key of this gateway, and the named keys of its clients."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .app import App, confirmed, json_option, pass_app, sandbox_option
from .completing import client_key_names
from .expiry import Expiry
from .output import data, emit_json, table, words

if TYPE_CHECKING:
    from core.domain.keys import Allowance, KeyView

HEADER = ("name", "key", "state", "models", "requests/min", "tokens/day", "expires")


@click.group()
@sandbox_option
def keys() -> None:
    """The gateway's own key, and keys for single clients.

    The local key opens everything and is shown as often as you like. A client's key has a name, may be held
    to models, requests a minute, tokens a day and a date, and is shown once.
    """


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


@keys.command()
@click.argument("name")
@click.option(
    "--models",
    metavar="A,B,GPT-*",
    help="Only these models; * stands for any text. Aliases count under both of their names.",
)
@click.option("--rpm", type=click.IntRange(min=1), default=None, help="Requests in any minute.")
@click.option(
    "--tokens-per-day", type=click.IntRange(min=1), default=None, help="Tokens, in and out, a day of UTC."
)
@click.option("--expires", type=Expiry(), help="When it ends: 12h, 30d, 8w or 2027-01-01 (that day's begin).")
@json_option
@pass_app
def create(
    app: App,
    name: str,
    models: str | None,
    rpm: int | None,
    tokens_per_day: int | None,
    expires: float | None,
    as_json: bool,
) -> None:
    """Make a key for a client and print it, this once: only its hash is kept."""
    patterns = _patterns(models)
    key = app.ask(
        lambda services: services.keys.create(name, patterns, rpm or 0, tokens_per_day or 0, expires)
    )
    if as_json:
        emit_json({"name": name, "key": key})
        return
    data(key)
    words(f"This is the key `{name}`. It is not shown again; `agtui keys revoke {name}` ends it.")


@keys.command("list")
@json_option
@pass_app
def list_keys(app: App, as_json: bool) -> None:
    """The clients' keys: what they may do, and how much of it they have done."""
    views = app.ask(lambda services: services.keys.list())
    if as_json:
        emit_json(views)
        return
    if not views:
        words("No client has a key of its own: agtui keys create NAME makes one.")
    table([_row(view) for view in views], HEADER)


@keys.command()
@click.argument("name", shell_complete=client_key_names)
@json_option
@pass_app
def revoke(app: App, name: str, as_json: bool) -> None:
    """End the key NAME, at once and for ever. The name may be used again."""
    view = app.ask(lambda services: services.keys.revoke(name))
    if as_json:
        emit_json(view)
    words(f"The key `{view.name}` does not work any more.")


def _print(key: str, as_json: bool) -> None:
    if as_json:
        emit_json({"key": key})
    else:
        data(key)


def _patterns(models: str | None) -> tuple[str, ...]:
    """`a,b` as a tuple. A list without a name in it is a mistake: it would open every model."""
    if models is None:
        return ()
    found = tuple(dict.fromkeys(filter(None, (model.strip() for model in models.split(",")))))
    if not found:
        raise click.BadParameter("name at least one model, or leave it out for all.", param_hint="--models")
    return found


def _row(view: KeyView) -> tuple[str, ...]:
    return (
        view.name,
        f"…{view.hint}",
        str(view.state),
        ", ".join(view.models) or "all",
        _limit(view.rpm, view.standing.requests),
        _limit(view.tokens_per_day, view.standing.tokens),
        "never" if view.expires_at is None else _day(view.expires_at),
    )


def _limit(limit: int, used: Allowance | None) -> str:
    """`12 of 60`: what was used of a limit."""
    if not limit:
        return "-"
    return f"{used.used:,} of {limit:,}" if used is not None else f"{limit:,}"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
